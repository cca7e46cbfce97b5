/* changes: the statements that update and hide memories. */
#include "changes.h"

#include <string.h>

void memory_edit_ask(
    struct query *q, const struct principal *who, const unsigned char id[16], int32_t version)
{
	query_init_who(q, SQL_memory_edit, who);
	query_uuid(q, id);
	if (version == NO_VERSION)
		query_null(q);
	else
		query_int4(q, version);
}

bool memory_edit_read(const struct rows *rows, struct memory_edit *edit)
{
	if (rows_count(rows) == 0)
		return false;
	edit->version = (int)rows_int(rows, 0, 0);
	edit->version_found = rows_bool(rows, 0, 1);
	edit->session_id = rows_text(rows, 0, 2, NULL);
	edit->user_input = rows_text(rows, 0, 3, NULL);
	edit->assistant_response = rows_text(rows, 0, 4, NULL);
	edit->metadata = rows_text(rows, 0, 5, NULL);
	edit->tags = rows_text(rows, 0, 6, NULL);
	edit->private = rows_bool(rows, 0, 7);
	edit->pinned = rows_bool(rows, 0, 8);
	edit->event_us = rows_time(rows, 0, 9);
	edit->valid_until_us = rows_time(rows, 0, 10);
	edit->expires_us = rows_time(rows, 0, 11);
	edit->agent_metadata = rows_text(rows, 0, 12, NULL);
	return true;
}

/* From $6 on, in the order of db/sql/memory_update.sql. */
static void add_state(struct query *q, const struct memory_new *memory)
{
	unsigned char hash[CONTENT_HASH_BYTES];

	memory_hash(memory, hash);
	query_text(q, memory->session_id, memory->session_id_len);
	query_text(q, memory->user_input, memory->user_input_len);
	query_text(q, memory->assistant_response, memory->assistant_response_len);
	query_text(q, memory->metadata, memory->metadata_len);
	query_text_array(q, memory->tags, memory->tag_count);
	query_bool(q, memory->private);
	query_bool(q, memory->pinned);
	query_time(q, memory->event_us);
	query_time(q, memory->valid_until_us);
	query_time(q, memory->expires_us);
	query_bytes_copy(q, hash, sizeof(hash));
}

bool memory_update_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    int32_t version, const struct memory_new *memory)
{
	query_init_who(q, SQL_memory_update, who);
	query_uuid(q, id);
	query_int4(q, version);
	query_uuid(q, who->has_key ? who->key_id : NULL);
	add_state(q, memory);
	return memory_add_lexicon(q, who->namespace, memory);
}

bool memory_update_read(const struct rows *rows, struct memory_updated *updated)
{
	if (rows_count(rows) == 0)
		return false;
	rows_uuid(rows, 0, 0, updated->id);
	updated->version = (int)rows_int(rows, 0, 1);
	updated->updated_us = rows_time(rows, 0, 2);
	updated->embed_state = rows_text(rows, 0, 3, NULL);
	updated->session_id = rows_text(rows, 0, 4, NULL);
	return true;
}

void memory_delete_ask(struct query *q, const struct principal *who,
    const unsigned char (*ids)[16], size_t count, bool undo)
{
	query_init_who(q, SQL_memory_delete, who);
	query_uuid_array(q, ids, count);
	query_uuid(q, who->has_key ? who->key_id : NULL);
	query_bool(q, undo);
}

void memory_delete_read(const struct rows *rows, int row, struct memory_deleted *deleted)
{
	rows_uuid(rows, row, 0, deleted->id);
	rows_uuid_bytes(rows, row, 0, deleted->bytes);
	deleted->session_id = rows_text(rows, row, 1, NULL);
	deleted->unchanged = rows_bool(rows, row, 2);
}
