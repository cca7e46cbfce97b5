/* operations: the statements that erase and roll back. */
#include "operations.h"

#include <string.h>

#include "lexicon.h"

bool operation_scope_is_empty(const struct operation_scope *scope)
{
	return scope->id_count == 0 && scope->session_id == NULL && scope->agent == NULL &&
	       scope->key_id == NULL && scope->metadata == NULL && scope->words == NULL &&
	       scope->from_us == ROWS_NO_TIME && scope->to_us == ROWS_NO_TIME;
}

/* $1 to $11, as db/sql/parts/memory_scope.sql has them. */
static bool init_scoped(struct query *q, enum sql_id sql, const struct principal *who,
    const unsigned char id[16], const struct operation_scope *scope)
{
	bool ok = true;

	query_init_who(q, sql, who);
	query_uuid(q, id);
	if (scope->id_count > 0)
		query_uuid_array(q, scope->ids, scope->id_count);
	else
		query_null(q);
	query_string(q, scope->session_id);
	query_string(q, scope->agent);
	query_uuid(q, scope->key_id);
	query_string(q, scope->metadata);
	if (scope->words != NULL)
		ok = lexicon_add_words(q, who->namespace, scope->words, strlen(scope->words));
	else
		query_null(q);
	query_time(q, scope->from_us);
	query_time(q, scope->to_us);
	return ok;
}

bool erase_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope, bool dry)
{
	bool ok = init_scoped(q, SQL_erase, who, id, scope);

	query_bool(q, dry);
	query_string(q, scope->json);
	return ok;
}

bool erase_scan_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope)
{
	return init_scoped(q, SQL_erase_scan, who, id, scope);
}

void erase_scan_read(
    const struct rows *rows, int64_t *memories, int64_t *versions, int64_t *handoffs)
{
	*memories = rows_int(rows, 0, 0);
	*versions = rows_int(rows, 0, 1);
	*handoffs = rows_int(rows, 0, 2);
}

bool roll_back_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope, bool dry, int64_t reversible_until_us)
{
	bool ok = init_scoped(q, SQL_roll_back, who, id, scope);

	query_bool(q, dry);
	query_string(q, scope->json);
	query_time(q, reversible_until_us);
	return ok;
}

const char *operation_counts(const struct rows *rows, int64_t *memories)
{
	*memories = rows_int(rows, 0, 1);
	return rows_text(rows, 0, 0, NULL);
}

void roll_back_reverse_ask(
    struct query *q, const struct principal *who, const unsigned char id[16])
{
	query_init_who(q, SQL_roll_back_reverse, who);
	query_uuid(q, id);
}

bool roll_back_reverse_read(const struct rows *rows, int64_t *shown, int64_t *restored)
{
	*shown = rows_int(rows, 0, 1);
	*restored = rows_int(rows, 0, 2);
	return rows_int(rows, 0, 0) > 0;
}

void operation_get_ask(struct query *q, const struct principal *who, const unsigned char id[16])
{
	query_init_for(q, SQL_operation_get, who->namespace);
	query_uuid(q, id);
}

bool operation_get_read(const struct rows *rows, struct operation *operation)
{
	if (rows_count(rows) == 0)
		return false;
	rows_uuid(rows, 0, 0, operation->id);
	operation->kind = rows_text(rows, 0, 1, NULL);
	operation->agent = rows_text(rows, 0, 2, NULL);
	operation->scope = rows_text(rows, 0, 3, NULL);
	operation->counts = rows_text(rows, 0, 4, NULL);
	operation->created_us = rows_time(rows, 0, 5);
	operation->reversible_until_us = rows_time(rows, 0, 6);
	operation->reversed_us = rows_time(rows, 0, 7);
	return true;
}

void memory_receipt_ask(
    struct query *q, const struct principal *who, const unsigned char id[16])
{
	query_init_who(q, SQL_memory_receipt, who);
	query_uuid(q, id);
}

bool memory_receipt_read(const struct rows *rows, struct memory_receipt *receipt)
{
	if (rows_count(rows) == 0)
		return false;
	memset(receipt, 0, sizeof(*receipt));
	rows_uuid(rows, 0, 0, receipt->id);
	receipt->xid = rows_int(rows, 0, 1);
	receipt->seq = rows_int(rows, 0, 2);
	rows_sha256(rows, 0, 3, receipt->content_hash);
	receipt->version = (int)rows_int(rows, 0, 4);
	receipt->merged = (int)rows_int(rows, 0, 5);
	receipt->embed_state = rows_text(rows, 0, 6, NULL);
	receipt->created_us = rows_time(rows, 0, 7);
	receipt->updated_us = rows_time(rows, 0, 8);
	receipt->deleted = rows_bool(rows, 0, 9);
	return true;
}
