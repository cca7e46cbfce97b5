/* vectors: how the index on embeddings is, and whether it finds what it should. */
#include "vectors.h"

#include <string.h>

void vector_settings(struct query *q)
{
	/* The planner does not know that an exact order means fetching every vector. */
	query_setting(q, "enable_sort", "off");
	query_setting(q, "hnsw.ef_search", "100");
	/* Hits outside of the scope do not count: the index goes on until there are enough. */
	query_setting(q, "hnsw.iterative_scan", "relaxed_order");
	query_setting(q, "hnsw.max_scan_tuples", "50000");
}

void vector_index_ask(struct query *q, int64_t least)
{
	query_init(q, SQL_vector_index_state);
	query_int8(q, least);
}

static const char *const names[VECTOR_INDEX_STATES] = {
    [VECTOR_INDEX_FEW] = "few",
    [VECTOR_INDEX_MISSING] = "missing",
    [VECTOR_INDEX_BUILDING] = "building",
    [VECTOR_INDEX_BROKEN] = "broken",
    [VECTOR_INDEX_READY] = "ready",
};

const char *vector_index_name(enum vector_index_state state)
{
	return names[state];
}

void vector_index_read(const struct rows *rows, struct vector_index indexes[VECTOR_INDEX_KINDS])
{
	for (int row = 0; row < rows_count(rows) && row < VECTOR_INDEX_KINDS; row++) {
		struct vector_index *index = &indexes[row];
		const char *name = rows_text(rows, row, 0, NULL);

		index->state = VECTOR_INDEX_FEW;
		while (
		    index->state < VECTOR_INDEX_READY && strcmp(name, names[index->state]) != 0)
			index->state++;
		index->vectors = rows_int(rows, row, 1);
		index->built = rows_float(rows, row, 2);
	}
}

void vector_check_ask(struct query *q, int64_t vectors)
{
	query_init(q, SQL_vector_index_check);
	query_int8(q, vectors);
	vector_settings(q);
}

void vector_check_read(const struct rows *rows, struct vector_check *check)
{
	check->found = rows_int(rows, 0, 0);
	check->missed = rows_int(rows, 0, 1);
}
