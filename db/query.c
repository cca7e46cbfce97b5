/* query: parameters in PostgreSQL's binary formats (network byte order). */
#include "query.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define INT4_OID   23U
#define FLOAT4_OID 700U
#define TEXT_OID   25U
#define UUID_OID   2950U

void query_init(struct query *q, enum sql_id sql)
{
	memset(q, 0, sizeof(*q));
	q->sql = sql;
	q->namespace = "";
}

void query_init_for(struct query *q, enum sql_id sql, const char *namespace)
{
	query_init(q, sql);
	q->namespace = namespace;
	query_string(q, namespace);
}

void query_setting(struct query *q, const char *name, const char *value)
{
	if (q->setting_count == QUERY_MAX_SETTINGS)
		abort();
	q->settings[q->setting_count].name = name;
	q->settings[q->setting_count++].value = value;
}

static int next(struct query *q)
{
	if (q->count == QUERY_MAX_PARAMS)
		abort();
	return q->count++;
}

void query_null(struct query *q)
{
	q->values[next(q)] = NULL;
}

void query_bytes(struct query *q, const void *bytes, size_t len)
{
	int i = next(q);

	q->values[i] = bytes;
	q->lengths[i] = (int)len;
}

void query_text(struct query *q, const char *text, size_t len)
{
	query_bytes(q, text, len);
}

void query_string(struct query *q, const char *text)
{
	query_text(q, text, text != NULL ? strlen(text) : 0);
}

/* A small value, kept inside the query. */
static void add_small(struct query *q, const void *bytes, size_t len)
{
	int i = next(q);

	memcpy(q->scratch[i].bytes, bytes, len);
	q->values[i] = (const char *)q->scratch[i].bytes;
	q->lengths[i] = (int)len;
}

void query_bool(struct query *q, bool value)
{
	unsigned char wire = value;

	add_small(q, &wire, sizeof(wire));
}

void query_float8(struct query *q, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	query_int8(q, (int64_t)bits);
}

void query_int8(struct query *q, int64_t value)
{
	uint64_t wire = htobe64((uint64_t)value);

	add_small(q, &wire, sizeof(wire));
}

void query_int4(struct query *q, int32_t value)
{
	uint32_t wire = htobe32((uint32_t)value);

	add_small(q, &wire, sizeof(wire));
}

void query_uuid(struct query *q, const unsigned char uuid[16])
{
	if (uuid == NULL)
		query_null(q);
	else
		add_small(q, uuid, 16);
}

void query_time(struct query *q, int64_t unix_us)
{
	if (unix_us == ROWS_NO_TIME) {
		query_null(q);
		return;
	}
	uint64_t wire = htobe64((uint64_t)(unix_us - POSTGRES_EPOCH_US));

	add_small(q, &wire, sizeof(wire));
}

/* A large value on the heap; aborts when there is no memory, as jansson's users would stall. */
static unsigned char *add_large(struct query *q, size_t len)
{
	int i = next(q);

	q->scratch[i].owned = malloc(len);
	if (q->scratch[i].owned == NULL)
		abort();
	q->owns[i] = true;
	q->values[i] = q->scratch[i].owned;
	q->lengths[i] = (int)len;
	return q->scratch[i].owned;
}

static unsigned char *put32(unsigned char *out, uint32_t value)
{
	uint32_t wire = htobe32(value);

	memcpy(out, &wire, sizeof(wire));
	return out + sizeof(wire);
}

void query_bytes_copy(struct query *q, const void *bytes, size_t len)
{
	memcpy(add_large(q, len), bytes, len);
}

/* Header of a one-dimensional array without NULLs (array_recv in arrayfuncs.c), with room for its items. */
static unsigned char *add_array(struct query *q, uint32_t oid, size_t count, size_t items_len)
{
	/* An empty array has no dimension at all. */
	size_t header = count > 0 ? 20 : 12;
	unsigned char *out = add_large(q, header + count * 4 + items_len);

	out = put32(out, count > 0 ? 1 : 0);
	out = put32(out, 0); /* no NULLs */
	out = put32(out, oid);
	if (count > 0) {
		out = put32(out, (uint32_t)count);
		out = put32(out, 1); /* lower bound */
	}
	return out;
}

void query_int4_array(struct query *q, const int32_t *items, size_t count)
{
	unsigned char *out = add_array(q, INT4_OID, count, count * 4);

	for (size_t i = 0; i < count; i++)
		out = put32(put32(out, 4), (uint32_t)items[i]);
}

static unsigned char *put_float(unsigned char *out, float number)
{
	uint32_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return put32(out, bits);
}

void query_float4_array(struct query *q, const float *items, size_t count)
{
	unsigned char *out = add_array(q, FLOAT4_OID, count, count * 4);

	for (size_t i = 0; i < count; i++)
		out = put_float(put32(out, 4), items[i]);
}

void query_uuid_array(struct query *q, const unsigned char (*items)[16], size_t count)
{
	unsigned char *out = add_array(q, UUID_OID, count, count * 16);

	for (size_t i = 0; i < count; i++) {
		memcpy(put32(out, 16), items[i], 16);
		out += 20;
	}
}

void query_text_array(struct query *q, const char *const *items, size_t count)
{
	size_t len = 0;

	if (items == NULL) {
		query_null(q);
		return;
	}
	for (size_t i = 0; i < count; i++)
		len += strlen(items[i]);
	unsigned char *out = add_array(q, TEXT_OID, count, len);

	for (size_t i = 0; i < count; i++) {
		size_t item_len = strlen(items[i]);

		out = put32(out, (uint32_t)item_len);
		memcpy(out, items[i], item_len);
		out += item_len;
	}
}

/* vector_recv of pgvector: int16 dimensions, int16 unused, float4 each. */
void query_vector(struct query *q, const float *items, size_t count)
{
	if (items == NULL) {
		query_null(q);
		return;
	}
	unsigned char *out = add_large(q, 4 + count * 4);
	uint16_t wire = htobe16((uint16_t)count);

	memcpy(out, &wire, 2);
	memset(out + 2, 0, 2);
	out += 4;
	for (size_t i = 0; i < count; i++)
		out = put_float(out, items[i]);
}

/* sparsevec_recv: int32 dimensions, entries and unused, the places from 0 up, the values. */
void query_sparse_vector(struct query *q, int32_t dimensions, const int32_t *places,
    const float *values, size_t count)
{
	unsigned char *out = add_large(q, 12 + count * 8);

	out = put32(put32(put32(out, (uint32_t)dimensions), (uint32_t)count), 0);
	for (size_t i = 0; i < count; i++)
		out = put32(out, (uint32_t)places[i]);
	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &values[i], sizeof(bits));
		out = put32(out, bits);
	}
}

void query_fini(struct query *q)
{
	for (int i = 0; i < q->count; i++) {
		if (q->owns[i])
			free(q->scratch[i].owned);
		q->owns[i] = false;
	}
	q->count = 0;
}
