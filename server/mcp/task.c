/* task: the running side. */
#include "mcp/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <uuid/uuid.h>

#include "compact.h"
#include "database.h"
#include "events.h"
#include "log.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/task_json.h"
#include "server_limits.h"
#include "service.h"
#include "tasks.h"

struct said {
	const char *status; /* NULL: nothing new */
	char *questions, *outcome;
};

struct task {
	struct tasks *all;
	uuid_t id;
	char text[37];
	struct principal who;
	struct request *request; /* until the row is there */
	struct call *call;       /* until it has ended */
	json_t *arguments;
	struct said next, sent; /* what the row is to say, and what is on its way there */
	struct query store, fetch;
	bool storing, fetching;
	struct event *again;
	LIST_ENTRY(task) link;
};

struct tasks {
	struct service *service;
	char owner[37];
	LIST_HEAD(task_list, task) list;
	size_t count;
	struct subscriber subscriber;
	struct event *renew;
	struct query query;
	bool renewing;
};

static void said_fini(struct said *said)
{
	free(said->questions);
	free(said->outcome);
	*said = (struct said){0};
}

static void task_free(struct task *t)
{
	struct database *db = t->all->service->db;

	LIST_REMOVE(t, link);
	t->all->count--;
	database_cancel(db, &t->store);
	database_cancel(db, &t->fetch);
	query_fini(&t->store);
	query_fini(&t->fetch);
	if (t->call != NULL)
		call_cancel(t->call);
	event_free(t->again);
	json_decref(t->arguments);
	said_fini(&t->next);
	said_fini(&t->sent);
	free(t);
}

/* --- the row follows the call --- */

static void store(struct task *t);

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	store(arg);
}

static void on_stored(void *arg, struct rows *rows, const struct db_error *error)
{
	static const struct timeval wait = {.tv_sec = TASK_RETRY_MS / 1000};
	struct task *t = arg;

	rows_free(rows);
	t->storing = false;
	if (error->kind != DB_OK) {
		log_warn("a task could not be stored; trying again", "task", t->text, "error",
		    error->text);
		if (t->next.status == NULL) {
			t->next = t->sent;
			t->sent = (struct said){0};
		}
		event_add(t->again, &wait);
	} else if (t->next.status != NULL) {
		store(t);
	} else if (t->call == NULL) {
		task_free(t);
	}
}

static void store(struct task *t)
{
	struct db_error error;

	if (t->storing || t->next.status == NULL)
		return;
	t->storing = true;
	said_fini(&t->sent);
	t->sent = t->next;
	t->next = (struct said){0};
	query_fini(&t->store);
	task_store_ask(&t->store, t->id, t->sent.status, t->sent.questions, t->sent.outcome);
	if (!database_run(t->all->service->db, &t->store, on_stored, t, &error))
		on_stored(t, NULL, &error);
}

/* Takes the JSON. */
static void say(struct task *t, const char *status, json_t *questions, json_t *outcome)
{
	size_t len = 0;

	said_fini(&t->next);
	t->next.status = status;
	t->next.questions = questions != NULL ? compact_json(questions, &len) : NULL;
	t->next.outcome = outcome != NULL ? compact_json(outcome, &len) : NULL;
	json_decref(questions);
	json_decref(outcome);
	store(t);
}

/* --- struct call_client of a task --- */

static bool ask(void *arg, struct call *call)
{
	struct task *t = arg;

	say(t, "input_required", json_deep_copy(call->questions), NULL);
	return true;
}

/* Nobody hears of progress, and a task does not become one again. */
static const struct call_client task_client = {.ask = ask};

static void on_done(void *arg, struct call *call)
{
	struct task *t = arg;
	bool broken = call->outcome == CALL_BROKEN;
	json_t *outcome = broken ? task_error_json(call->text) : tool_result(call);

	call_free(call);
	t->call = NULL;
	say(t, broken ? "failed" : "completed", NULL, outcome);
}

/* --- what clients did through some process --- */

/* The next question that has an answer, or NULL. */
static const char *answered(const struct call *call, const json_t *answers)
{
	const char *key;
	json_t *question;

	json_object_foreach (call->questions, key, question) {
		if (json_object_get(answers, key) != NULL)
			return key;
	}
	return NULL;
}

static void take_answers(struct task *t, const char *text)
{
	json_t *answers = json_loads(text, 0, NULL);
	const char *key;

	while (t->call != NULL && t->call->waiting == WAIT_CLIENT &&
	       (key = answered(t->call, answers)) != NULL) {
		char *copy = strdup(key); /* the question goes with its answer */

		if (copy != NULL)
			call_answer(t->call, copy, json_object_get(answers, copy));
		free(copy);
	}
	json_decref(answers);
}

static void on_fetched(void *arg, struct rows *rows, const struct db_error *error)
{
	struct task *t = arg;
	struct task_row row;

	t->fetching = false;
	if (error->kind != DB_OK) /* the client will ask again, and so comes the next event */
		return;
	bool there = task_get_read(rows, &row);

	if (!there || strcmp(row.status, "cancelled") == 0)
		task_free(t);
	else
		take_answers(t, row.answers);
	rows_free(rows);
}

static void fetch(struct task *t)
{
	const struct task_name name = {t->id, &t->who};
	struct db_error error;

	if (t->fetching || t->call == NULL)
		return;
	t->fetching = true;
	query_fini(&t->fetch);
	task_get_ask(&t->fetch, &name);
	if (!database_run(t->all->service->db, &t->fetch, on_fetched, t, &error))
		on_fetched(t, NULL, &error);
}

static void on_heard(void *arg, const struct server_event *event)
{
	struct tasks *all = arg;
	struct task *t;

	if (event != NULL && event->kind != TASK_CHANGED)
		return;
	LIST_FOREACH (t, &all->list, link) {
		if (event == NULL || strcmp(t->text, event->memory_id) == 0)
			fetch(t);
	}
}

/* --- birth --- */

static void on_created(void *arg, struct rows *rows, const struct db_error *error)
{
	struct task *t = arg;
	struct request *r = t->request;
	struct call *call = r->call;
	json_t *result;

	t->request = NULL;
	r->task = NULL;
	if (error->kind != DB_OK) {
		task_free(t);
		call_abort(call,
		    "The task could not be stored, so nothing was done. Try again in a "
		    "few seconds.");
		return;
	}
	result = task_json(t->text, "working", task_create_read(rows), task_create_read(rows));
	rows_free(rows);
	t->call = call;
	t->arguments = r->arguments;
	r->arguments = NULL;
	r->call = NULL;
	call_hand_over(call, &task_client, on_done, t, TASK_LIFETIME_S * 1000);
	request_result_typed(r, result, "task");
	call_resume(call);
}

enum step_result task_begin(struct request *r, struct call *call)
{
	struct tasks *all = r->service->tasks;
	struct task *t = all->count < TASKS_LIMIT ? calloc(1, sizeof(*t)) : NULL;
	struct db_error error;

	if (t != NULL)
		t->again = evtimer_new(r->service->base, on_again, t);
	if (t == NULL || t->again == NULL) {
		free(t);
		return call_fail(call, "Too many tasks are under way. Try again later.");
	}
	t->all = all;
	t->who = call->who;
	t->request = r;
	uuid_generate_random(t->id);
	uuid_unparse_lower(t->id, t->text);
	LIST_INSERT_HEAD(&all->list, t, link);
	all->count++;
	query_fini(&t->store);
	task_create_ask(&t->store, &(struct task_name){t->id, &t->who}, all->owner,
	    TASK_LEASE_S, TASK_LIFETIME_S);
	if (!database_run(r->service->db, &t->store, on_created, t, &error)) {
		task_free(t);
		return call_fail(call, "The task could not be stored, so nothing was done. Try "
		                       "again in a few seconds.");
	}
	r->task = t;
	return STEP_WAIT;
}

void task_abandon(struct task *t)
{
	if (t != NULL)
		task_free(t);
}

/* --- the process --- */

static void on_renewed(void *arg, struct rows *rows, const struct db_error *error)
{
	struct tasks *all = arg;

	all->renewing = false;
	if (error->kind != DB_OK)
		log_warn("the leases of tasks could not be renewed", "error", error->text);
	rows_free(rows);
}

static void on_renew(evutil_socket_t fd, short what, void *arg)
{
	struct tasks *all = arg;
	struct db_error error;

	(void)fd;
	(void)what;
	if (all->renewing || all->count == 0)
		return;
	all->renewing = true;
	query_fini(&all->query);
	task_renew_ask(&all->query, all->owner, TASK_LEASE_S);
	if (!database_run(all->service->db, &all->query, on_renewed, all, &error))
		on_renewed(all, NULL, &error);
}

struct tasks *tasks_new(struct service *service)
{
	struct tasks *all = calloc(1, sizeof(*all));
	uuid_t owner;

	if (all == NULL)
		return NULL;
	all->service = service;
	LIST_INIT(&all->list);
	uuid_generate_random(owner);
	uuid_unparse_lower(owner, all->owner);
	all->renew = event_new(service->base, -1, EV_PERSIST, on_renew, all);
	if (all->renew == NULL) {
		free(all);
		return NULL;
	}
	all->subscriber.heard = on_heard;
	all->subscriber.arg = all;
	events_subscribe(service->events, &all->subscriber);
	return all;
}

void tasks_open(struct tasks *all)
{
	static const struct timeval interval = {.tv_sec = TASK_RENEW_S};

	event_add(all->renew, &interval);
}

void tasks_free(struct tasks *all)
{
	if (all == NULL)
		return;
	while (!LIST_EMPTY(&all->list))
		task_free(LIST_FIRST(&all->list)); // NOLINT(clang-analyzer-unix.Malloc)
	events_unsubscribe(all->service->events, &all->subscriber);
	database_cancel(all->service->db, &all->query);
	query_fini(&all->query);
	event_free(all->renew);
	free(all);
}
