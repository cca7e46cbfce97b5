/* ranks: one object after the other; the first fault ends it. */
#include "embed/ranks.h"

#include <stdbool.h>
#include <stdlib.h>

#include <jansson.h>

#include "guard.h"
#include "read_json.h"

const char *ranks_fault_text(enum ranks_fault fault)
{
	static const char *const texts[] = {
	    [RANKS_OK] = "is fine",
	    [RANKS_NOT_JSON] = "is not JSON",
	    [RANKS_CROWDED] = "holds far more than scores",
	    [RANKS_NO_SCORES] = "has no scores",
	    [RANKS_COUNT] = "has another number of scores than there were texts",
	    [RANKS_INDEX] = "scores a text that was not sent, or one twice",
	};

	return texts[fault];
}

/* Values cost far more than their bytes, texts do not; counted by what begins or separates them. */
static bool is_crowded(const char *json, size_t len)
{
	size_t values = 0;
	bool in_text = false;

	for (size_t i = 0; i < len && values <= RANKS_MOST_VALUES; i++) {
		if (json[i] == '"')
			in_text = !in_text;
		else if (in_text)
			i += json[i] == '\\';
		else
			values += json[i] == '[' || json[i] == '{' || json[i] == ',';
	}
	return values > RANKS_MOST_VALUES;
}

/* NULL: neither of both kinds. */
static const json_t *items_of(const json_t *root)
{
	const json_t *items = json_is_array(root) ? root : json_object_get(root, "results");

	return json_is_array(items) ? items : NULL;
}

static enum ranks_fault take(const json_t *item, double *scores, bool *seen, size_t count)
{
	const json_t *index = json_object_get(item, "index");
	const json_t *score = json_object_get(item, "relevance_score");

	if (score == NULL)
		score = json_object_get(item, "score");
	if (!json_is_integer(index) || !json_is_number(score))
		return RANKS_NO_SCORES;
	json_int_t at = json_integer_value(index);

	if (at < 0 || (size_t)at >= count || seen[at])
		return RANKS_INDEX;
	seen[at] = true;
	scores[at] = json_number_value(score);
	return RANKS_OK;
}

static enum ranks_fault take_all(const json_t *items, double *scores, size_t count)
{
	enum ranks_fault fault = RANKS_OK;
	bool *seen;

	if (items == NULL)
		return RANKS_NO_SCORES;
	if (json_array_size(items) != count)
		return RANKS_COUNT;
	seen = calloc(count + 1, sizeof(*seen));
	if (seen == NULL)
		return RANKS_COUNT;
	for (size_t i = 0; i < count && fault == RANKS_OK; i++)
		fault = take(json_array_get(items, i), scores, seen, count);
	free(seen);
	return fault;
}

enum ranks_fault ranks_read(const char *json, size_t len, double *scores, size_t count)
{
	if (is_crowded(json, len))
		return RANKS_CROWDED;
	json_t *root = read_json(json, len);

	if (root == NULL)
		root = json_loadb(json, len, GUARD_DECODE_FLAGS, NULL);
	enum ranks_fault fault =
	    root == NULL ? RANKS_NOT_JSON : take_all(items_of(root), scores, count);

	json_decref(root);
	return fault;
}
