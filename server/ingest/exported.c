/* exported: reads what export.c writes. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "ingest/export.h"
#include "ingest/export_impl.h"
#include "ingest/reader_impl.h"

#define MAX_DIMENSIONS 16384
#define UUID_TEXT_LEN  36

struct exported {
	bool ready;  /* reader->json is an item */
	bool closed; /* the last line was there */
	enum item_kind kind;
	size_t line;
	size_t seen[ITEM_KINDS];
	uint32_t numbers[MAX_DIMENSIONS];
};

static void take_header(struct reader *reader, const struct piece *piece)
{
	json_int_t version = json_integer_value(json_object_get(reader->json, "version"));

	if (version > EXPORT_VERSION)
		reader_tell(reader, piece->line,
		    "written in version %lld of the format; this program reads version %d",
		    version, EXPORT_VERSION);
}

static void take_end(struct reader *reader, const struct piece *piece)
{
	struct exported *exported = reader->state;

	exported->closed = true;
	for (int kind = 0; kind < ITEM_KINDS; kind++) {
		json_int_t total =
		    json_integer_value(json_object_get(reader->json, export_totals[kind]));

		if ((size_t)total != exported->seen[kind])
			reader_tell(reader, piece->line,
			    "the export had %lld %s, but %zu could be read", total,
			    export_totals[kind], exported->seen[kind]);
	}
}

static void take(struct reader *reader, const struct piece *piece)
{
	struct exported *exported = reader->state;
	const char *kind = json_string_value(json_object_get(reader->json, "kind"));
	int k = 0;

	if (kind == NULL && json_object_get(reader->json, "format") != NULL) {
		take_header(reader, piece);
		return;
	}
	if (kind != NULL && strcmp(kind, "end") == 0) {
		take_end(reader, piece);
		return;
	}
	while (k < ITEM_KINDS && (kind == NULL || strcmp(kind, export_kinds[k]) != 0))
		k++;
	exported->ready = k < ITEM_KINDS;
	exported->kind = (enum item_kind)k;
	exported->line = piece->line;
	if (!exported->ready)
		reader_tell(
		    reader, piece->line, "kind is none of session, memory, version, vector");
}

/* False: it is there, and of another kind than it must be. */
static bool read_member(
    struct reader *reader, const struct export_member *member, struct item *item)
{
	json_t *json = json_object_get(reader->json, member->name);
	char *at = (char *)item + member->at;
	struct arg_text text;
	int64_t number;
	bool flag;

	if (json == NULL)
		return true;
	switch (member->kind) {
	case EXPORT_TEXT:
		text = reader_text(reader->json, member->name);
		memcpy(at, &text, sizeof(text));
		return json_is_string(json);
	case EXPORT_TIME:
		number = reader_time(reader, member->name, item->line);
		memcpy(at, &number, sizeof(number));
		return number != ITEM_NO_TIME;
	case EXPORT_FLAG:
		flag = json_is_true(json);
		memcpy(at, &flag, sizeof(flag));
		return json_is_boolean(json);
	case EXPORT_NUMBER:
		number = json_integer_value(json);
		memcpy(at, &number, sizeof(number));
		return json_is_integer(json);
	case EXPORT_OBJECT:
		memcpy(at, &json, sizeof(json));
		return json_is_object(json);
	case EXPORT_ARRAY:
		memcpy(at, &json, sizeof(json));
		return json_is_array(json);
	}
	return true;
}

static bool read_embedding(struct exported *exported, const json_t *json, struct item *item)
{
	struct arg_text data = reader_text(json, "data");
	json_int_t count = json_integer_value(json_object_get(json, "dimensions"));
	size_t len;

	if (data.s == NULL || count < 1 || count > MAX_DIMENSIONS ||
	    !base64_decode(BASE64_STANDARD, data.s, data.len, exported->numbers,
	        sizeof(exported->numbers), &len) ||
	    len != (size_t)count * sizeof(float))
		return false;
	for (json_int_t i = 0; i < count; i++)
		exported->numbers[i] = le32toh(exported->numbers[i]);
	item->embedding = (struct item_embedding){.model = reader_text(json, "model"),
	    .numbers = (const float *)(const void *)exported->numbers,
	    .dimensions = (size_t)count};
	return true;
}

static bool read_visibility(const json_t *json, struct item *item)
{
	const char *name = json_string_value(json);

	for (int v = ITEM_PRIVATE; name != NULL && v < ITEM_VISIBILITIES; v++) {
		if (strcmp(name, export_visibilities[v]) == 0) {
			item->visibility = (enum item_visibility)v;
			return true;
		}
	}
	return false;
}

/* What an item of its kind cannot be without. */
static const char *missing(const struct item *item)
{
	if (item->kind != ITEM_SESSION && item->id.len != UUID_TEXT_LEN)
		return "id";
	if (item->kind == ITEM_SESSION && item->session_id.s == NULL)
		return "session_id";
	if (item->kind == ITEM_VECTOR) {
		if (item->part < 1 || item->part > INT32_MAX)
			return "part";
		if (item->version < 1 || item->version > INT32_MAX)
			return "version";
		return item->embedding.model.s == NULL ? "embedding" : NULL;
	}
	if (item->kind != ITEM_SESSION && item->user_input.s == NULL)
		return "user_input";
	return NULL;
}

static bool next(struct reader *reader, struct item *item)
{
	struct exported *exported = reader->state;
	const json_t *embedding = json_object_get(reader->json, "embedding");
	const json_t *visibility = json_object_get(reader->json, "visibility");
	const char *wrong = NULL;

	if (!exported->ready)
		return false;
	exported->ready = false;
	item->kind = exported->kind;
	item->line = exported->line;
	for (const struct export_member *m = export_members; m->name != NULL; m++) {
		if (!read_member(reader, m, item))
			wrong = m->name;
	}
	if (embedding != NULL && !read_embedding(exported, embedding, item))
		wrong = "embedding";
	if (visibility != NULL && !read_visibility(visibility, item))
		wrong = "visibility";
	if (wrong == NULL)
		wrong = missing(item);
	if (wrong != NULL && !reader->has_problem)
		reader_tell(
		    reader, item->line, "%s is missing, or not as the format has it", wrong);
	exported->seen[item->kind] += wrong == NULL;
	return wrong == NULL;
}

static void end(struct reader *reader)
{
	const struct exported *exported = reader->state;

	if (!exported->closed)
		reader_tell(reader, reader->split.line,
		    "the export has no last line of kind \"end\": it was cut");
}

const struct format format_export = {.name = "export",
    .json = true,
    .state_size = sizeof(struct exported),
    .take = take,
    .next = next,
    .end = end};
