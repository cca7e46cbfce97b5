/* listing: takes memories as long as they fit. */
#include "tools/listing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "compact.h"
#include "pages.h"
#include "tools/memory_limits.h"
#include "tools/show_memory.h"
#include "utf8.h"

#define FRAME_BYTES      640   /* of the lines and fields around the items, cursors included */
#define ITEM_FRAME_BYTES 64    /* of one item: comma, and the count of its near-duplicates */
#define ALIKE_BYTES      65536 /* longer texts are like no other: comparing would take too long */
#define SCORE_STEPS      1e6   /* finer digits only cost tokens */

void listing_init(struct listing *l, int64_t max_tokens, unsigned ways)
{
	*l = (struct listing){.ways = ways};
	l->bytes = max_tokens > 0 ? (size_t)max_tokens * BYTES_PER_TOKEN : MAX_RESPONSE_BYTES;
	l->text_bytes = l->json_bytes = FRAME_BYTES;
}

static void item_fini(struct listing_item *item)
{
	json_decref(item->json);
	free(item->text);
	terms_fini(&item->terms);
}

void listing_fini(struct listing *l)
{
	for (int i = 0; i < l->count; i++)
		item_fini(&l->items[i]);
	free(l->items);
	*l = (struct listing){0};
}

static bool fits(const struct listing *l, const struct listing_item *item)
{
	return (l->left_out == 0 || (l->ways & LISTING_FILLS) != 0) &&
	       l->text_bytes + item->text_len + ITEM_FRAME_BYTES <= l->bytes &&
	       l->json_bytes + item->json_len + ITEM_FRAME_BYTES <= l->bytes;
}

static size_t json_len(const json_t *json)
{
	size_t len = 0;

	free(compact_json(json, &len));
	return len;
}

static void render(const struct listing *l, const struct memory *memory, const double *score,
    struct listing_item *item)
{
	char lead[16];
	FILE *out = open_memstream(&item->text, &item->text_len);

	if (out == NULL)
		abort(); /* out of memory for a stream, as in call_text() */
	snprintf(lead, sizeof(lead), "\n%d. ", l->count + 1);
	show_memory_text(out, lead, memory);
	fclose(out);
	item->json = show_memory(memory);
	if (score != NULL)
		json_object_set_new(
		    item->json, "score", json_real(round(*score * SCORE_STEPS) / SCORE_STEPS));
	item->json_len = json_len(item->json);
}

/* A copy of at most max bytes. */
static char *cut_text(const char *text, size_t max, bool *cut)
{
	size_t len = strlen(text);

	*cut = *cut || len > max;
	return strndup(text, len > max ? (size_t)utf8_cut(text, len, (int)max) : len);
}

/* The first one, with less and less of its texts until it fits. */
static void render_cut(const struct listing *l, const struct memory *memory,
    const double *score, struct listing_item *item)
{
	struct memory less = *memory;

	less.metadata = less.agent_metadata = NULL;
	less.truncated = true;
	for (size_t max = l->bytes; max > 0 && !fits(l, item); max /= 2) {
		char *user_input = cut_text(memory->user_input, max, &less.truncated);
		char *response = cut_text(memory->assistant_response, max, &less.truncated);

		if (user_input == NULL || response == NULL)
			abort(); /* out of memory */
		less.user_input = user_input;
		less.assistant_response = response;
		item_fini(item);
		render(l, &less, score, item);
		free(user_input);
		free(response);
	}
}

static void grow(struct listing *l)
{
	int capacity = l->capacity > 0 ? 2 * l->capacity : 16;
	struct listing_item *items;

	if (l->count < l->capacity)
		return;
	items = realloc(l->items, (size_t)capacity * sizeof(*items));
	if (items == NULL)
		abort(); /* out of memory */
	l->items = items;
	l->capacity = capacity;
}

/* Takes the item, or frees it. */
static enum listed take(struct listing *l, const char *id, struct listing_item *item)
{
	if (!fits(l, item)) {
		if (l->left_out++ == 0)
			snprintf(l->next_id, sizeof(l->next_id), "%s", id);
		item_fini(item);
		return LISTED_LEFT_OUT;
	}
	snprintf(item->id, sizeof(item->id), "%s", id);
	l->text_bytes += item->text_len + ITEM_FRAME_BYTES;
	l->json_bytes += item->json_len + ITEM_FRAME_BYTES;
	grow(l);
	l->items[l->count++] = *item;
	return LISTED;
}

/* None of a memory whose words are not all here: what cannot be seen may be what differs. */
static void find_terms(const struct memory *memory, struct terms *terms)
{
	size_t input = strlen(memory->user_input),
	       response = strlen(memory->assistant_response);

	if (memory->truncated || input + response > ALIKE_BYTES)
		return;
	if (!terms_add_text(terms, memory->user_input, input) ||
	    !terms_add_text(terms, memory->assistant_response, response))
		abort(); /* out of memory */
	terms_sketch(terms);
}

static enum listed find_same(
    struct listing *l, const struct memory *memory, struct listing_item *item)
{
	for (int i = 0; i < l->count; i++) {
		if (strcmp(l->items[i].id, memory->id) == 0)
			return LISTED_TWICE;
	}
	if ((l->ways & LISTING_COLLAPSES) == 0 || memory->user_input == NULL)
		return LISTED;
	find_terms(memory, &item->terms);
	for (int i = 0; i < l->count; i++) {
		if (!terms_alike(&l->items[i].terms, &item->terms))
			continue;
		l->items[i].alike++;
		l->alike++;
		return LISTED_ALIKE;
	}
	return LISTED;
}

enum listed listing_add(struct listing *l, const struct memory *memory, const double *score)
{
	struct listing_item item = {0};
	struct terms terms;
	enum listed same = find_same(l, memory, &item);

	if (same != LISTED) {
		item_fini(&item);
		return same;
	}
	terms = item.terms;
	item.terms = (struct terms){0};
	render(l, memory, score, &item);
	if (l->count == 0 && l->left_out == 0 && memory->user_input != NULL)
		render_cut(l, memory, score, &item);
	item.terms = terms;
	return take(l, memory->id, &item);
}

enum listed listing_add_text(
    struct listing *l, const char *id, const char *text, size_t len, json_t *json)
{
	struct listing_item item = {.json = json, .text = strndup(text, len), .text_len = len};

	if (item.text == NULL)
		abort(); /* out of memory */
	item.json_len = json_len(json);
	return take(l, id, &item);
}

void listing_write(const struct listing *l, int first, int last, FILE *out)
{
	for (int i = first; i < last; i++) {
		const struct listing_item *item = &l->items[i];

		fwrite(item->text, 1, item->text_len, out);
		if (item->alike > 0)
			fprintf(out, "(%d near-duplicate%s of it not shown)\n", item->alike,
			    item->alike == 1 ? "" : "s");
	}
}

json_t *listing_json(const struct listing *l, int first, int last)
{
	json_t *list = json_array();

	for (int i = first; i < last; i++) {
		if (l->items[i].alike > 0)
			json_object_set_new(l->items[i].json, "near_duplicates",
			    json_integer(l->items[i].alike));
		json_array_append(list, l->items[i].json);
	}
	return list;
}
