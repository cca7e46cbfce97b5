/* session_works: one statement each, and the word to the other processes. */
#include "mcp/session_works.h"

#include <stdio.h>

#include "client_sessions.h"
#include "ended_sessions.h"
#include "events.h"
#include "resources/resources.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"
#include "severity.h"

struct subscription {
	struct call call;
	struct arg_text uri;
};

struct level {
	struct call call;
	struct arg_text level;
};

/* clang-format off */
static const struct arg no_arguments[] = { { 0 } };

static const struct arg uri_arguments[] = {
	{ .name = "uri", .kind = ARG_TEXT, .required = true, .min = 1, .max = RESOURCE_URI_BYTES,
	  .at = offsetof(struct subscription, uri) },
	{ 0 },
};

static const struct arg level_arguments[] = {
	{ .name = "level", .kind = ARG_TEXT, .required = true, .min = 1, .max = 16,
	  .at = offsetof(struct level, level) },
	{ 0 },
};
/* clang-format on */

static enum step_result find(struct call *call)
{
	client_session_find_ask(&call->query, call->client_session);
	return call_query(call);
}

static enum step_result show(struct call *call)
{
	struct client_session_row row = {0};
	json_t *uris = json_array();

	for (int i = 0; i < rows_count(call->rows); i++) {
		client_session_find_read(call->rows, i, &row);
		if (row.uri != NULL)
			json_array_append_new(uris, json_string(row.uri));
	}
	call->result = json_pack("{s:b, s:s*, s:o}", "ended", row.ended, "logLevel",
	    row.log_level, "subscriptions", uris);
	return STEP_NEXT;
}

static enum step_result add(struct call *call)
{
	const struct subscription *s = (struct subscription *)call;

	client_session_subscribe_ask(
	    &call->query, &call->who, call->client_session, s->uri.s, MAX_SUBSCRIPTIONS);
	return call_query(call);
}

static enum step_result check_added(struct call *call)
{
	if (client_session_subscribe_read(call->rows))
		return STEP_NEXT;
	return call_bad_argument(call,
	    "uri: this session has %d subscriptions, which is the limit", MAX_SUBSCRIPTIONS);
}

static enum step_result drop(struct call *call)
{
	const struct subscription *s = (struct subscription *)call;

	client_session_unsubscribe_ask(&call->query, call->client_session, s->uri.s);
	return call_query(call);
}

static enum step_result tell_others(struct call *call)
{
	struct server_event event = {.kind = CLIENT_SESSION_CHANGED, .memory_id = "-"};

	snprintf(event.namespace, sizeof(event.namespace), "%s", call->who.namespace);
	snprintf(event.session_id, sizeof(event.session_id), "%s", call->client_session);
	events_publish(call->service->events, &event);
	call->result = json_object();
	return STEP_NEXT;
}

static enum step_result set_level(struct call *call)
{
	const struct level *l = (struct level *)call;

	if (severity_of(l->level.s) < 0)
		return call_bad_argument(call, "level must be one of debug, info, notice, "
		                               "warning, error, critical, alert, "
		                               "emergency");
	client_session_level_ask(&call->query, &call->who, call->client_session, l->level.s);
	return call_query(call);
}

static enum step_result show_nothing(struct call *call)
{
	call->result = json_object();
	return STEP_NEXT;
}

static enum step_result end(struct call *call)
{
	client_session_end_ask(
	    &call->query, &call->who, call->client_session, CLIENT_SESSION_LIFETIME_S);
	return call_query(call);
}

static enum step_result tell_end(struct call *call)
{
	ended_sessions_add(call->service->ended, call->who.namespace, call->client_session);
	return STEP_NEXT;
}

static const struct step find_steps[] = {STEP(find), STEP(show), {0}};
static const struct step subscribe_steps[] = {
    STEP(add), STEP(check_added), STEP(tell_others), {0}};
static const struct step unsubscribe_steps[] = {STEP(drop), STEP(tell_others), {0}};
static const struct step level_steps[] = {STEP(set_level), STEP(show_nothing), {0}};
static const struct step end_steps[] = {STEP(end), STEP(tell_end), {0}};

const struct work client_session_find = {.name = "client session",
    .arguments = no_arguments,
    .steps = find_steps,
    .size = sizeof(struct call),
    .reads_only = true};

const struct work client_session_subscribe = {.name = "resources/subscribe",
    .arguments = uri_arguments,
    .steps = subscribe_steps,
    .size = sizeof(struct subscription)};

const struct work client_session_unsubscribe = {.name = "resources/unsubscribe",
    .arguments = uri_arguments,
    .steps = unsubscribe_steps,
    .size = sizeof(struct subscription)};

const struct work client_session_level = {.name = "logging/setLevel",
    .arguments = level_arguments,
    .steps = level_steps,
    .size = sizeof(struct level)};

const struct work client_session_end = {.name = "session end",
    .arguments = no_arguments,
    .steps = end_steps,
    .size = sizeof(struct call)};
