/* rows: a PGresult in binary format, or some rows of one, seen through types. */
#include "rows.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "rows_impl.h"

struct rows {
	PGresult *result;   /* owned, unless this is a part */
	struct rows *whole; /* a part of that; NULL: the whole */
	int parts;          /* of a whole: itself and its parts */
	int first, count;
};

struct rows *rows_new(PGresult *result)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL) {
		PQclear(result);
		return NULL;
	}
	rows->result = result;
	rows->parts = 1;
	rows->count = PQntuples(result);
	return rows;
}

struct rows *rows_part(struct rows *whole, int first, int count)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->result = whole->result;
	rows->whole = whole;
	rows->first = first;
	rows->count = count;
	whole->parts++;
	return rows;
}

static const PGresult *result_of(const struct rows *rows)
{
	return rows->result;
}

int rows_count(const struct rows *rows)
{
	return rows->count;
}

bool rows_is_null(const struct rows *rows, int row, int col)
{
	return PQgetisnull(result_of(rows), rows->first + row, col) != 0;
}

const char *rows_text(const struct rows *rows, int row, int col, size_t *len)
{
	if (len != NULL)
		*len = (size_t)PQgetlength(result_of(rows), rows->first + row, col);
	return rows_is_null(rows, row, col)
	           ? NULL
	           : PQgetvalue(result_of(rows), rows->first + row, col);
}

/* The bytes of a value that must have this length. */
static void take(const struct rows *rows, int row, int col, void *out, size_t len)
{
	if ((size_t)PQgetlength(result_of(rows), rows->first + row, col) != len)
		abort();
	memcpy(out, PQgetvalue(result_of(rows), rows->first + row, col), len);
}

int64_t rows_int(const struct rows *rows, int row, int col)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (PQgetlength(result_of(rows), rows->first + row, col)) {
	case 2:
		take(rows, row, col, &two, 2);
		return (int16_t)be16toh(two);
	case 4:
		take(rows, row, col, &four, 4);
		return (int32_t)be32toh(four);
	default:
		take(rows, row, col, &eight, 8);
		return (int64_t)be64toh(eight);
	}
}

double rows_float(const struct rows *rows, int row, int col)
{
	uint64_t bits;
	double value;

	take(rows, row, col, &bits, 8);
	bits = be64toh(bits);
	memcpy(&value, &bits, sizeof(value));
	return value;
}

bool rows_bool(const struct rows *rows, int row, int col)
{
	unsigned char value;

	take(rows, row, col, &value, 1);
	return value != 0;
}

void rows_uuid_bytes(const struct rows *rows, int row, int col, unsigned char uuid[16])
{
	take(rows, row, col, uuid, 16);
}

static char *put_hex(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 15];
	return out;
}

void rows_uuid(const struct rows *rows, int row, int col, char text[37])
{
	unsigned char b[16];

	take(rows, row, col, b, 16);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		text = put_hex(text, b[i]);
	}
	*text = '\0';
}

void rows_sha256(const struct rows *rows, int row, int col, char text[65])
{
	unsigned char b[32];

	if (!rows_is_null(rows, row, col)) {
		take(rows, row, col, b, sizeof(b));
		for (size_t i = 0; i < sizeof(b); i++)
			text = put_hex(text, b[i]);
	}
	*text = '\0';
}

/* vector_send of pgvector: int16 dimensions, int16 unused, float4 each. */
bool rows_vector(const struct rows *rows, int row, int col, float *numbers, size_t count)
{
	size_t len;
	const unsigned char *bytes = rows_bytes(rows, row, col, &len);

	if (bytes == NULL)
		return false;
	if (len != 4 + 4 * count)
		abort();
	for (size_t i = 0; i < count; i++) {
		uint32_t wire;

		memcpy(&wire, bytes + 4 + 4 * i, sizeof(wire));
		wire = be32toh(wire);
		memcpy(&numbers[i], &wire, sizeof(wire));
	}
	return true;
}

const unsigned char *rows_bytes(const struct rows *rows, int row, int col, size_t *len)
{
	return (const unsigned char *)rows_text(rows, row, col, len);
}

int64_t rows_time(const struct rows *rows, int row, int col)
{
	if (rows_is_null(rows, row, col))
		return ROWS_NO_TIME;
	return rows_int(rows, row, col) + POSTGRES_EPOCH_US;
}

void rows_free(struct rows *rows)
{
	struct rows *whole;

	if (rows == NULL)
		return;
	whole = rows->whole != NULL ? rows->whole : rows;
	if (rows != whole)
		free(rows);
	if (--whole->parts > 0)
		return;
	PQclear(whole->result);
	free(whole);
}
