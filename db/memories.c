/* memories: the statements on single memories. */
#include "memories.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "text.h"

/* The name space of ids made from idempotency keys; any fixed UUID. */
static const uuid_t key_space = {0x6f, 0x1c, 0x4e, 0x0a, 0x93, 0x5d, 0x4b, 0x52, 0x8e, 0x17,
    0x2d, 0xc3, 0x74, 0x58, 0x90, 0xb6};

void memory_id_for(
    const struct principal *who, const char *key, size_t len, unsigned char id[16])
{
	char name[PRINCIPAL_NAME_BYTES + IDEMPOTENCY_KEY_BYTES + 1];
	int at = snprintf(name, sizeof(name), "%s", who->namespace) + 1; /* its NUL separates */

	if (len > IDEMPOTENCY_KEY_BYTES)
		abort();
	memcpy(name + at, key, len);
	uuid_generate_sha1(id, key_space, name, (size_t)at + len);
}

bool memory_save_ask(
    struct query *q, const struct principal *who, const struct memory_new *memory)
{
	struct terms terms = {0};
	bool ok =
	    terms_add_text(&terms, memory->user_input, memory->user_input_len) &&
	    terms_add_text(&terms, memory->assistant_response, memory->assistant_response_len);

	query_init(q, SQL_memory_save);
	q->namespace = who->namespace;
	if (ok) {
		query_uuid(q, memory->id);
		query_text(q, who->namespace, strlen(who->namespace));
		query_text(q, who->agent, strlen(who->agent));
		query_text(q, memory->session_id, memory->session_id_len);
		query_text(q, memory->user_input, memory->user_input_len);
		query_text(q, memory->assistant_response, memory->assistant_response_len);
		query_text(q, memory->metadata, memory->metadata_len);
		query_vector(q, memory->embedding, EMBEDDING_DIMENSIONS);
		query_int4_array(q, terms.items, terms.count);
	}
	terms_fini(&terms);
	return ok;
}

bool memory_save_read(const struct rows *rows, struct memory_saved *saved)
{
	if (rows_count(rows) == 0)
		return false;
	rows_uuid(rows, 0, 0, saved->id);
	saved->created_us = rows_time(rows, 0, 1);
	return true;
}

void memory_get_ask(struct query *q, const struct principal *who, const unsigned char id[16])
{
	query_init_for(q, SQL_memory_get, who->namespace);
	query_uuid(q, id);
}

bool memory_get_read(const struct rows *rows, struct memory *memory)
{
	if (rows_count(rows) == 0)
		return false;
	rows_uuid(rows, 0, 0, memory->id);
	memory->session_id = rows_text(rows, 0, 1, NULL);
	memory->agent = rows_text(rows, 0, 2, NULL);
	memory->user_input = rows_text(rows, 0, 3, NULL);
	memory->assistant_response = rows_text(rows, 0, 4, NULL);
	memory->metadata = rows_is_null(rows, 0, 5) ? "{}" : rows_text(rows, 0, 5, NULL);
	memory->created_us = rows_time(rows, 0, 6);
	memory->updated_us = rows_time(rows, 0, 7);
	memory->has_embedding = rows_bool(rows, 0, 8);
	return true;
}

void memory_totals_ask(struct query *q, const struct principal *who)
{
	query_init_for(q, SQL_status, who->namespace);
}

void memory_totals_read(const struct rows *rows, struct memory_totals *totals)
{
	totals->memories = rows_int(rows, 0, 0);
	totals->embedded = rows_int(rows, 0, 1);
	totals->first_us = rows_time(rows, 0, 2);
	totals->last_us = rows_time(rows, 0, 3);
	totals->sessions = rows_int(rows, 0, 4);
}
