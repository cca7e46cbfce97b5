/* export: writes items as lines of JSON. */
#include "ingest/export.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "compact.h"
#include "ingest/export_impl.h"
#include "rfc3339.h"

const char *const export_kinds[ITEM_KINDS] = {[ITEM_SESSION] = "session",
    [ITEM_MEMORY] = "memory",
    [ITEM_VERSION] = "version",
    [ITEM_VECTOR] = "vector"};
const char *const export_totals[ITEM_KINDS] = {[ITEM_SESSION] = "sessions",
    [ITEM_MEMORY] = "memories",
    [ITEM_VERSION] = "versions",
    [ITEM_VECTOR] = "vectors"};
const char *const export_visibilities[ITEM_VISIBILITIES] = {
    [ITEM_PRIVATE] = "private", [ITEM_SHARED] = "shared"};

/* clang-format off */
const struct export_member export_members[] = {
	{ "id", EXPORT_TEXT, offsetof(struct item, id) },
	{ "version", EXPORT_NUMBER, offsetof(struct item, version) },
	{ "part", EXPORT_NUMBER, offsetof(struct item, part) },
	{ "session_id", EXPORT_TEXT, offsetof(struct item, session_id) },
	{ "agent", EXPORT_TEXT, offsetof(struct item, agent) },
	{ "name", EXPORT_TEXT, offsetof(struct item, name) },
	{ "status", EXPORT_TEXT, offsetof(struct item, status) },
	{ "user_input", EXPORT_TEXT, offsetof(struct item, user_input) },
	{ "assistant_response", EXPORT_TEXT, offsetof(struct item, assistant_response) },
	{ "tags", EXPORT_ARRAY, offsetof(struct item, tags) },
	{ "pinned", EXPORT_FLAG, offsetof(struct item, pinned) },
	{ "created_at", EXPORT_TIME, offsetof(struct item, created_us) },
	{ "updated_at", EXPORT_TIME, offsetof(struct item, updated_us) },
	{ "event_time", EXPORT_TIME, offsetof(struct item, event_us) },
	{ "valid_until", EXPORT_TIME, offsetof(struct item, valid_until_us) },
	{ "deleted_at", EXPORT_TIME, offsetof(struct item, deleted_us) },
	{ "last_active", EXPORT_TIME, offsetof(struct item, active_us) },
	{ "supersedes", EXPORT_TEXT, offsetof(struct item, supersedes) },
	{ "idempotency_key", EXPORT_TEXT, offsetof(struct item, idempotency_key) },
	{ "content_hash", EXPORT_TEXT, offsetof(struct item, content_hash) },
	{ "agent_report", EXPORT_OBJECT, offsetof(struct item, report) },
	{ "metadata", EXPORT_OBJECT, offsetof(struct item, metadata) },
	{ .name = NULL },
};
/* clang-format on */

static json_t *member_of(const struct export_member *member, const struct item *item)
{
	const char *at = (const char *)item + member->at;
	char text[RFC3339_TEXT_BYTES];
	struct arg_text s;
	int64_t number;
	json_t *json;
	bool flag;

	switch (member->kind) {
	case EXPORT_TEXT:
		memcpy(&s, at, sizeof(s));
		return s.s != NULL ? json_stringn(s.s, s.len) : NULL;
	case EXPORT_TIME:
		memcpy(&number, at, sizeof(number));
		if (number == ITEM_NO_TIME)
			return NULL;
		rfc3339_format(number, text);
		return json_string(text);
	case EXPORT_FLAG:
		memcpy(&flag, at, sizeof(flag));
		return flag ? json_true() : NULL;
	case EXPORT_NUMBER:
		memcpy(&number, at, sizeof(number));
		return number != 0 ? json_integer(number) : NULL;
	case EXPORT_OBJECT:
	case EXPORT_ARRAY:
		memcpy(&json, at, sizeof(json));
		return json_incref(json);
	}
	return NULL;
}

/* An object without its closing brace, for what follows as text. */
static bool put_open(FILE *to, json_t *object)
{
	size_t len;
	char *text = object != NULL ? compact_json(object, &len) : NULL;

	json_decref(object);
	if (text == NULL)
		return false;
	fwrite(text, 1, len - 1, to);
	free(text);
	return true;
}

/* ,"embedding":{"dimensions":2,"model":"...","data":"..."}: long, so not by way of JSON values. */
static bool put_embedding(FILE *to, const struct item_embedding *embedding)
{
	size_t count = embedding->dimensions, len = count * sizeof(uint32_t);
	json_t *about = json_pack("{s:I}", "dimensions", (json_int_t)count);
	uint32_t *bytes = malloc(len);
	char *text = malloc(BASE64_LEN(len));
	bool fine = bytes != NULL && text != NULL;

	if (embedding->model.s != NULL)
		json_object_set_new(
		    about, "model", json_stringn(embedding->model.s, embedding->model.len));
	fputs(",\"embedding\":", to);
	fine = put_open(to, about) && fine;
	if (fine) {
		memcpy(bytes, embedding->numbers, len);
		for (size_t i = 0; i < count; i++)
			bytes[i] = htole32(bytes[i]);
		base64_encode(BASE64_STANDARD, bytes, len, text);
		fprintf(to, ",\"data\":\"%s\"}", text);
	}
	free(bytes);
	free(text);
	return fine;
}

static bool put_close(FILE *to)
{
	fputs("}\n", to);
	return ferror(to) == 0;
}

bool export_begin(struct exporter *exporter, FILE *to, const char *namespace, int64_t now_us)
{
	char now[RFC3339_TEXT_BYTES];

	rfc3339_format(now_us, now);
	*exporter = (struct exporter){.to = to};
	return put_open(
	           to, json_pack("{s:s, s:i, s:s, s:s}", "format", EXPORT_FORMAT, "version",
	                   EXPORT_VERSION, "namespace", namespace, "exported_at", now)) &&
	       put_close(to);
}

static json_t *members_of(const struct item *item)
{
	json_t *object = json_pack("{s:s}", "kind", export_kinds[item->kind]);
	bool fine = object != NULL;

	for (const struct export_member *m = export_members; fine && m->name != NULL; m++) {
		json_t *value = member_of(m, item);

		fine = value == NULL || json_object_set_new(object, m->name, value) == 0;
	}
	if (fine && export_visibilities[item->visibility] != NULL)
		fine = json_object_set_new(object, "visibility",
		           json_string(export_visibilities[item->visibility])) == 0;
	if (fine)
		return object;
	json_decref(object);
	return NULL;
}

bool export_item(struct exporter *exporter, const struct item *item)
{
	FILE *to = exporter->to;

	if (!put_open(to, members_of(item)))
		return false;
	if (item->embedding.numbers != NULL && !put_embedding(to, &item->embedding))
		return false;
	if (item->metadata_text.s != NULL) {
		fputs(",\"metadata\":", to);
		fwrite(item->metadata_text.s, 1, item->metadata_text.len, to);
	}
	exporter->written[item->kind]++;
	return put_close(to);
}

bool export_end(struct exporter *exporter)
{
	json_t *object = json_pack("{s:s}", "kind", "end");

	for (int kind = 0; kind < ITEM_KINDS; kind++)
		json_object_set_new(object, export_totals[kind],
		    json_integer((json_int_t)exporter->written[kind]));
	return put_open(exporter->to, object) && put_close(exporter->to);
}
