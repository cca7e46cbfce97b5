/* transfer: the statements of export and import. */
#include "transfer.h"

#include <string.h>

#include "lexicon.h"

void transfer_sessions_ask(
    struct query *q, const struct transfer_scope *scope, const char *behind, int32_t limit)
{
	query_init_for(q, SQL_export_sessions, scope->namespace);
	query_string(q, behind);
	query_string(q, scope->session_id);
	query_int4(q, limit);
}

void transfer_session_read(const struct rows *rows, int row, struct transfer_session *session)
{
	session->id = rows_text(rows, row, 0, NULL);
	session->name = rows_text(rows, row, 1, NULL);
	session->status = rows_text(rows, row, 2, NULL);
	session->metadata = rows_text(rows, row, 3, NULL);
	session->created_us = rows_time(rows, row, 4);
	session->updated_us = rows_time(rows, row, 5);
	session->active_us = rows_time(rows, row, 6);
}

void transfer_memories_ask(struct query *q, const struct transfer_scope *scope,
    int64_t behind_us, const unsigned char behind_id[16], int32_t limit)
{
	query_init_for(q, SQL_export_memories, scope->namespace);
	query_time(q, behind_us);
	query_uuid(q, behind_id);
	query_string(q, scope->session_id);
	query_time(q, scope->from_us);
	query_time(q, scope->to_us);
	query_int4(q, limit);
	/* Page by page in the order of the index; sorting what is left for each would be quadratic. */
	query_setting(q, "enable_sort", "off");
}

void transfer_memory_read(const struct rows *rows, int row, struct transfer_memory *memory,
    float numbers[EMBEDDING_DIMENSIONS])
{
	memset(memory, 0, sizeof(*memory));
	rows_uuid_bytes(rows, row, 0, memory->id);
	memory->session_id = rows_text(rows, row, 1, NULL);
	memory->agent = rows_text(rows, row, 2, NULL);
	memory->user_input = rows_text(rows, row, 3, NULL);
	memory->assistant_response = rows_text(rows, row, 4, NULL);
	memory->metadata = rows_text(rows, row, 5, NULL);
	memory->tags = rows_text(rows, row, 6, NULL);
	memory->private = rows_bool(rows, row, 7);
	memory->pinned = rows_bool(rows, row, 8);
	memory->created_us = rows_time(rows, row, 9);
	memory->updated_us = rows_time(rows, row, 10);
	memory->event_us = rows_time(rows, row, 11);
	memory->valid_until_us = rows_time(rows, row, 12);
	memory->deleted_us = rows_time(rows, row, 13);
	memory->has_supersedes = !rows_is_null(rows, row, 14);
	if (memory->has_supersedes)
		rows_uuid_bytes(rows, row, 14, memory->supersedes);
	memory->content_hash = rows_text(rows, row, 15, NULL);
	memory->version = (int)rows_int(rows, row, 16);
	memory->agent_metadata = rows_text(rows, row, 17, NULL);
	memory->embed_model = rows_text(rows, row, 18, NULL);
	if (rows_vector(rows, row, 19, numbers, EMBEDDING_DIMENSIONS))
		memory->embedding = numbers;
}

void transfer_vectors_ask(struct query *q, const unsigned char (*ids)[16],
    const char *const *models, size_t count, int32_t behind_part, int32_t limit)
{
	query_init(q, SQL_export_vectors);
	query_uuid_array(q, ids, count);
	query_text_array(q, models, count);
	query_int4(q, behind_part);
	query_int4(q, limit);
}

size_t transfer_vector_read(const struct rows *rows, int row, struct transfer_vector *vector,
    float numbers[EMBEDDING_DIMENSIONS])
{
	rows_uuid_bytes(rows, row, 1, vector->memory_id);
	vector->version = (int)rows_int(rows, row, 2);
	vector->content_hash = rows_text(rows, row, 3, NULL);
	vector->model = rows_text(rows, row, 4, NULL);
	vector->part = (int)rows_int(rows, row, 5);
	rows_vector(rows, row, 6, numbers, EMBEDDING_DIMENSIONS);
	vector->numbers = numbers;
	return (size_t)rows_int(rows, row, 0) - 1;
}

void transfer_versions_ask(struct query *q, const unsigned char memory_id[16])
{
	query_init(q, SQL_export_versions);
	query_uuid(q, memory_id);
}

void transfer_version_read(const struct rows *rows, int row, struct transfer_memory *version)
{
	memset(version, 0, sizeof(*version));
	version->version = (int)rows_int(rows, row, 0);
	version->session_id = rows_text(rows, row, 1, NULL);
	version->user_input = rows_text(rows, row, 2, NULL);
	version->assistant_response = rows_text(rows, row, 3, NULL);
	version->metadata = rows_text(rows, row, 4, NULL);
	version->tags = rows_text(rows, row, 5, NULL);
	version->private = rows_bool(rows, row, 6);
	version->pinned = rows_bool(rows, row, 7);
	version->updated_us = rows_time(rows, row, 8);
	version->event_us = rows_time(rows, row, 9);
	version->valid_until_us = rows_time(rows, row, 10);
	version->agent = rows_text(rows, row, 11, NULL);
	version->created_us = version->deleted_us = ROWS_NO_TIME;
}

void transfer_session_ask(
    struct query *q, const char *namespace, const struct transfer_session *session)
{
	query_init_for(q, SQL_import_session, namespace);
	query_string(q, session->id);
	query_string(q, session->name);
	query_string(q, session->status);
	query_string(q, session->metadata);
	query_time(q, session->created_us);
	query_time(q, session->updated_us);
	query_time(q, session->active_us);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: there is none, or a broken one. */
static bool read_hash(const char *hex, unsigned char hash[CONTENT_HASH_BYTES])
{
	bool ok = hex != NULL && strlen(hex) == 2 * CONTENT_HASH_BYTES;

	for (int i = 0; ok && i < CONTENT_HASH_BYTES; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		ok = high >= 0 && low >= 0;
		hash[i] = (unsigned char)(high * 16 + low);
	}
	return ok;
}

/* The hash that was exported; without one, that of what is imported. */
static void take_hash(
    const struct transfer_memory *memory, unsigned char hash[CONTENT_HASH_BYTES])
{
	if (read_hash(memory->content_hash, hash))
		return;
	const struct memory_new words = {
	    .user_input = memory->user_input,
	    .user_input_len = strlen(memory->user_input),
	    .assistant_response = memory->assistant_response,
	    .assistant_response_len = strlen(memory->assistant_response),
	    .metadata = memory->metadata,
	    .metadata_len = memory->metadata != NULL ? strlen(memory->metadata) : 0,
	    .agent_metadata = memory->agent_metadata,
	    .agent_metadata_len =
	        memory->agent_metadata != NULL ? strlen(memory->agent_metadata) : 0,
	    .tags = memory->tag_list,
	    .tag_count = memory->tag_count,
	    .event_us = memory->event_us,
	};

	memory_hash(&words, hash);
}

bool transfer_memory_ask(
    struct query *q, const char *namespace, const struct transfer_memory *m)
{
	unsigned char hash[CONTENT_HASH_BYTES];
	const struct lexicon_source source = {
	    .user_input = m->user_input,
	    .user_input_len = strlen(m->user_input),
	    .assistant_response = m->assistant_response,
	    .assistant_response_len = strlen(m->assistant_response),
	    .event_us = m->event_us,
	};

	query_init(q, SQL_import_memory);
	q->namespace = namespace;
	take_hash(m, hash);
	query_uuid(q, m->id);
	query_string(q, namespace);
	query_string(q, m->agent);
	query_string(q, m->session_id);
	query_string(q, m->user_input);
	query_string(q, m->assistant_response);
	query_string(q, m->metadata);
	query_text_array(q, m->tag_list, m->tag_count);
	query_bool(q, m->private);
	query_bool(q, m->pinned);
	query_time(q, m->created_us);
	query_time(q, m->updated_us);
	query_time(q, m->event_us);
	query_time(q, m->valid_until_us);
	query_time(q, m->deleted_us);
	query_uuid(q, m->has_supersedes ? m->supersedes : NULL);
	query_bytes_copy(q, hash, sizeof(hash));
	query_int4(q, m->version > 0 ? m->version : 1);
	query_string(q, m->agent_metadata);
	query_string(q, m->embed_model);
	query_vector(q, m->embedding, EMBEDDING_DIMENSIONS);
	return lexicon_add(q, namespace, &source);
}

void transfer_version_ask(
    struct query *q, const char *namespace, const struct transfer_memory *v)
{
	query_init_for(q, SQL_import_version, namespace);
	query_uuid(q, v->id);
	query_int4(q, v->version);
	query_string(q, v->session_id);
	query_string(q, v->user_input);
	query_string(q, v->assistant_response);
	query_string(q, v->metadata);
	query_text_array(q, v->tag_list, v->tag_count);
	query_bool(q, v->private);
	query_time(q, v->event_us);
	query_time(q, v->valid_until_us);
	query_bool(q, v->pinned);
	query_time(q, v->updated_us);
	query_string(q, v->agent);
}

/* What is gathered must differ in its first parameter: a memory's id, counted on by the part. */
static void name_of(const struct transfer_vector *vector, unsigned char name[16])
{
	uint32_t part;

	memcpy(name, vector->memory_id, 16);
	memcpy(&part, name, sizeof(part));
	part += (uint32_t)vector->part;
	memcpy(name, &part, sizeof(part));
}

void transfer_vector_ask(
    struct query *q, const char *namespace, const struct transfer_vector *vector)
{
	unsigned char hash[CONTENT_HASH_BYTES], name[16];

	query_init(q, SQL_import_vector);
	q->namespace = namespace;
	name_of(vector, name);
	query_uuid(q, name);
	query_string(q, namespace);
	query_uuid(q, vector->memory_id);
	query_int4(q, vector->version);
	if (read_hash(vector->content_hash, hash))
		query_bytes_copy(q, hash, sizeof(hash));
	else
		query_null(q);
	query_string(q, vector->model);
	query_int4(q, vector->part);
	query_vector(q, vector->numbers, EMBEDDING_DIMENSIONS);
}
