/*
 * reembed_build: memories without vectors, a batch at a time -> the provider -> the database.
 *
 * What is missing is asked of the database each time, so it may be broken off at any moment.
 */
#include "reembed_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command_db.h"
#include "embed/batch.h"
#include "embedding.h"
#include "rows.h"

#define MOST_FAILURES 10 /* batches in a row that the provider did not answer */
#define WAIT_LEAST_MS 500

/* Once through all memories, by their ids. */
struct pass {
	unsigned char behind[16];
	int64_t stored;
	int failures;
	bool ended;
};

static bool store(
    struct reembed_build *b, const struct embed_claimed *claimed, const struct batch_item *item)
{
	struct query q;
	struct rows *rows;

	reembed_store_ask(
	    &q, claimed->id, claimed->version, b->model, item->vectors, item->parts);
	rows = command_db_query(b->db, &q);
	rows_free(rows);
	return rows != NULL;
}

static void on_embedded(void *arg)
{
	command_db_wake(arg);
}

/* The vectors of these memories; those of which no piece could be sent stay BATCH_UNAVAILABLE. */
static bool embed(struct reembed_build *b, struct embed_batch *batch, const struct rows *rows,
    struct embed_claimed *claimed, struct batch_item *items)
{
	for (int i = 0; i < rows_count(rows); i++) {
		embed_claimed_read(rows, i, &claimed[i]);
		items[i] = (struct batch_item){
		    .texts = {{claimed[i].user_input, claimed[i].user_input_len},
		        {claimed[i].assistant_response, claimed[i].assistant_response_len}}};
	}
	if (!embed_batch_start(
	        batch, b->embedder, items, (size_t)rows_count(rows), on_embedded, b->db)) {
		fputs("sage-mcp: out of memory\n", stderr);
		return false;
	}
	command_db_wait(b->db);
	return true;
}

static bool take(struct reembed_build *b, struct pass *pass,
    const struct embed_claimed *claimed, const struct batch_item *items, int count)
{
	bool ok = true;

	for (int i = 0; ok && i < count; i++) {
		if (items[i].outcome == BATCH_UNAVAILABLE)
			return true;
		memcpy(pass->behind, claimed[i].id, sizeof(pass->behind));
		pass->failures = 0;
		if (items[i].outcome == BATCH_REFUSED) {
			b->refused++;
			continue;
		}
		ok = store(b, &claimed[i], &items[i]);
		pass->stored++;
		b->done++;
		progress_at(&b->progress, b->done, b->done);
	}
	return ok;
}

/* The provider is away: patience, up to a point. */
static bool wait_for_provider(struct reembed_build *b, struct pass *pass, const char *error)
{
	const struct breaker *breaker = provider_breaker(embedder_provider(b->embedder));
	int64_t ms = breaker_wait_ms(breaker, clock_ms());

	if (++pass->failures > MOST_FAILURES) {
		fprintf(stderr,
		    "sage-mcp: the embedding provider is unavailable: %s\nsage-mcp: run the "
		    "same command "
		    "again later; it goes on where it was\n",
		    error);
		return false;
	}
	command_db_wait_ms(b->db, ms > WAIT_LEAST_MS ? ms : WAIT_LEAST_MS);
	return true;
}

/* The next few memories of a pass. */
static bool advance(struct reembed_build *b, struct pass *pass)
{
	const struct embedder_config *config = embedder_config(b->embedder);
	struct embed_claimed *claimed = calloc(config->batch, sizeof(*claimed));
	struct batch_item *items = calloc(config->batch, sizeof(*items));
	struct embed_batch batch = {0};
	struct query q;
	bool ok = false;

	reembed_next_ask(&q, b->model, pass->behind, (int32_t)config->batch,
	    (int64_t)(config->batch * config->chunk_bytes));
	struct rows *rows = command_db_query(b->db, &q);

	if (rows != NULL && claimed != NULL && items != NULL) {
		pass->ended = rows_count(rows) == 0;
		ok = pass->ended || (embed(b, &batch, rows, claimed, items) &&
		                        take(b, pass, claimed, items, rows_count(rows)));
		if (ok && !pass->ended && *batch.error != '\0')
			ok = wait_for_provider(b, pass, batch.error);
	}
	embed_batch_fini(&batch);
	rows_free(rows);
	free(claimed);
	free(items);
	return ok;
}

bool reembed_build(struct reembed_build *b)
{
	struct pass pass;

	progress_begin(&b->progress, "memories", b->missing);
	do {
		pass = (struct pass){.ended = false};
		b->refused = 0;
		while (!pass.ended) {
			if (!advance(b, &pass))
				return false;
		}
	} while (pass.stored > 0);
	progress_end(&b->progress, b->done);
	return true;
}
