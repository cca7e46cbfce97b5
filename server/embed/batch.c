/*
 * batch: one request after the other over the pieces of all memories.
 *
 *	at -> a few pieces -> their vectors -> at moves on -> ... -> done
 */
#include "embed/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "embed/chunk.h"

#define DEADLINE_TRIES 2 /* whole tries that fit into the time of one request */

/* --- pieces -------------------------------------------------------------- */

/* The two texts as one; of one alone no copy is made. */
static bool join(struct batch_item *item, struct provider_text *whole)
{
	const struct provider_text *a = &item->texts[0], *b = &item->texts[1];

	*whole = a->len > 0 ? *a : *b;
	if (a->len == 0 || b->len == 0)
		return true;
	whole->len = a->len + 2 + b->len;
	item->joined = malloc(whole->len);
	whole->s = item->joined;
	if (item->joined == NULL)
		return false;
	memcpy(item->joined, a->s, a->len);
	memcpy(item->joined + a->len, "\n\n", 2);
	memcpy(item->joined + a->len + 2, b->s, b->len);
	return true;
}

static bool add_pieces(struct embed_batch *b, size_t owner, const struct provider_text *whole)
{
	struct chunk chunks[CHUNK_MOST];
	size_t count = chunk_text(whole->s, whole->len,
	    embedder_config(b->embedder)->chunk_bytes, chunks, CHUNK_MOST);
	size_t all;
	struct provider_text *pieces;
	size_t *owners;

	if (count == 0) /* white space: the provider shall say what it thinks of it */
		chunks[count++] = (struct chunk){0, whole->len};
	all = b->piece_count + count;
	pieces = realloc(b->pieces, all * sizeof(*pieces));
	if (pieces == NULL)
		return false;
	b->pieces = pieces;
	owners = realloc(b->owners, all * sizeof(*owners));
	if (owners == NULL)
		return false;
	b->owners = owners;
	b->items[owner].first = b->piece_count;
	b->items[owner].parts = count;
	for (size_t i = 0; i < count; i++) {
		b->owners[b->piece_count] = owner;
		b->pieces[b->piece_count++] =
		    (struct provider_text){whole->s + chunks[i].from, chunks[i].len};
	}
	return true;
}

static bool cut(struct embed_batch *b)
{
	struct provider_text whole;

	for (size_t i = 0; i < b->count; i++) {
		if (!join(&b->items[i], &whole) || !add_pieces(b, i, &whole))
			return false;
	}
	b->vectors = calloc(b->piece_count, EMBEDDING_DIMENSIONS * sizeof(*b->vectors));
	return b->vectors != NULL;
}

/* --- one request after the other ----------------------------------------- */

static void on_answer(void *arg, enum provider_outcome outcome);

/* How many pieces go together: a request is not too large, and holds one memory only while they go alone. */
static size_t together(const struct embed_batch *b)
{
	size_t most = embedder_config(b->embedder)->batch, count = 1;

	while (b->at + count < b->piece_count && count < most &&
	       (b->at >= b->alone_until || b->owners[b->at + count] == b->owners[b->at]))
		count++;
	return count;
}

static void send_some(struct embed_batch *b)
{
	const struct embedder_config *config = embedder_config(b->embedder);

	b->sending = together(b);
	b->request = (struct provider_request){
	    .prefix = config->text_prefix,
	    .texts = b->pieces + b->at,
	    .count = b->sending,
	    .vectors = b->vectors + b->at * EMBEDDING_DIMENSIONS,
	    .dimensions = embedder_dimensions(b->embedder),
	    .deadline_ms = clock_ms() + (int64_t)DEADLINE_TRIES * config->provider.timeout_ms,
	    .done = on_answer,
	    .arg = b,
	};
	provider_ask(embedder_provider(b->embedder), &b->request);
}

/* The outcome of those memories of which all pieces went well. */
static void conclude(struct embed_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct batch_item *item = &b->items[i];

		if (item->outcome == BATCH_REFUSED || item->first + item->parts > b->at)
			continue;
		item->outcome = BATCH_DONE;
		item->vectors = b->vectors + item->first * EMBEDDING_DIMENSIONS;
	}
	b->done(b->arg);
}

static void refuse(struct embed_batch *b)
{
	struct batch_item *item = &b->items[b->owners[b->at]];
	const struct provider_request *r = &b->request;

	item->outcome = BATCH_REFUSED;
	snprintf(item->error, sizeof(item->error), "%s%s%s", r->error,
	    *r->message != '\0' ? ": " : "", r->message);
	b->at = item->first + item->parts;
}

static void on_answer(void *arg, enum provider_outcome outcome)
{
	struct embed_batch *b = arg;

	if (outcome == PROVIDER_UNAVAILABLE) {
		snprintf(b->error, sizeof(b->error), "%s", b->request.error);
		conclude(b);
		return;
	}
	if (outcome == PROVIDER_OK)
		b->at += b->sending;
	else if (b->owners[b->at] != b->owners[b->at + b->sending - 1])
		b->alone_until = b->at + b->sending;
	else
		refuse(b);
	if (b->at < b->piece_count)
		send_some(b);
	else
		conclude(b);
}

bool embed_batch_start(struct embed_batch *b, struct embedder *embedder,
    struct batch_item *items, size_t count, void (*done)(void *arg), void *arg)
{
	*b = (struct embed_batch){
	    .embedder = embedder, .items = items, .count = count, .done = done, .arg = arg};
	if (!cut(b)) {
		embed_batch_fini(b);
		return false;
	}
	send_some(b);
	return true;
}

void embed_batch_fini(struct embed_batch *b)
{
	if (b->request.provider != NULL)
		provider_cancel(&b->request);
	for (size_t i = 0; i < b->count; i++) {
		free(b->items[i].joined);
		b->items[i].joined = NULL;
	}
	free(b->pieces);
	free(b->owners);
	free(b->vectors);
	memset(b, 0, sizeof(*b));
}
