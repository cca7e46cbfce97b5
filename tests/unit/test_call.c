/* call: the step runner through success, every kind of failure, deadline and cancel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "call.h"
#include "fake_database.h"
#include "rows.h"
#include "service.h"

static int ended;
static struct call *last;

struct demo {
	struct call call;
	int64_t waits;
	int steps;
};

static const struct arg arguments[] = {
    {.name = "waits",
        .kind = ARG_INTEGER,
        .min = 0,
        .max = 2,
        .at = offsetof(struct demo, waits)},
    {0},
};

static enum step_result wait_for(struct call *call, int number)
{
	struct demo *demo = (struct demo *)call;

	demo->steps++;
	if (demo->waits < number)
		return STEP_NEXT;
	query_init(&call->query, SQL_key_list);
	return call_query(call);
}

static enum step_result first(struct call *call)
{
	return wait_for(call, 1);
}

static enum step_result second(struct call *call)
{
	return wait_for(call, 2);
}

static enum step_result finish(struct call *call)
{
	((struct demo *)call)->steps++;
	fputs("fine", call_text(call));
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(first), STEP(second), STEP(finish), {0}};

static const struct work work = {
    .name = "demo", .arguments = arguments, .steps = steps, .size = sizeof(struct demo)};

static void on_done(void *arg, struct call *call)
{
	(void)arg;
	ended++;
	last = call;
}

static struct call *start(struct service *service, const char *json)
{
	static const struct principal who = {.namespace = "ns", .agent = "agent"};
	json_t *args = json_loads(json, 0, NULL);
	struct call *call = NULL;
	struct call_order order = {.service = service,
	    .work = &work,
	    .who = &who,
	    .arguments = args,
	    .request_id = "r-1",
	    .done = on_done};

	memset(&fake, 0, sizeof(fake));
	ended = 0;
	last = NULL;
	assert_true(call_start(&order, &call));
	json_decref(args);
	return call;
}

static void assert_ended(bool failed, const char *text)
{
	assert_int_equal(ended, 1);
	assert_int_equal(last->outcome != CALL_OK, failed);
	if (strstr(last->text, text) == NULL)
		fail_msg("'%s' does not contain '%s'", last->text, text);
	call_free(last);
}

static void runs_without_waiting(void **state)
{
	start(*state, "{}");
	assert_int_equal(((struct demo *)last)->steps, 3);
	assert_ended(false, "fine");
}

static void waits_for_each_step(void **state)
{
	start(*state, "{\"waits\":2}");
	assert_int_equal(ended, 0);
	answer(DB_OK);
	assert_int_equal(ended, 0);
	answer(DB_OK);
	assert_ended(false, "fine");
}

static void refuses_arguments(void **state)
{
	start(*state, "{\"waits\":3}");
	assert_ended(true, "waits");
}

static void fails_at_either_wait(void **state)
{
	start(*state, "{\"waits\":2}");
	answer(DB_UNCERTAIN);
	assert_ended(true, "may or may not");

	start(*state, "{\"waits\":2}");
	answer(DB_OK);
	answer(DB_FAILED);
	assert_ended(true, "r-1");
}

static void fails_when_refused_at_once(void **state)
{
	struct call *call;
	struct call_order order = {.service = *state,
	    .work = &work,
	    .who = &(struct principal){.namespace = "ns", .agent = "agent"},
	    .arguments = json_pack("{s:i}", "waits", 1),
	    .request_id = "r-1",
	    .done = on_done};

	memset(&fake, 0, sizeof(fake));
	fake.refuse = true;
	ended = 0;
	assert_true(call_start(&order, &call));
	assert_ended(true, "Nothing was saved");

	order.who = NULL; /* the credential could not be checked */
	ended = 0;
	assert_true(call_start(&order, &call));
	assert_ended(true, "credential");
	json_decref((json_t *)(uintptr_t)order.arguments);
}

static void cancels_at_either_wait(void **state)
{
	struct call *call = start(*state, "{\"waits\":1}");

	call_cancel(call);
	assert_int_equal(fake.cancelled, 1);
	assert_int_equal(ended, 0);

	call = start(*state, "{\"waits\":2}");
	answer(DB_OK);
	call_cancel(call);
	assert_int_equal(fake.cancelled, 1);
	assert_int_equal(ended, 0);
}

/* --- calls that speak with their client --- */

static struct {
	bool answers_later; /* else the questions go into the result */
	bool follows_tasks;
	int asked, deferred;
} client;

static bool put_questions(void *arg, struct call *call)
{
	(void)arg;
	(void)call;
	client.asked++;
	return client.answers_later;
}

static enum step_result defer(void *arg, struct call *call, bool required)
{
	(void)arg;
	(void)required;
	client.deferred++;
	return client.follows_tasks ? STEP_WAIT : call_fail(call, "no tasks");
}

static const struct call_client client_functions = {.ask = put_questions, .defer = defer};

static enum step_result ask_two(struct call *call)
{
	enum step_result result = STEP_NEXT;

	((struct demo *)call)->steps++;
	for (const char *const *key = (const char *const[]){"one", "two", NULL}; *key; key++) {
		if (call_answered(call, *key) == NULL)
			result = call_ask(call, *key, "elicitation/create", json_object());
	}
	return result;
}

static enum step_result become_task(struct call *call)
{
	return call_defer(call, true);
}

static enum step_result sleep_a_little(struct call *call)
{
	return call_sleep(call, 1);
}

static const struct step talking_steps[] = {STEP(ask_two), STEP(finish), {0}};
static const struct step task_steps[] = {STEP(become_task), STEP(finish), {0}};
static const struct step sleeping_steps[] = {STEP(sleep_a_little), STEP(finish), {0}};

static struct call *start_steps(
    struct service *service, const struct step *with, json_t *answers, struct work *made)
{
	struct call *call = NULL;

	*made = (struct work){.name = "demo", .steps = with, .size = sizeof(struct demo)};
	struct call_order order = {.service = service,
	    .work = made,
	    .who = &(struct principal){.namespace = "ns", .agent = "agent"},
	    .answers = answers,
	    .client = &client_functions,
	    .request_id = "r-1",
	    .done = on_done};

	memset(&fake, 0, sizeof(fake));
	ended = 0;
	assert_true(call_start(&order, &call));
	return call;
}

static void asks_and_goes_on_with_the_last_answer(void **state)
{
	struct work made;
	json_t *yes = json_pack("{s:b}", "yes", 1);

	memset(&client, 0, sizeof(client));
	client.answers_later = true;
	struct call *call = start_steps(*state, talking_steps, NULL, &made);

	call_answer(call, "two", yes);
	assert_int_equal(ended, 0);
	call_answer(call, "one", yes);
	json_decref(yes);
	assert_int_equal(client.asked, 1);
	assert_int_equal(((struct demo *)last)->steps, 3); /* ask, ask again, finish */
	assert_ended(false, "fine");
}

static void ends_with_its_questions_and_is_run_again(void **state)
{
	struct work made;

	memset(&client, 0, sizeof(client));
	start_steps(*state, talking_steps, NULL, &made);
	assert_int_equal(ended, 1);
	assert_int_equal(last->outcome, CALL_ASKS);
	assert_int_equal(json_object_size(last->questions), 2);
	call_free(last);

	json_t *answers = json_pack("{s:{}, s:{}}", "one", "two");

	start_steps(*state, talking_steps, answers, &made);
	json_decref(answers);
	assert_int_equal(client.asked, 1);
	assert_ended(false, "fine");
}

static void fails_when_no_answer_comes(void **state)
{
	struct work made;

	memset(&client, 0, sizeof(client));
	client.answers_later = true;
	call_abort(start_steps(*state, talking_steps, NULL, &made), "declined");
	assert_ended(true, "declined");
}

static void becomes_a_task_or_fails(void **state)
{
	struct work made;

	memset(&client, 0, sizeof(client));
	start_steps(*state, task_steps, NULL, &made);
	assert_ended(true, "no tasks");

	client.follows_tasks = true;
	struct call *call = start_steps(*state, task_steps, NULL, &made);

	assert_int_equal(ended, 0);
	call_hand_over(call, &client_functions, on_done, NULL, 60000);
	call_resume(call);
	assert_ended(false, "fine");
}

static void sleeps(void **state)
{
	struct work made;

	start_steps(*state, sleeping_steps, NULL, &made);
	assert_int_equal(ended, 0);
	while (ended == 0)
		assert_int_equal(
		    event_base_loop(((struct service *)*state)->base, EVLOOP_ONCE), 0);
	assert_ended(false, "fine");

	call_cancel(start_steps(*state, sleeping_steps, NULL, &made));
	assert_int_equal(ended, 0);
}

static int set_up(void **state)
{
	static struct service service;

	service.base = event_base_new();
	*state = &service;
	return service.base == NULL;
}

static int tear_down(void **state)
{
	event_base_free(((struct service *)*state)->base);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(runs_without_waiting),
	    cmocka_unit_test(waits_for_each_step),
	    cmocka_unit_test(refuses_arguments),
	    cmocka_unit_test(fails_at_either_wait),
	    cmocka_unit_test(fails_when_refused_at_once),
	    cmocka_unit_test(cancels_at_either_wait),
	    cmocka_unit_test(asks_and_goes_on_with_the_last_answer),
	    cmocka_unit_test(ends_with_its_questions_and_is_run_again),
	    cmocka_unit_test(fails_when_no_answer_comes),
	    cmocka_unit_test(becomes_a_task_or_fails),
	    cmocka_unit_test(sleeps),
	};

	return cmocka_run_group_tests_name("call", tests, set_up, tear_down);
}
