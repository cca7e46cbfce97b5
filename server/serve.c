/*
 * serve: builds the service, runs it, takes it down.
 *
 *	pool + auth + HTTP -> listen -> migrate (again and again, until the database is there)
 *	-> open the pool -> ... -> SIGTERM: drain -> exit
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "admin/admin.h"
#include "auth.h"
#include "backfill.h"
#include "clock.h"
#include "commands.h"
#include "database.h"
#include "database_options.h"
#include "embed/embedder.h"
#include "embed/reranker.h"
#include "embed_options.h"
#include "ended_sessions.h"
#include "events.h"
#include "housekeeping.h"
#include "http/http.h"
#include "log.h"
#include "log_sink.h"
#include "loop.h"
#include "mcp/endpoint.h"
#include "mcp/http_sse.h"
#include "mcp/listener.h"
#include "mcp/stream.h"
#include "mcp/task.h"
#include "migrate.h"
#include "options.h"
#include "public_address.h"
#include "reload.h"
#include "rerank_options.h"
#include "routes.h"
#include "serve.h"
#include "server_limits.h"
#include "service.h"
#include "signer.h"
#include "surface.h"
#include "systemd.h"
#include "vector_index.h"

#define DOCTOR "'sage-mcp doctor' explains"

struct serve {
	struct service service;
	struct http_server *admin;
	struct migration_run *migration;
	char *conninfo;
	struct event *signals[3];
	struct event *lame_duck; /* until it is over */
	bool failed;             /* the database must be mended, and nobody waits for that */
	struct public_address *address;
};

/* One line, also on the terminal of whoever started it when the log is a file. */
static void say_cannot_start(const char *error)
{
	log_error("cannot start", "error", error, "help", DOCTOR);
	if (!log_sink_is_stdout())
		fprintf(stderr, "sage-mcp: %s; " DOCTOR "\n", error);
}

static void report_migration(void *arg, bool healthy, const char *text)
{
	(void)arg;
	log_pairs(healthy ? LOG_INFO : LOG_WARN, "migration", "state", text,
	    healthy ? (char *)0 : "help", DOCTOR, (char *)0);
}

static void open_database(struct serve *serve)
{
	database_open(serve->service.db);
	events_open(serve->service.events);
	signer_open(serve->service.signer);
	ended_sessions_open(serve->service.ended);
	tasks_open(serve->service.tasks);
	housekeeping_open(serve->service.housekeeping);
	vector_keeper_open(serve->service.vectors);
	if (serve->service.backfill != NULL)
		backfill_open(serve->service.backfill);
}

static void on_migrated(void *arg, enum migrate_outcome outcome, int applied, const char *error)
{
	struct serve *serve = arg;
	char count[16];

	if (outcome == MIGRATE_FAILED &&
	    !option_bool(serve->service.options, OPT_WAIT_FOR_DATABASE)) {
		say_cannot_start(error);
		serve->failed = true;
		event_base_loopbreak(serve->service.base);
		return;
	}
	if (outcome == MIGRATE_FAILED) {
		serve->service.schema = SCHEMA_FAILED;
		log_error("the schema could not be brought up to date; tools stay off until it "
		          "is, which is tried again and again",
		    "error", error, "help", DOCTOR);
		return;
	}
	snprintf(count, sizeof(count), "%d", applied);
	log_info("schema is up to date", "migrations_applied", count);
	serve->service.schema = SCHEMA_READY;
	open_database(serve);
}

static bool start_database(struct serve *serve, char *error, size_t len)
{
	struct options *o = serve->service.options;
	const struct migrate_config migrate = {
	    .conninfo = serve->conninfo,
	    .connect_ms = (int)option_number(o, OPT_DB_CONNECT_TIMEOUT_MS),
	    .keep_trying = option_bool(o, OPT_WAIT_FOR_DATABASE),
	    .report = report_migration,
	    .done = on_migrated,
	    .arg = serve,
	};

	if (!option_bool(o, OPT_MIGRATE)) {
		serve->service.schema = SCHEMA_READY;
		open_database(serve);
		return true;
	}
	serve->migration = migrate_start(serve->service.base, &migrate, error, len);
	return serve->migration != NULL;
}

static void on_drained(void *arg)
{
	struct serve *serve = arg;

	event_base_loopbreak(serve->service.base);
}

static void drain(evutil_socket_t fd, short what, void *arg)
{
	struct serve *serve = arg;

	(void)fd;
	(void)what;
	log_info("draining");
	listeners_end_all();
	http_sse_end_all();
	http_drain(serve->service.http,
	    (int)option_number(serve->service.options, OPT_DRAIN_MS), on_drained, serve);
}

/* First /readyz says so, and whoever sends requests here has time to notice; then it ends. */
static void on_term(evutil_socket_t number, short what, void *arg)
{
	struct serve *serve = arg;
	const char *ms = option_text(serve->service.options, OPT_LAME_DUCK_MS);
	long wait = option_number(serve->service.options, OPT_LAME_DUCK_MS);
	const struct timeval lame_duck = {wait / 1000, wait % 1000 * 1000};

	(void)number;
	(void)what;
	if (serve->service.draining) {
		log_warn("second signal: leaving at once");
		event_base_loopbreak(serve->service.base);
		return;
	}
	systemd_stopping();
	serve->service.draining = true;
	if (wait == 0) {
		drain(-1, 0, serve);
		return;
	}
	log_info("lame duck: not ready any more, and still serving", "ms", ms);
	event_add(serve->lame_duck, &lame_duck);
}

static void on_hup(evutil_socket_t number, short what, void *arg)
{
	struct serve *serve = arg;
	struct reload reload;

	(void)number;
	(void)what;
	reload_run(&serve->service, &reload);
}

static bool catch_signals(struct serve *serve)
{
	static const struct {
		int number;
		event_callback_fn run;
	} wanted[] = {{SIGTERM, on_term}, {SIGINT, on_term}, {SIGHUP, on_hup}};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		serve->signals[i] =
		    evsignal_new(serve->service.base, wanted[i].number, wanted[i].run, serve);
		if (serve->signals[i] == NULL || event_add(serve->signals[i], NULL) != 0)
			return false;
	}
	return true;
}

/* What stands on the loop, the pool and the events. */
static bool build_service(struct serve *serve)
{
	struct service *service = &serve->service;

	service->auth = auth_new(
	    service->db, strcmp(option_text(service->options, OPT_AUTH), "required") == 0);
	service->signer = signer_new(service->base, service->db);
	service->ended = ended_sessions_new(service);
	service->streams = streams_new(service->base);
	service->tasks = tasks_new(service);
	service->housekeeping = housekeeping_new(service);
	service->vectors = vector_keeper_new(service, serve->conninfo);
	return service->auth != NULL && service->signer != NULL && service->ended != NULL &&
	       service->streams != NULL && service->tasks != NULL &&
	       service->housekeeping != NULL && service->vectors != NULL;
}

/* Without a provider there is neither, and all else is as it is with one that is away. */
static bool build_embedder(struct service *service, char *error, size_t len)
{
	if (!embed_options_given(service->options))
		return true;
	service->embedder = embed_options_embedder(service->base, service->options, error, len);
	if (service->embedder != NULL)
		service->backfill = backfill_new(service);
	return service->backfill != NULL;
}

static bool build_reranker(struct service *service, char *error, size_t len)
{
	if (!rerank_options_given(service->options))
		return true;
	service->reranker =
	    rerank_options_reranker(service->base, service->options, error, len);
	if (service->reranker != NULL)
		reranker_probe(service->reranker);
	return service->reranker != NULL;
}

static bool build(struct serve *serve, char *error, size_t len)
{
	struct options *o = serve->service.options;
	struct database_config database;
	struct http_config http = {
	    .max_connections = (size_t)option_number(o, OPT_MAX_CONNECTIONS),
	    .handler = routes_handle,
	    .handler_arg = &serve->service,
	    .flag = "--listen",
	    .answered = routes_answered,
	};

	if (!options_agree(o, error, len) ||
	    !log_sink_open(option_text(o, OPT_LOG_DIR), error, len) ||
	    !database_options(o, &database, error, len))
		return false;
	snprintf(error, len, "out of memory");
	serve->service.base = event_base_new();
	serve->conninfo = options_conninfo(o);
	if (serve->service.base == NULL || serve->conninfo == NULL)
		return false;
	serve->lame_duck = evtimer_new(serve->service.base, drain, serve);
	database.pool.conninfo = serve->conninfo;
	serve->service.db = database_new(serve->service.base, &database, error, len);
	if (serve->lame_duck == NULL || serve->service.db == NULL)
		return false;
	serve->service.http = http_new(serve->service.base, &http);
	serve->service.events = events_new(serve->service.base, serve->service.db,
	    serve->conninfo, database.pool.connect_ms, error, len);
	return serve->service.http != NULL && serve->service.events != NULL &&
	       build_service(serve) && build_embedder(&serve->service, error, len) &&
	       build_reranker(&serve->service, error, len) && catch_signals(serve);
}

static void take_down(struct serve *serve)
{
	http_free(serve->admin);
	http_free(serve->service.http); /* first: it ends what uses the rest */
	mcp_end_all();
	migrate_free(serve->migration);
	public_address_free(serve->address);
	streams_free(serve->service.streams);
	tasks_free(serve->service.tasks);
	vector_keeper_free(serve->service.vectors);
	housekeeping_free(serve->service.housekeeping);
	backfill_free(serve->service.backfill);
	embedder_free(serve->service.embedder);
	reranker_free(serve->service.reranker);
	ended_sessions_free(serve->service.ended);
	signer_free(serve->service.signer);
	events_free(serve->service.events);
	database_free(serve->service.db);
	auth_free(serve->service.auth);
	for (size_t i = 0; i < sizeof(serve->signals) / sizeof(*serve->signals); i++) {
		if (serve->signals[i] != NULL)
			event_free(serve->signals[i]);
	}
	if (serve->lame_duck != NULL)
		event_free(serve->lame_duck);
	systemd_fini();
	if (serve->service.base != NULL)
		event_base_free(serve->service.base);
	free(serve->conninfo);
}

int serve(struct options *options, const struct surface *surface)
{
	struct serve serve = {
	    .service = {.surface = surface, .options = options, .started_ms = clock_ms()}};
	char error[512];
	int status = 1;

	log_take_libevent();
	if (build(&serve, error, sizeof(error)) &&
	    (serve.address = public_address_listen(&serve.service, error, sizeof(error))) !=
	        NULL &&
	    admin_listen(&serve.service, &serve.admin, error, sizeof(error)) &&
	    start_database(&serve, error, sizeof(error))) {
		systemd_ready(serve.service.base);
		loop_run(serve.service.base, option_bool(options, OPT_ENABLE_MONITORING));
		status = serve.failed;
		if (!serve.failed)
			log_info("stopped");
	} else {
		say_cannot_start(error);
	}
	take_down(&serve);
	return status;
}

int command_serve(struct options *options, int argc, char **argv)
{
	(void)argv;
	if (argc == 0)
		return serve(options, &sage_surface);
	fputs("sage-mcp serve takes no words, only options\n", stderr);
	return 2;
}
