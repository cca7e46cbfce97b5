/*
 * task_methods: tasks/get, tasks/update, tasks/cancel; any process answers them.
 */
#include <stdio.h>
#include <string.h>

#include <uuid/uuid.h>

#include "call.h"
#include "events.h"
#include "jsonrpc.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "mcp/task_json.h"
#include "rfc3339.h"
#include "server_limits.h"
#include "service.h"
#include "tasks.h"

struct task_call {
	struct call call;
	struct arg_uuid id;
	struct arg_json answers;
};

/* clang-format off */
static const struct arg id_arguments[] = {
	{ .name = "taskId", .kind = ARG_UUID, .required = true, .at = offsetof(struct task_call, id) },
	{ 0 },
};

static const struct arg update_arguments[] = {
	{ .name = "taskId", .kind = ARG_UUID, .required = true, .at = offsetof(struct task_call, id) },
	{ .name = "inputResponses", .kind = ARG_OBJECT, .required = true, .max = MAX_REQUEST_STATE_BYTES,
	  .at = offsetof(struct task_call, answers) },
	{ 0 },
};
/* clang-format on */

json_t *task_json(const char *id, const char *status, int64_t created_us, int64_t updated_us)
{
	char created[RFC3339_TEXT_BYTES], updated[RFC3339_TEXT_BYTES];

	rfc3339_format(created_us, created);
	rfc3339_format(updated_us, updated);
	return json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "taskId", id, "status", status,
	    "ttlMs", TASK_LIFETIME_S * 1000, "pollIntervalMs", TASK_POLL_MS, "createdAt",
	    created, "lastUpdatedAt", updated);
}

json_t *task_error_json(const char *text)
{
	return json_pack("{s:i, s:s}", "code", -32603, "message",
	    text != NULL ? text : "Internal error: the process that ran the task has ended");
}

static struct task_name name_of(const struct call *call)
{
	return (struct task_name){((const struct task_call *)call)->id.bytes, &call->who};
}

static enum step_result find(struct call *call)
{
	const struct task_name name = name_of(call);

	task_get_ask(&call->query, &name);
	return call_query(call);
}

static enum step_result there_is_none(struct call *call)
{
	return call_not_found(call, "taskId: there is no such task (any more)");
}

static enum step_result show(struct call *call)
{
	char id[37];
	struct task_row row;

	if (!task_get_read(call->rows, &row))
		return there_is_none(call);
	bool lost = strcmp(row.status, "lost") == 0;
	const char *outcome = strcmp(row.status, "completed") == 0 ? "result" : "error";

	uuid_unparse_lower(((struct task_call *)call)->id.bytes, id);
	call->result =
	    task_json(id, lost ? "failed" : row.status, row.created_us, row.updated_us);
	if (lost)
		json_object_set_new(call->result, "error", task_error_json(NULL));
	else if (row.outcome != NULL)
		json_object_set_new(call->result, outcome, json_loads(row.outcome, 0, NULL));
	if (strcmp(row.status, "input_required") == 0 && row.questions != NULL)
		json_object_set_new(
		    call->result, "inputRequests", json_loads(row.questions, 0, NULL));
	return STEP_NEXT;
}

static enum step_result answer(struct call *call)
{
	const struct task_name name = name_of(call);

	task_answer_ask(&call->query, &name, ((struct task_call *)call)->answers.text);
	return call_query(call);
}

static enum step_result cancel(struct call *call)
{
	const struct task_name name = name_of(call);

	task_cancel_ask(&call->query, &name);
	return call_query(call);
}

/* To the process that runs it. */
static enum step_result tell(struct call *call)
{
	struct server_event event = {.kind = TASK_CHANGED, .session_id = "-"};

	if (!task_changed_read(call->rows))
		return there_is_none(call);
	snprintf(event.namespace, sizeof(event.namespace), "%s", call->who.namespace);
	uuid_unparse_lower(((struct task_call *)call)->id.bytes, event.memory_id);
	events_publish(call->service->events, &event);
	call->result = json_object();
	return STEP_NEXT;
}

static const struct step get_steps[] = {STEP(find), STEP(show), {0}};
static const struct step update_steps[] = {STEP(answer), STEP(tell), {0}};
static const struct step cancel_steps[] = {STEP(cancel), STEP(tell), {0}};

static const struct work get_work = {.name = "tasks/get",
    .arguments = id_arguments,
    .steps = get_steps,
    .size = sizeof(struct task_call),
    .reads_only = true};

static const struct work update_work = {.name = "tasks/update",
    .arguments = update_arguments,
    .steps = update_steps,
    .size = sizeof(struct task_call)};

static const struct work cancel_work = {.name = "tasks/cancel",
    .arguments = id_arguments,
    .steps = cancel_steps,
    .size = sizeof(struct task_call)};

static void on_done(struct request *r, struct call *call)
{
	json_t *result;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	result = json_incref(call->result);
	request_call_ended(r);
	request_result(r, result);
}

static void run(struct request *r, const struct work *work, bool with_answers)
{
	json_t *id = json_object_get(r->message.params, "taskId");
	json_t *answers =
	    with_answers ? json_object_get(r->message.params, "inputResponses") : NULL;

	if ((r->client_can & CLIENT_FOLLOWS_TASKS) == 0)
		request_needs(r, MCP_TASKS);
	else
		request_run(r, work,
		    json_pack("{s:O*, s:O*}", "taskId", id, "inputResponses", answers),
		    on_done);
}

void tasks_get(struct request *r)
{
	run(r, &get_work, false);
}

void tasks_update(struct request *r)
{
	run(r, &update_work, true);
}

void tasks_cancel(struct request *r)
{
	run(r, &cancel_work, false);
}
