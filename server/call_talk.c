/* call_talk: what steps do besides asking the database: sleep, tell, ask, become a task. */
#include <assert.h>

#include <event2/event.h>

#include "call.h"
#include "call_impl.h"
#include "service.h"

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	call->waiting = WAIT_NOTHING;
	call_run(call);
}

enum step_result call_sleep(struct call *call, int ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	if (call->timer == NULL)
		call->timer = evtimer_new(call->service->base, on_timer, call);
	if (call->timer == NULL || event_add(call->timer, &wait) != 0)
		return call_fail(call, "the server is out of memory; try again later");
	call->waiting = WAIT_TIMER;
	return STEP_WAIT;
}

enum step_result call_yield(struct call *call)
{
	call->next--;
	return call_sleep(call, 0);
}

const json_t *call_answered(const struct call *call, const char *key)
{
	return json_object_get(call->answers, key);
}

enum step_result call_ask(
    struct call *call, const char *key, const char *method, json_t *params)
{
	if (call->questions == NULL)
		call->questions = json_object();
	json_object_set_new(
	    call->questions, key, json_pack("{s:s, s:o}", "method", method, "params", params));
	return STEP_ASK;
}

void call_answer(struct call *call, const char *key, json_t *answer)
{
	assert(call->waiting == WAIT_CLIENT && !call->running);
	if (call->answers == NULL)
		call->answers = json_object();
	json_object_set(call->answers, key, answer);
	json_object_del(call->questions, key);
	if (json_object_size(call->questions) > 0)
		return;
	call->waiting = WAIT_NOTHING;
	call_set_deadline(call, call->deadline_ms);
	call_run(call);
}

void call_resume(struct call *call)
{
	assert(call->waiting == WAIT_CLIENT && !call->running);
	call->waiting = WAIT_NOTHING;
	call_run(call);
}

void call_abort(struct call *call, const char *text)
{
	assert(call->waiting == WAIT_CLIENT && !call->running);
	call_fail(call, "%s", text);
	call_end(call);
}

void call_hand_over(struct call *call, const struct call_client *client,
    void (*done)(void *arg, struct call *call), void *arg, int deadline_ms)
{
	call->client = client;
	call->client_session = "";
	call->done = done;
	call->done_arg = arg;
	call->deadline_ms = deadline_ms;
	call_set_deadline(call, deadline_ms);
}

enum step_result call_defer(struct call *call, bool required)
{
	enum step_result result = call->client->defer != NULL
	                              ? call->client->defer(call->done_arg, call, required)
	                              : STEP_NEXT;

	if (result == STEP_WAIT)
		call->waiting = WAIT_CLIENT;
	return result;
}

void call_progress(struct call *call, double done, double total, const char *message)
{
	if (call->client->progress != NULL)
		call->client->progress(call->done_arg, done, total, message);
}

void call_log(struct call *call, const char *level, json_t *data)
{
	if (call->client->log != NULL)
		call->client->log(call->done_arg, level, data);
	else
		json_decref(data);
}

void call_detach(struct call *call)
{
	if (call->client->detach != NULL)
		call->client->detach(call->done_arg);
}
