/*
 * get_status: what the memory holds and how the server is doing.
 *
 *	count -> report
 */
#include "clock.h"
#include "database.h"
#include "embed/embedder.h"
#include "embed/reranker.h"
#include "memories.h"
#include "rows.h"
#include "service.h"
#include "tools/show.h"
#include "tools/show_breakers.h"
#include "tools/tools.h"
#include "vector_index.h"

struct get_status {
	struct call call;
};

/* clang-format off */
static const struct arg arguments[] = { { 0 } };

static const struct arg open_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "version", .kind = ARG_TEXT, .required = true },
	{ .name = "memories", .kind = ARG_INTEGER },
	{ .name = "mode", .kind = ARG_TEXT, .required = true },
	{ .name = "database_pool", .kind = ARG_RECORD, .required = true, .items = open_results },
	{ .name = "circuit_breakers", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ 0 },
};
/* clang-format on */

/* Without the database, or without knowing who asks, the server's own state is what can be told. */
static enum step_result count(struct call *call)
{
	if (*call->who.namespace == '\0' || database_mode(call->service->db) == DATABASE_AWAY)
		return STEP_NEXT;
	memory_totals_ask(&call->query, &call->who);
	return call_query(call);
}

static const char *const modes[] = {
    [DATABASE_READY] = "ready",
    [DATABASE_READ_ONLY] = "read_only",
    [DATABASE_AWAY] = "away",
};

static void add_provider(json_t *backlog, struct embedder *e)
{
	json_object_update_new(
	    backlog, json_pack("{s:s, s:s*}", "model", embedder_config(e)->provider.model,
	                 "problem", embedder_problem(e)));
	if (embedder_dimensions(e) > 0)
		json_object_set_new(
		    backlog, "dimensions", json_integer((json_int_t)embedder_dimensions(e)));
}

static void add_backlog(
    json_t *result, const struct memory_totals *totals, struct embedder *embedder)
{
	json_t *backlog = json_pack("{s:I, s:I}", "waiting", (json_int_t)totals->to_embed,
	    "failed", (json_int_t)totals->embed_failed);

	if (totals->to_embed > 0)
		json_object_set_new(
		    backlog, "oldest_at", show_time(totals->oldest_to_embed_us));
	if (embedder != NULL)
		add_provider(backlog, embedder);
	json_object_set_new(result, "embedding", backlog);
}

static void add_totals(const struct call *call)
{
	struct memory_totals totals;

	memory_totals_read(call->rows, &totals);
	json_object_update_new(
	    call->result, json_pack("{s:I, s:I, s:I}", "memories", (json_int_t)totals.memories,
	                      "with_embedding", (json_int_t)totals.embedded, "sessions",
	                      (json_int_t)totals.sessions));
	add_backlog(call->result, &totals, call->service->embedder);
	json_object_set_new(
	    call->result, "sessions_by_status", show_json(totals.sessions_by_status));
	json_object_set_new(call->result, "redacted", show_json(totals.redacted));
	json_object_update_new(
	    call->result, json_pack("{s:i, s:s*, s:s*}", "schema_version", totals.schema,
	                      "postgresql", totals.postgresql, "pgvector", totals.pgvector));
	if (totals.memories == 0)
		return;
	json_object_set_new(call->result, "first_memory_at", show_time(totals.first_us));
	json_object_set_new(call->result, "last_memory_at", show_time(totals.last_us));
}

static void add_vector_index(const struct call *call)
{
	struct vector_index index =
	    vector_keeper_report(call->service->vectors).indexes[VECTOR_INDEX_WHOLES];
	json_t *shown = json_pack("{s:s, s:I}", "state", vector_index_name(index.state),
	    "vectors", (json_int_t)index.vectors);

	if (index.state == VECTOR_INDEX_BUILDING)
		json_object_set_new(shown, "built", json_real(index.built));
	json_object_set_new(call->result, "vector_index", shown);
}

static void add_reranker(const struct call *call)
{
	const struct reranker *r = call->service->reranker;

	json_object_set_new(call->result, "rerank",
	    json_pack("{s:s, s:s*}", "model", reranker_config(r)->model, "problem",
	        reranker_problem(r)));
}

static enum step_result report(struct call *call)
{
	struct database *db = call->service->db;
	struct pool_stats pool = pool_stats(database_pool(db, 0));
	int64_t uptime_ms = clock_ms() - call->service->started_ms;

	call->result = json_pack("{s:s, s:I, s:s, s:{s:i, s:i, s:i, s:i}, s:o}", "version",
	    SAGE_VERSION, "uptime_seconds", (json_int_t)(uptime_ms / 1000), "mode",
	    modes[database_mode(db)], "database_pool", "size", pool.size, "idle", pool.idle,
	    "busy", pool.busy, "waiting", pool.waiting, "circuit_breakers",
	    show_breakers(call->service));
	if (*call->who.namespace != '\0')
		json_object_update_new(
		    call->result, json_pack("{s:s, s:s}", "namespace", call->who.namespace,
		                      "agent", call->who.agent));
	if (call->rows != NULL)
		add_totals(call);
	if (call->service->vectors != NULL)
		add_vector_index(call);
	if (call_reranks(call))
		add_reranker(call);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(count), STEP(report), {0}};

const struct tool tool_get_status = {
    .work = {.name = "get_status",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct get_status),
        .reads_only = true,
        .serves_anybody = true},
    .title = "Status",
    .description = "What the memory holds for you and how the server is doing.",
    .results = results,
};
