/*
 * vector_build: connect -> settings -> (drop what is left of an earlier build) -> build -> done
 *
 * CONCURRENTLY, so that saving goes on meanwhile. It cannot be part of a transaction, and takes longer than any
 * deadline of the pool, hence a connection of its own. Nothing is locked against other processes: the second
 * builder waits for the first and then finds the index there.
 */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <libpq-fe.h>

#include "connector.h"

#define STATEMENTS 2

#define DROP(index) "DROP INDEX CONCURRENTLY IF EXISTS " index
#define BUILD(index, table)                                                                    \
	"CREATE INDEX CONCURRENTLY IF NOT EXISTS " index " ON " table                          \
	" USING hnsw ((binary_quantize(embedding)::bit(4096)) bit_hamming_ops)"

static const char *const statements[VECTOR_INDEX_KINDS][STATEMENTS] = {
    [VECTOR_INDEX_WHOLES] = {DROP("idx_memories_embedding_signs"),
        BUILD("idx_memories_embedding_signs",
            "memories") " WHERE embed_state = 'ok' AND deleted_at IS NULL"},
    [VECTOR_INDEX_PARTS] = {DROP("idx_memory_vectors_signs"),
        BUILD("idx_memory_vectors_signs", "memory_vectors")},
};

struct vector_build {
	struct event_base *base;
	struct vector_build_config config;
	struct connector *connector;
	struct attempt *attempt;
	PGconn *pg;
	struct event *readable;
	size_t next; /* of its statements */
	char error[256];
};

static void disconnect(struct vector_build *build)
{
	if (build->readable != NULL)
		event_free(build->readable);
	build->readable = NULL;
	PQfinish(build->pg);
	build->pg = NULL;
}

static void finish(struct vector_build *build, const char *error)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", error != NULL ? error : "");
	disconnect(build);
	build->config.done(build->config.arg, error != NULL ? text : NULL);
}

/* They are shorter than any socket buffer: nothing is left to flush. */
static void send_next(struct vector_build *build)
{
	if (build->next == STATEMENTS)
		finish(build, NULL);
	else if (PQsendQuery(build->pg, statements[build->config.kind][build->next]) == 0 ||
	         PQflush(build->pg) != 0)
		finish(build, PQerrorMessage(build->pg));
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vector_build *build = arg;
	PGresult *result;

	(void)fd;
	(void)what;
	if (PQconsumeInput(build->pg) == 0) {
		finish(build, "the connection broke");
		return;
	}
	while (PQisBusy(build->pg) == 0) {
		result = PQgetResult(build->pg);
		if (result == NULL)
			break;
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			snprintf(build->error, sizeof(build->error), "%s",
			    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		PQclear(result);
	}
	if (PQisBusy(build->pg) != 0)
		return;
	if (*build->error != '\0') {
		finish(build, build->error);
		return;
	}
	build->next++;
	send_next(build);
}

static void on_connected(void *arg, PGconn *pg, const char *error)
{
	struct vector_build *build = arg;

	build->attempt = NULL;
	build->pg = pg;
	if (pg == NULL) {
		finish(build, error);
		return;
	}
	build->readable =
	    event_new(build->base, PQsocket(pg), EV_READ | EV_PERSIST, on_readable, build);
	if (build->readable == NULL || event_add(build->readable, NULL) != 0)
		finish(build, "out of memory");
	else
		send_next(build);
}

struct vector_build *vector_build_start(struct event_base *base,
    const struct vector_build_config *config, char *error, size_t error_len)
{
	struct vector_build *build = calloc(1, sizeof(*build));
	char options[96];

	snprintf(options, sizeof(options),
	    "-c statement_timeout=0 -c maintenance_work_mem=%dMB", config->memory_mb);
	const struct connector_config connector = {
	    .conninfo = config->conninfo, .options = options, .role = "read-write", .host = -1};

	snprintf(error, error_len, "out of memory");
	if (build == NULL)
		return NULL;
	build->base = base;
	build->config = *config;
	build->next = config->drop ? 0 : 1;
	build->connector = connector_new(base, &connector, error, error_len);
	if (build->connector != NULL)
		build->attempt =
		    connector_start(build->connector, config->connect_ms, on_connected, build);
	if (build->attempt == NULL) {
		vector_build_free(build);
		return NULL;
	}
	return build;
}

void vector_build_free(struct vector_build *build)
{
	if (build == NULL)
		return;
	connector_cancel(build->attempt);
	disconnect(build);
	connector_free(build->connector);
	free(build);
}
