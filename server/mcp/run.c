/* run: starts calls for requests, and is their client. */
#include "mcp/run.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "mcp/ask.h"
#include "mcp/mrtr.h"
#include "mcp/request.h"
#include "mcp/session_works.h"
#include "mcp/stream.h"
#include "mcp/task.h"
#include "severity.h"

/* clang-format off */
static const struct {
	const char *method;
	unsigned ability;
	const char *capability;
} questions[] = {
	{ "elicitation/create",	    CLIENT_ELICITS,	"elicitation" },
	{ "sampling/createMessage", CLIENT_SAMPLES,	"sampling" },
	{ "roots/list",		    CLIENT_LISTS_ROOTS, "roots" },
};
/* clang-format on */

unsigned client_abilities(const json_t *capabilities)
{
	const json_t *extensions = json_object_get(capabilities, "extensions");
	unsigned can =
	    json_is_object(json_object_get(extensions, MCP_TASKS)) ? CLIENT_FOLLOWS_TASKS : 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		if (json_is_object(json_object_get(capabilities, questions[i].capability)))
			can |= questions[i].ability;
	}
	return can;
}

/* The capability that one of the questions needs and the client lacks, or NULL. */
static const char *lacking(const struct call *call)
{
	const char *key;
	json_t *question;

	json_object_foreach (call->questions, key, question) {
		const char *method = json_string_value(json_object_get(question, "method"));

		for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
			if (strcmp(questions[i].method, method) == 0 &&
			    (call->client_can & questions[i].ability) == 0)
				return questions[i].capability;
		}
	}
	return NULL;
}

/* --- struct call_client --- */

static void notify(struct request *r, const char *method, json_t *params)
{
	struct stream *stream = request_stream(r);
	json_t *message =
	    json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);

	if (stream != NULL)
		stream_send(stream, message);
	else
		json_decref(message);
}

static void tell_progress(void *arg, double done, double total, const char *message)
{
	struct request *r = arg;
	json_t *meta = json_object_get(r->message.params, "_meta");
	json_t *token = json_object_get(meta, "progressToken");
	json_t *params;

	/* It must rise, and nobody may be told who did not ask (MCP utilities/progress). */
	if ((!json_is_string(token) && !json_is_integer(token)) || done <= r->progress)
		return;
	r->progress = done;
	params = json_pack(
	    "{s:O, s:f, s:f}", "progressToken", token, "progress", done, "total", total);
	if (message != NULL)
		json_object_set_new(params, "message", json_string(message));
	notify(r, "notifications/progress", params);
}

static void tell_log(void *arg, const char *level, json_t *data)
{
	struct request *r = arg;

	if (r->log_least >= 0 && severity_of(level) >= r->log_least)
		notify(r, "notifications/message",
		    json_pack("{s:s, s:O}", "level", level, "data", data));
	json_decref(data);
}

static bool put_questions(void *arg, struct call *call)
{
	struct request *r = arg;

	r->cannot = lacking(call);
	if (r->mcp.era == MCP_MODERN)
		return false; /* the result carries them */
	if (r->cannot != NULL) {
		call_fail(call, "This needs a client with the capability '%s'.", r->cannot);
		return false;
	}
	if (*r->session.id == '\0' || request_stream(r) == NULL) {
		call_fail(call, "This needs a session and a client that takes event streams.");
		return false;
	}
	asks_send(r, call);
	return true;
}

static void detach(void *arg)
{
	struct request *r = arg;

	if (request_stream(r) != NULL)
		stream_detach(r->stream);
}

static enum step_result defer(void *arg, struct call *call, bool required)
{
	struct request *r = arg;

	if ((r->client_can & CLIENT_FOLLOWS_TASKS) != 0)
		return task_begin(r, call);
	if (!required)
		return STEP_NEXT;
	if (r->mcp.era == MCP_LEGACY)
		return call_fail(
		    call, "This needs a client that follows tasks (" MCP_TASKS ").");
	r->cannot = MCP_TASKS;
	call->outcome = CALL_ASKS;
	return STEP_FAIL;
}

static const struct call_client client = {
    .progress = tell_progress,
    .log = tell_log,
    .ask = put_questions,
    .defer = defer,
    .detach = detach,
};

/* --- */

void request_needs(struct request *r, const char *capability)
{
	bool is_extension = strcmp(capability, MCP_TASKS) == 0;
	json_t *needed = json_pack("{s:{}}", capability);
	struct rpc_error error;

	if (is_extension)
		needed = json_pack("{s:o}", "extensions", needed);
	rpc_error_set(&error, RPC_MISSING_CAPABILITY,
	    json_pack("{s:o}", "requiredCapabilities", needed),
	    "this request needs the client capability '%s'", capability);
	request_error(r, &error);
}

static void ask_in_result(struct request *r)
{
	if (r->cannot == NULL) {
		r->outcome = OUTCOME_ASKS;
		mrtr_ask(r, r->call);
		return;
	}
	request_call_ended(r);
	request_needs(r, r->cannot);
}

static void on_done(void *arg, struct call *call)
{
	struct request *r = arg;

	asks_forget(r);
	if (call->outcome == CALL_ASKS)
		ask_in_result(r);
	else
		r->done(r, call);
}

/* Takes answers. */
static void start(
    struct request *r, const struct work *work, const json_t *arguments, json_t *answers)
{
	struct call_order order = {
	    .service = r->service,
	    .work = work,
	    .who = r->verified ? &r->auth.who : NULL,
	    .arguments = arguments,
	    .answers = answers,
	    .client_can = r->client_can,
	    .client_session = r->session.id,
	    .client = &client,
	    .tool = work != &client_session_find ? r->tool : 0,
	    .request_id = r->x != NULL ? r->x->id : "-",
	    .done = on_done,
	    .arg = r,
	};
	struct rpc_error error;
	bool started = call_start(&order, &r->call);

	json_decref(answers);
	if (started)
		return;
	rpc_error_set(
	    &error, RPC_INTERNAL, NULL, "out of memory; nothing was done, try again later");
	request_error(r, &error);
}

/* What the session wants to be told; then the work itself. */
static void on_level(struct request *r, struct call *call)
{
	int level = severity_of(json_string_value(json_object_get(call->result, "logLevel")));

	if (level >= 0)
		r->log_least = level;
	request_call_ended(r);
	r->done = r->then;
	start(r, r->work, r->arguments, NULL);
}

static void run_modern(struct request *r, const struct work *work)
{
	const json_t *meta = json_object_get(r->message.params, "_meta");
	const json_t *level = json_object_get(meta, "io.modelcontextprotocol/logLevel");
	json_t *answers = NULL;

	r->log_least = severity_of(json_string_value(level));
	if (level != NULL && r->log_least < 0)
		request_invalid(r, NULL,
		    "params._meta['io.modelcontextprotocol/logLevel'] must be a "
		    "level such as 'info'");
	else if (mrtr_read(r, &answers))
		start(r, work, r->arguments, answers);
}

void request_run(struct request *r, const struct work *work, json_t *arguments,
    void (*done)(struct request *r, struct call *call))
{
	r->arguments = arguments;
	r->done = done;
	if (r->mcp.era == MCP_MODERN) {
		run_modern(r, work);
		return;
	}
	r->log_least = severity_of("info");
	if (!work->logs || *r->session.id == '\0') {
		start(r, work, arguments, NULL);
		return;
	}
	r->work = work;
	r->then = done;
	r->done = on_level;
	start(r, &client_session_find, NULL, NULL);
}
