/* scope: from arguments to what the store understands, and to JSON for the receipt. */
#include "tools/scope.h"

#include <stdlib.h>

#include <uuid/uuid.h>

#include "compact.h"
#include "tools/show.h"

static void set_text(json_t *json, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(json, key, json_string(text));
}

static json_t *list_ids(const struct arg_uuids *ids)
{
	json_t *list = json_array();
	char id[37];

	for (size_t i = 0; i < ids->count; i++) {
		uuid_unparse_lower(ids->items[i], id);
		json_array_append_new(list, json_string(id));
	}
	return list;
}

/* Without the words: a receipt must not keep what was erased. */
static char *describe(const struct scope_arguments *a)
{
	json_t *json = json_object();
	char id[37], *text;
	size_t len;

	if (a->ids.count > 0)
		json_object_set_new(json, "ids", list_ids(&a->ids));
	set_text(json, "session_id", a->session_id.s);
	set_text(json, "agent", a->agent.s);
	show_set_time(json, "from", a->period.from_us);
	show_set_time(json, "to", a->period.to_us);
	if (a->key_id.set) {
		uuid_unparse_lower(a->key_id.bytes, id);
		set_text(json, "key_id", id);
	}
	if (a->words.s != NULL)
		json_object_set_new(json, "words", json_true());
	if (a->metadata.text != NULL)
		json_object_set_new(json, "metadata", json_true());
	text = compact_json(json, &len);
	json_decref(json);
	return text;
}

bool scope_read(struct scope_arguments *a, struct operation_scope *scope)
{
	free(a->json);
	a->json = describe(a);
	*scope = (struct operation_scope){
	    .ids = (const unsigned char(*)[16])a->ids.items,
	    .id_count = a->ids.count,
	    .session_id = a->session_id.s,
	    .agent = a->agent.s,
	    .key_id = a->key_id.set ? a->key_id.bytes : NULL,
	    .metadata = a->metadata.text,
	    .words = a->words.s,
	    .from_us = a->period.from_us,
	    .to_us = a->period.to_us,
	    .json = a->json,
	};
	return a->json != NULL;
}
