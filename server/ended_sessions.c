/* ended_sessions: a search tree of ids (tsearch), fed by a query and by events. */
#include "ended_sessions.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "client_sessions.h"
#include "database.h"
#include "events.h"
#include "log.h"
#include "server_limits.h"
#include "service.h"

struct ended_sessions {
	struct service *service;
	struct subscriber subscriber;
	struct query query;
	struct event *again;
	bool loading, loaded;
	void *tree; /* of char * */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void insert(struct ended_sessions *ended, const char *id)
{
	char *copy;

	if (ended->count >= ENDED_SESSIONS_LIMIT || tfind(id, &ended->tree, compare) != NULL)
		return;
	copy = strdup(id);
	if (copy == NULL || tsearch(copy, &ended->tree, compare) == NULL)
		free(copy);
	else
		ended->count++;
}

static void load(struct ended_sessions *ended);

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	load(arg);
}

static void on_loaded(void *arg, struct rows *rows, const struct db_error *error)
{
	static const struct timeval wait = {0, SECRET_RETRY_MS * 1000};
	struct ended_sessions *ended = arg;

	ended->loading = false;
	if (error->kind != DB_OK) {
		log_warn(
		    "the ended sessions could not be read; trying again", "error", error->text);
		event_add(ended->again, &wait);
		return;
	}
	ended->loaded = true;
	for (int row = 0; row < rows_count(rows); row++)
		insert(ended, client_session_ended_read(rows, row));
	rows_free(rows);
}

static void load(struct ended_sessions *ended)
{
	struct db_error error;

	if (ended->loading)
		return;
	ended->loading = true;
	query_fini(&ended->query);
	client_session_ended_ask(&ended->query, ENDED_SESSIONS_LIMIT);
	if (!database_run(ended->service->db, &ended->query, on_loaded, ended, &error))
		on_loaded(ended, NULL, &error);
}

static void on_heard(void *arg, const struct server_event *event)
{
	struct ended_sessions *ended = arg;

	if (event == NULL)
		load(ended);
	else if (event->kind == CLIENT_SESSION_ENDED)
		insert(ended, event->session_id);
}

struct ended_sessions *ended_sessions_new(struct service *service)
{
	struct ended_sessions *ended = calloc(1, sizeof(*ended));

	if (ended == NULL)
		return NULL;
	ended->service = service;
	ended->again = evtimer_new(service->base, on_again, ended);
	if (ended->again == NULL) {
		free(ended);
		return NULL;
	}
	ended->subscriber.heard = on_heard;
	ended->subscriber.arg = ended;
	events_subscribe(service->events, &ended->subscriber);
	return ended;
}

void ended_sessions_free(struct ended_sessions *ended)
{
	if (ended == NULL)
		return;
	events_unsubscribe(ended->service->events, &ended->subscriber);
	database_cancel(ended->service->db, &ended->query);
	query_fini(&ended->query);
	event_free(ended->again);
	tdestroy(ended->tree, free);
	free(ended);
}

void ended_sessions_open(struct ended_sessions *ended)
{
	load(ended);
}

bool ended_sessions_ready(const struct ended_sessions *ended)
{
	return ended->loaded;
}

bool ended_sessions_has(const struct ended_sessions *ended, const char *id)
{
	return tfind(id, &ended->tree, compare) != NULL;
}

void ended_sessions_add(struct ended_sessions *ended, const char *namespace, const char *id)
{
	struct server_event event = {.kind = CLIENT_SESSION_ENDED, .memory_id = "-"};

	insert(ended, id);
	snprintf(event.namespace, sizeof(event.namespace), "%s", namespace);
	snprintf(event.session_id, sizeof(event.session_id), "%s", id);
	events_publish(ended->service->events, &event);
}
