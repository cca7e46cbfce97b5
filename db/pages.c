/* pages: the statements that return memories, all with the columns of parts/memory_page.sql. */
#include "pages.h"

/* The first parameters of every such statement. */
static void init_page(struct query *q, enum sql_id sql, const struct principal *who,
    const struct memory_detail *detail)
{
	query_init_who(q, sql, who);
	query_int4(q, detail->characters);
	query_bool(q, detail->whole);
	query_int8(q, detail->bytes);
}

/* Ids of other memories: "" for NULL. */
static void read_link(const struct rows *rows, int row, int col, char id[37])
{
	*id = '\0';
	if (!rows_is_null(rows, row, col))
		rows_uuid(rows, row, col, id);
}

void memory_read(const struct rows *rows, int row, struct memory *memory)
{
	rows_uuid(rows, row, 0, memory->id);
	rows_uuid(rows, row, 1, memory->beside);
	memory->place = (int)rows_int(rows, row, 2);
	memory->session_id = rows_text(rows, row, 3, NULL);
	memory->agent = rows_text(rows, row, 4, NULL);
	memory->created_us = rows_time(rows, row, 5);
	memory->updated_us = rows_time(rows, row, 6);
	memory->event_us = rows_time(rows, row, 7);
	memory->user_input = rows_text(rows, row, 8, NULL);
	memory->assistant_response = rows_text(rows, row, 9, NULL);
	memory->truncated = rows_bool(rows, row, 10);
	memory->tags = rows_text(rows, row, 11, NULL);
	memory->private = rows_bool(rows, row, 12);
	memory->pinned = rows_bool(rows, row, 13);
	memory->stale = rows_bool(rows, row, 14);
	memory->valid_until_us = rows_time(rows, row, 15);
	read_link(rows, row, 16, memory->superseded_by);
	memory->merged = (int)rows_int(rows, row, 17);
	memory->version = (int)rows_int(rows, row, 18);
	memory->embed_state = rows_text(rows, row, 19, NULL);
	memory->metadata = rows_text(rows, row, 20, NULL);
	memory->agent_metadata = rows_text(rows, row, 21, NULL);
	memory->expires_us = rows_time(rows, row, 22);
	read_link(rows, row, 23, memory->supersedes);
	memory->content_hash = rows_text(rows, row, 24, NULL);
	memory->embed_model = rows_text(rows, row, 25, NULL);
	memory->embed_error = rows_text(rows, row, 26, NULL);
}

void memory_get_ask(struct query *q, const struct principal *who,
    const struct memory_detail *detail, const unsigned char (*ids)[16], size_t count,
    int32_t neighbours)
{
	bool beside = neighbours > 0;

	init_page(q, beside ? SQL_memory_get_beside : SQL_memory_get, who, detail);
	query_uuid_array(q, ids, count);
	if (beside)
		query_int4(q, neighbours);
	/* Or PostgreSQL plans again each time: it takes one id for cheaper than any. */
	query_setting(q, "plan_cache_mode", "force_generic_plan");
}

/*
 * Where an index scan begins: at the cursor, else at the end of the interval it comes to first. That
 * place has no id, so the moment itself is excluded, as it is for "to"; not for "from".
 */
static int64_t start_of(const struct memory_filter *filter, const struct memory_place *place)
{
	if (place->behind_us != ROWS_NO_TIME || filter->by_event)
		return place->behind_us;
	if (!place->oldest_first)
		return filter->to_us;
	return filter->from_us != ROWS_NO_TIME ? filter->from_us - 1 : ROWS_NO_TIME;
}

void memory_list_ask(struct query *q, const struct principal *who,
    const struct memory_detail *detail, const struct memory_filter *filter,
    const struct memory_place *place)
{
	bool behind = place->behind_us != ROWS_NO_TIME;

	init_page(q, place->oldest_first ? SQL_memory_list_oldest : SQL_memory_list_newest, who,
	    detail);
	/* A plan for any values would use no index but that of the order. */
	query_setting(q, "plan_cache_mode", "force_custom_plan");
	query_time(q, start_of(filter, place));
	query_uuid(q, behind ? place->behind_id : NULL);
	query_int4(q, place->limit);
	query_string(q, filter->session_id);
	query_string(q, filter->agent);
	query_text_array(q, filter->tags, filter->tag_count);
	query_bool(q, filter->all_tags);
	query_string(q, filter->metadata);
	query_time(q, filter->from_us);
	query_time(q, filter->to_us);
	query_bool(q, filter->by_event);
	query_string(q, filter->state);
	query_string(q, filter->agent_name);
	query_string(q, filter->task_id);
}

void memory_versions_ask(struct query *q, const struct principal *who,
    const unsigned char (*ids)[16], size_t count, int32_t limit, int64_t bytes)
{
	query_init_who(q, SQL_memory_versions, who);
	query_uuid_array(q, ids, count);
	query_int4(q, limit);
	query_int8(q, bytes);
}

void memory_version_read(const struct rows *rows, int row, struct memory_version *version)
{
	rows_uuid(rows, row, 0, version->id);
	version->version = (int)rows_int(rows, row, 1);
	version->user_input = rows_text(rows, row, 2, NULL);
	version->assistant_response = rows_text(rows, row, 3, NULL);
	version->metadata = rows_text(rows, row, 4, NULL);
	version->tags = rows_text(rows, row, 5, NULL);
	version->session_id = rows_text(rows, row, 6, NULL);
	version->visibility = rows_text(rows, row, 7, NULL);
	version->event_us = rows_time(rows, row, 8);
	version->written_us = rows_time(rows, row, 9);
	version->replaced_us = rows_time(rows, row, 10);
	version->replaced_by = rows_text(rows, row, 11, NULL);
}

void context_notes_ask(struct query *q, const struct principal *who, int32_t limit)
{
	query_init_who(q, SQL_context_notes, who);
	query_int4(q, limit);
}

const char *context_session_read(const struct rows *rows)
{
	return rows_text(rows, 0, 0, NULL);
}

bool context_note_read(const struct rows *rows, int row, struct context_note *note)
{
	if (rows_is_null(rows, row, 1))
		return false;
	rows_uuid(rows, row, 1, note->id);
	note->from_agent = rows_text(rows, row, 2, NULL);
	note->note = rows_text(rows, row, 3, NULL);
	note->created_us = rows_time(rows, row, 4);
	return true;
}
