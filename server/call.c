/* call: the step runner, and the way from a failed operation to a sentence. */
#include "call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "call_impl.h"
#include "clock.h"
#include "database.h"
#include "log.h"
#include "metrics.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"
#include "utf8.h"

void call_set_deadline(struct call *call, int ms)
{
	const struct timeval deadline = {ms / 1000, (ms % 1000) * 1000};

	event_add(call->deadline, &deadline);
}

/* A person may be behind the answer, so the wait is longer. */
static bool ask(struct call *call)
{
	call->next--;
	call->waiting = WAIT_CLIENT;
	if (call->client->ask(call->done_arg, call)) {
		call_set_deadline(call, ASK_DEADLINE_MS);
		return true;
	}
	call->waiting = WAIT_NOTHING;
	if (call->outcome == CALL_OK)
		call->outcome = CALL_ASKS;
	return false;
}

/* Runs steps until one waits, or to the end. */
void call_run(struct call *call)
{
	while (call->next->run != NULL) {
		const struct step *step = call->next++;

		call->running = true;
		enum step_result result = step->run(call);
		call->running = false;

		if (result == STEP_WAIT)
			return;
		if (result == STEP_ASK && ask(call))
			return;
		if (result == STEP_AGAIN)
			call->next = call->work->steps;
		if (result == STEP_ASK || result == STEP_FAIL)
			break;
	}
	call_end(call);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	if (call->waiting == WAIT_CLIENT)
		call_fail(call, "%s: the client did not answer in time.", call->work->name);
	else if (!call->acknowledged)
		call_fail(call, "%s took longer than %d seconds and was given up. Try again.",
		    call->work->name, call->deadline_ms / 1000);
	call_end(call);
}

static bool read_arguments(struct call *call, const struct call_order *order)
{
	char text[512];

	if (order->who == NULL && !call->work->serves_anybody) {
		call->trouble = TROUBLE_BUSY;
		call_fail(call,
		    "The memory database cannot be reached right now, so the credential "
		    "could not be checked. Nothing was done. Try again in a few seconds.");
		return false;
	}
	if (order->who != NULL)
		call->who = *order->who;
	if (call->work->arguments == NULL)
		return true;
	if (call->work->defaults != NULL)
		args_defaults(call->work->defaults, call);
	if (!args_load(call->work->arguments, order->arguments, call, text, sizeof(text))) {
		call_bad_argument(call, "%s", text);
		return false;
	}
	return true;
}

bool call_start(const struct call_order *order, struct call **slot)
{
	struct call *call = calloc(1, order->work->size);

	if (call == NULL)
		return false;
	call->deadline = event_new(order->service->base, -1, 0, on_deadline, call);
	if (call->deadline == NULL) {
		call_free(call);
		return false;
	}
	call->deadline_ms = CALL_DEADLINE_MS;
	call_set_deadline(call, call->deadline_ms);
	call->service = order->service;
	call->work = order->work;
	call->sent = order->arguments;
	call->client = order->client;
	call->client_can = order->client_can;
	call->client_session = order->client_session;
	call->answers = json_incref(order->answers);
	call->done = order->done;
	call->done_arg = order->arg;
	call->next = order->work->steps;
	call->started_us = clock_us();
	call->tool = order->tool;
	snprintf(call->request_id, sizeof(call->request_id), "%s", order->request_id);
	*slot = call;
	if (read_arguments(call, order))
		call_run(call);
	else
		call_end(call);
	return true;
}

static void stop_waiting(struct call *call)
{
	if (call->waiting == WAIT_QUERY)
		database_cancel(call->service->db, &call->query);
	if (call->waiting == WAIT_VECTOR)
		embedder_query_fini(&call->vector);
	if (call->waiting == WAIT_ORDER)
		rerank_fini(&call->order);
	if (call->timer != NULL)
		event_del(call->timer);
	call->waiting = WAIT_NOTHING;
	event_del(call->deadline);
}

static void log_call(const struct call *call, const char *outcome)
{
	int64_t took_us = clock_us() - call->started_us;
	char took[24];

	metrics_call(call->tool, took_us);
	snprintf(took, sizeof(took), "%lld", (long long)(took_us / 1000));
	log_info("call", "name", call->work->name, "outcome", outcome, "ms", took, "request_id",
	    call->request_id, "namespace", call->who.namespace, "agent", call->who.agent);
}

static const char *const outcomes[] = {
    [CALL_OK] = "ok",
    [CALL_FAILED] = "error",
    [CALL_BAD_ARGUMENTS] = "error",
    [CALL_NOT_FOUND] = "error",
    [CALL_BROKEN] = "error",
    [CALL_ASKS] = "asks",
};

/* What did not fit into memory is not half an answer, but none. */
static void close_text(struct call *call)
{
	if (call->text_out == NULL)
		return;
	bool cut = ferror(call->text_out) != 0;

	if (fclose(call->text_out) != 0 || cut || call->text == NULL) {
		call->outcome = CALL_BROKEN;
		free(call->text);
		call->text = strdup("out of memory for the answer; what was asked may or may "
		                    "not have been done");
	}
	call->text_out = NULL;
	if (call->text != NULL)
		utf8_repair(call->text); /* complaints quote, and cut, what clients sent */
}

/* The one way out: answered, failed, or too late. */
void call_end(struct call *call)
{
	stop_waiting(call);
	close_text(call);
	log_call(call, outcomes[call->outcome]);
	call->done(call->done_arg, call);
}

void call_cancel(struct call *call)
{
	assert(!call->running);
	stop_waiting(call);
	log_call(call, "cancelled");
	call_free(call);
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	if (call->deadline != NULL)
		event_free(call->deadline);
	if (call->timer != NULL)
		event_free(call->timer);
	if (call->text_out != NULL)
		fclose(call->text_out);
	if (call->work != NULL && call->work->arguments != NULL)
		args_fini(call->work->arguments, call);
	if (call->work != NULL && call->work->fini != NULL)
		call->work->fini(call);
	query_fini(&call->query);
	embedder_query_fini(&call->vector);
	rerank_fini(&call->order);
	rows_free(call->rows);
	json_decref(call->questions);
	json_decref(call->answers);
	json_decref(call->result);
	json_decref(call->content);
	free(call->text);
	free(call);
}

FILE *call_text(struct call *call)
{
	if (call->text_out == NULL)
		call->text_out = open_memstream(&call->text, &call->text_len);
	if (call->text_out == NULL)
		abort(); /* out of memory for a stream: nothing sensible can be answered */
	return call->text_out;
}

__attribute__((format(printf, 3, 0))) static void fail(
    struct call *call, enum call_outcome outcome, const char *format, va_list list)
{
	vfprintf(call_text(call), format, list);
	call->outcome = outcome;
}

enum step_result call_fail(struct call *call, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fail(call, CALL_FAILED, format, list);
	va_end(list);
	return STEP_FAIL;
}

enum step_result call_not_found(struct call *call, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fail(call, CALL_NOT_FOUND, format, list);
	va_end(list);
	return STEP_FAIL;
}

enum step_result call_break(struct call *call, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fail(call, CALL_BROKEN, format, list);
	va_end(list);
	return STEP_FAIL;
}

enum step_result call_bad_argument(struct call *call, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fail(call, CALL_BAD_ARGUMENTS, format, list);
	va_end(list);
	return STEP_FAIL;
}

/* A write that may or may not have happened; with a key it can be repeated without harm. */
static enum step_result fail_unknown(struct call *call)
{
	if (*call->idempotency_key == '\0')
		return call_fail(call,
		    "The database did not confirm in time: this may or may not have been done. "
		    "Look before you do it again.");
	return call_fail(call,
	    "The database did not confirm in time: this may or may not have been saved. Save "
	    "it again with \"idempotency_key\": \"%s\"; then it is stored exactly once.",
	    call->idempotency_key);
}

static enum call_trouble trouble_of(enum db_error_kind kind)
{
	static const enum call_trouble troubles[] = {
	    [DB_UNAVAILABLE] = TROUBLE_BUSY,
	    [DB_BUSY] = TROUBLE_BUSY,
	    [DB_READ_ONLY] = TROUBLE_BUSY,
	    [DB_BEHIND] = TROUBLE_BUSY,
	    [DB_EXHAUSTED] = TROUBLE_FULL,
	    [DB_TIMEOUT] = TROUBLE_UNKNOWN,
	    [DB_UNCERTAIN] = TROUBLE_UNKNOWN,
	    [DB_FAILED] = TROUBLE_INTERNAL,
	};

	return troubles[kind];
}

/* What a failed statement means to the one who called the tool. */
static enum step_result fail_from_db(struct call *call, const struct db_error *error)
{
	bool wrote = !call->work->reads_only;
	const char *nothing = wrote ? "Nothing was saved. " : "";

	log_warn("statement failed", "statement", sql_name(call->query.sql), "sqlstate",
	    error->sqlstate, "error", error->text, "request_id", call->request_id);
	if (*call->done_so_far != '\0')
		fputs(call->done_so_far, call_text(call));
	call->retry_ms = error->retry_ms;
	call->trouble = trouble_of(error->kind);
	switch (error->kind) {
	case DB_OK:
		break;
	case DB_UNAVAILABLE:
	case DB_BEHIND:
		return call_fail(call,
		    "The memory database cannot be reached right now. %sTry again in a few "
		    "seconds.",
		    nothing);
	case DB_BUSY:
		return call_fail(call,
		    "The server is busy: no database connection became free in time. %sTry "
		    "again in a few seconds.",
		    nothing);
	case DB_READ_ONLY:
		return call_fail(call,
		    "The memory can be read but not changed right now: its database has no "
		    "primary. %sTry again in a minute.",
		    nothing);
	case DB_CONFLICT:
		return call_fail(call,
		    "Somebody else changed the same thing at the same time. %sTry again.",
		    nothing);
	case DB_EXHAUSTED:
		return call_fail(call,
		    "The database has no disk or memory left (SQLSTATE %s). %sAn operator must "
		    "make room.",
		    error->sqlstate, nothing);
	case DB_TIMEOUT:
	case DB_UNCERTAIN:
		if (wrote && (error->kind == DB_UNCERTAIN || *error->sqlstate == '\0'))
			return fail_unknown(call);
		return call_fail(call,
		    "The database did not answer in time. %sTry again, or ask for less.",
		    nothing);
	case DB_REJECTED:
		return call_fail(call,
		    "The database refused these values (SQLSTATE %s). %sRequest %s.",
		    error->sqlstate, nothing, call->request_id);
	case DB_FAILED:
		break;
	}
	return call_fail(call,
	    "Internal database error. %sThe server's log says more under request %s.", nothing,
	    call->request_id);
}

static void on_query_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct call *call = arg;

	assert(call->waiting == WAIT_QUERY && !call->running);
	call->waiting = WAIT_NOTHING;
	if (error->kind != DB_OK) {
		if (!call->acknowledged)
			fail_from_db(call, error);
		call_end(call);
		return;
	}
	rows_free(call->rows);
	call->rows = rows;
	query_fini(&call->query);
	call_run(call);
}

enum step_result call_query(struct call *call)
{
	struct db_error error;

	if (!database_run(call->service->db, &call->query, on_query_done, call, &error))
		return call->acknowledged ? STEP_FAIL : fail_from_db(call, &error);
	call->waiting = WAIT_QUERY;
	return STEP_WAIT;
}
