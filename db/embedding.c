/* embedding: fills and reads the statements embed_*, reembed_* and canary_*. */
#include "embedding.h"

#include <math.h>

bool vector_looks_random(const float *numbers, size_t count)
{
	double mean = 0, square = 0, fourth = 0, n = (double)count;

	for (size_t i = 0; i < count; i++)
		mean += (double)numbers[i] / n;
	for (size_t i = 0; i < count; i++) {
		double d = (double)numbers[i] - mean;

		square += d * d / n;
		fourth += d * d * d * d / n;
	}
	double kurtosis = fourth / (square * square);

	return fabs(kurtosis - KURTOSIS_NORMAL) < KURTOSIS_NEAR ||
	       fabs(kurtosis - KURTOSIS_UNIFORM) < KURTOSIS_NEAR;
}

void embed_round_ask(struct query *q, const char *model)
{
	query_init(q, SQL_embed_round);
	query_string(q, model);
	query_int4(q, EMBED_BACKLOG_LIMIT);
}

void embed_round_read(const struct rows *rows, struct embed_round *round)
{
	round->current = rows_text(rows, 0, 0, NULL);
	round->building = rows_text(rows, 0, 1, NULL);
	round->waiting = rows_int(rows, 0, 2);
	round->oldest_us = rows_time(rows, 0, 3);
	round->moving = rows_bool(rows, 0, 4);
}

void embed_claim_ask(struct query *q, int32_t memories, int64_t bytes, int32_t lease_ms)
{
	query_init(q, SQL_embed_claim);
	query_int4(q, memories);
	query_int8(q, bytes);
	query_int4(q, lease_ms);
}

void embed_claimed_read(const struct rows *rows, int row, struct embed_claimed *claimed)
{
	rows_uuid_bytes(rows, row, 0, claimed->id);
	claimed->version = (int32_t)rows_int(rows, row, 1);
	claimed->user_input = rows_text(rows, row, 2, &claimed->user_input_len);
	claimed->assistant_response = rows_text(rows, row, 3, &claimed->assistant_response_len);
}

static void store_ask(struct query *q, enum sql_id sql, const unsigned char id[16],
    int32_t version, const char *model, const float *vectors, size_t parts)
{
	query_init(q, sql);
	query_uuid(q, id);
	query_int4(q, version);
	query_string(q, model);
	query_float4_array(q, vectors, parts * EMBEDDING_DIMENSIONS);
	query_int4(q, (int32_t)parts);
	query_int4(q, EMBEDDING_DIMENSIONS);
}

void embed_store_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *model, const float *vectors, size_t parts)
{
	store_ask(q, SQL_embed_store, id, version, model, vectors, parts);
}

void embed_release_ask(struct query *q, const unsigned char (*ids)[16], size_t count,
    int32_t again_ms, const char *error)
{
	query_init(q, SQL_embed_release);
	query_uuid_array(q, ids, count);
	query_int4(q, again_ms);
	query_string(q, error);
}

void embed_fail_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *error, int32_t most_attempts)
{
	query_init(q, SQL_embed_fail);
	query_uuid(q, id);
	query_int4(q, version);
	query_string(q, error);
	query_int4(q, most_attempts);
}

static void some_ask(struct query *q, enum sql_id sql, const char *model, int32_t limit)
{
	query_init(q, sql);
	query_string(q, model);
	query_int4(q, limit);
}

void embed_move_ask(struct query *q, const char *model, int32_t limit)
{
	some_ask(q, SQL_embed_move, model, limit);
}

void embed_strays_ask(struct query *q, const char *model, int32_t limit)
{
	some_ask(q, SQL_embed_strays, model, limit);
}

void reembed_begin_ask(struct query *q, const char *model, bool instead)
{
	query_init(q, SQL_reembed_begin);
	query_string(q, model);
	query_bool(q, instead);
}

void reembed_begin_read(const struct rows *rows, struct reembed_begun *begun)
{
	begun->current = rows_text(rows, 0, 0, NULL);
	begun->building = rows_text(rows, 0, 1, NULL);
	begun->memories = rows_int(rows, 0, 2);
	begun->missing = rows_int(rows, 0, 3);
}

void reembed_next_ask(struct query *q, const char *model, const unsigned char behind[16],
    int32_t memories, int64_t bytes)
{
	query_init(q, SQL_reembed_next);
	query_string(q, model);
	query_uuid(q, behind);
	query_int4(q, memories);
	query_int8(q, bytes);
}

void reembed_store_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *model, const float *vectors, size_t parts)
{
	store_ask(q, SQL_reembed_store, id, version, model, vectors, parts);
}

static void recall(struct query *q, double value)
{
	if (value < 0)
		query_null(q);
	else
		query_float8(q, value);
}

void reembed_switch_ask(
    struct query *q, const char *model, double recall_before, double recall_after)
{
	query_init(q, SQL_reembed_switch);
	query_string(q, model);
	recall(q, recall_before);
	recall(q, recall_after);
}

void reembed_sweep_ask(struct query *q, int32_t limit)
{
	query_init(q, SQL_reembed_sweep);
	query_int4(q, limit);
}

void canary_sample_ask(struct query *q, int32_t limit, int32_t characters)
{
	query_init(q, SQL_canary_sample);
	query_int4(q, limit);
	query_int4(q, characters);
}

void canary_rank_ask(struct query *q, const unsigned char id[16], const char *model,
    const float *vector, int32_t pool, bool unknown_too)
{
	query_init(q, SQL_canary_rank);
	query_uuid(q, id);
	query_string(q, model);
	query_vector(q, vector, EMBEDDING_DIMENSIONS);
	query_int4(q, pool);
	query_bool(q, unknown_too);
}
