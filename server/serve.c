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
#include "embed_options.h"
#include "ended_sessions.h"
#include "events.h"
#include "housekeeping.h"
#include "http/http.h"
#include "log.h"
#include "loop.h"
#include "mcp/endpoint.h"
#include "mcp/http_sse.h"
#include "mcp/listener.h"
#include "mcp/stream.h"
#include "mcp/task.h"
#include "migrate.h"
#include "options.h"
#include "origin.h"
#include "principals.h"
#include "reload.h"
#include "routes.h"
#include "serve.h"
#include "server_limits.h"
#include "service.h"
#include "signer.h"
#include "surface.h"
#include "systemd.h"

struct serve {
	struct service service;
	struct http_server *admin;
	struct migration_run *migration;
	char *conninfo;
	struct event *signals[3];
	struct event *key_timer;
	struct query key_query;
};

static void report_migration(void *arg, bool healthy, const char *text)
{
	(void)arg;
	log_pairs(healthy ? LOG_INFO : LOG_WARN, "migration", "state", text, (char *)0);
}

static void open_database(struct serve *serve)
{
	database_open(serve->service.db);
	events_open(serve->service.events);
	signer_open(serve->service.signer);
	ended_sessions_open(serve->service.ended);
	tasks_open(serve->service.tasks);
	housekeeping_open(serve->service.housekeeping);
	if (serve->service.backfill != NULL)
		backfill_open(serve->service.backfill);
}

static void on_migrated(void *arg, enum migrate_outcome outcome, int applied, const char *error)
{
	struct serve *serve = arg;
	char count[16];

	if (outcome == MIGRATE_FAILED) {
		serve->service.schema = SCHEMA_FAILED;
		log_error("the schema could not be brought up to date; tools stay off until it "
		          "is, which is tried again and again",
		    "error", error);
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
	    .keep_trying = true,
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

static bool listen_on(struct serve *serve, const char *address, char *error, size_t len)
{
	char text[280];

	if (!http_listen(serve->service.http, address, error, len))
		return false;
	/* ":0" lets the system choose; the log says what it chose. */
	snprintf(text, sizeof(text), "%.*s:%u", (int)(strrchr(address, ':') - address), address,
	    http_port(serve->service.http));
	log_info("listening", "address", text);
	return true;
}

/* The configured port, on this machine only. */
static bool listen_on_loopback(struct serve *serve, char *error, size_t len)
{
	const char *address = option_text(serve->service.options, OPT_LISTEN);
	char local[32];

	snprintf(local, sizeof(local), "127.0.0.1%.8s", strrchr(address, ':'));
	return listen_on(serve, local, error, len);
}

/* The loopback listener goes first: Linux does not let a wildcard address share its port. */
static void open_public(struct serve *serve)
{
	const char *address = option_text(serve->service.options, OPT_LISTEN);
	char error[256];

	http_stop_listening(serve->service.http);
	if (listen_on(serve, address, error, sizeof(error)))
		return;
	log_error(
	    "cannot listen; serving on loopback only", "address", address, "error", error);
	if (!listen_on_loopback(serve, error, sizeof(error)))
		log_error("cannot listen", "error", error);
}

static void on_key_exists(void *arg, struct rows *rows, const struct db_error *db_error)
{
	static const struct timeval again = {.tv_sec = KEY_POLL_MS / 1000};
	struct serve *serve = arg;
	bool exists = db_error->kind == DB_OK && key_exists_read(rows);

	rows_free(rows);
	if (exists)
		open_public(serve);
	else
		event_add(serve->key_timer, &again);
}

static void look_for_key(evutil_socket_t fd, short what, void *arg)
{
	struct serve *serve = arg;
	struct db_error error;

	(void)fd;
	(void)what;
	query_fini(&serve->key_query);
	key_exists_ask(&serve->key_query);
	if (!database_run(serve->service.db, &serve->key_query, on_key_exists, serve, &error))
		on_key_exists(serve, NULL, &error);
}

/*
 * Without any key a stranger would be the local agent, so a public address waits for
 * the first key; until then the same port is served on loopback.
 */
static bool start_listening(struct serve *serve, char *error, size_t len)
{
	struct options *o = serve->service.options;
	const char *address = option_text(o, OPT_LISTEN);
	const char *port = strrchr(address, ':');

	if (port == NULL || *(port + 1) == '\0') {
		snprintf(error, len, "LISTEN: '%s' is not HOST:PORT", address);
		return false;
	}
	if (is_loopback_address(address) || strcmp(option_text(o, OPT_AUTH), "required") == 0)
		return listen_on(serve, address, error, len);
	log_warn("serving on loopback only until an API key exists; make one with 'sage-mcp "
	         "key create AGENT'",
	    "wanted", address);
	look_for_key(-1, 0, serve);
	return listen_on_loopback(serve, error, len);
}

static void on_drained(void *arg)
{
	struct serve *serve = arg;

	event_base_loopbreak(serve->service.base);
}

static void on_term(evutil_socket_t number, short what, void *arg)
{
	struct serve *serve = arg;

	(void)number;
	(void)what;
	if (serve->service.draining) {
		log_warn("second signal: leaving at once");
		event_base_loopbreak(serve->service.base);
		return;
	}
	log_info("draining");
	systemd_stopping();
	serve->service.draining = true;
	listeners_end_all();
	http_sse_end_all();
	http_drain(serve->service.http,
	    (int)option_number(serve->service.options, OPT_DRAIN_MS), on_drained, serve);
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
static bool build_service(struct service *service)
{
	service->auth = auth_new(
	    service->db, strcmp(option_text(service->options, OPT_AUTH), "required") == 0);
	service->signer = signer_new(service->base, service->db);
	service->ended = ended_sessions_new(service);
	service->streams = streams_new(service->base);
	service->tasks = tasks_new(service);
	service->housekeeping = housekeeping_new(service);
	return service->auth != NULL && service->signer != NULL && service->ended != NULL &&
	       service->streams != NULL && service->tasks != NULL &&
	       service->housekeeping != NULL;
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

	if (!database_options(o, &database, error, len))
		return false;
	snprintf(error, len, "out of memory");
	serve->service.base = event_base_new();
	serve->conninfo = options_conninfo(o);
	if (serve->service.base == NULL || serve->conninfo == NULL)
		return false;
	serve->key_timer = evtimer_new(serve->service.base, look_for_key, serve);
	database.pool.conninfo = serve->conninfo;
	serve->service.db = database_new(serve->service.base, &database, error, len);
	if (serve->key_timer == NULL || serve->service.db == NULL)
		return false;
	serve->service.http = http_new(serve->service.base, &http);
	serve->service.events = events_new(serve->service.base, serve->service.db,
	    serve->conninfo, database.pool.connect_ms, error, len);
	return serve->service.http != NULL && serve->service.events != NULL &&
	       build_service(&serve->service) && build_embedder(&serve->service, error, len) &&
	       catch_signals(serve);
}

static void take_down(struct serve *serve)
{
	http_free(serve->admin);
	http_free(serve->service.http); /* first: it ends what uses the rest */
	mcp_end_all();
	migrate_free(serve->migration);
	if (serve->service.db != NULL)
		database_cancel(serve->service.db, &serve->key_query);
	query_fini(&serve->key_query);
	streams_free(serve->service.streams);
	tasks_free(serve->service.tasks);
	housekeeping_free(serve->service.housekeeping);
	backfill_free(serve->service.backfill);
	embedder_free(serve->service.embedder);
	ended_sessions_free(serve->service.ended);
	signer_free(serve->service.signer);
	events_free(serve->service.events);
	database_free(serve->service.db);
	auth_free(serve->service.auth);
	for (size_t i = 0; i < sizeof(serve->signals) / sizeof(*serve->signals); i++) {
		if (serve->signals[i] != NULL)
			event_free(serve->signals[i]);
	}
	if (serve->key_timer != NULL)
		event_free(serve->key_timer);
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
	    start_listening(&serve, error, sizeof(error)) &&
	    admin_listen(&serve.service, &serve.admin, error, sizeof(error)) &&
	    start_database(&serve, error, sizeof(error))) {
		systemd_ready(serve.service.base);
		loop_run(serve.service.base, option_bool(options, OPT_ENABLE_MONITORING));
		log_info("stopped");
		status = 0;
	} else {
		log_error("cannot start", "error", error);
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
