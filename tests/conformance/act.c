/* act: one step of the file per step of the call. */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a "${...}" names, or NULL. */
static const json_t *named(const struct call *call, const char *name, size_t len)
{
	char key[128];

	snprintf(key, sizeof(key), "%.*s", (int)len, name);
	if (strncmp(key, "arguments.", 10) == 0)
		return json_object_get(call->sent, key + 10);
	if (strncmp(key, "answers.", 8) == 0)
		return call_answered(call, key + 8);
	return NULL;
}

static json_t *expand_text(const struct call *call, const char *text)
{
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	const char *mark;

	while ((mark = strstr(text, "${")) != NULL) {
		size_t name_len = strcspn(mark, "}") - 2;
		const json_t *value = named(call, mark + 2, name_len);
		char *json = value != NULL && !json_is_string(value)
		                 ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
		                 : NULL;

		fprintf(stream, "%.*s%s", (int)(mark - text), text,
		    json != NULL    ? json
		    : value != NULL ? json_string_value(value)
		                    : "");
		free(json);
		text = mark + 2 + name_len + 1;
	}
	fputs(text, stream);
	fclose(stream);
	json_t *result = json_stringn(out, len);

	free(out);
	return result;
}

/* A copy with every text expanded. */
static json_t *expand(const struct call *call, json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value))
		return expand_text(call, json_string_value(value));
	json_t *copy = json_is_object(value) ? json_object() : json_array();

	if (json_is_object(value)) {
		json_object_foreach (value, key, member)
			json_object_set_new(copy, key, expand(call, member));
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, member)
			json_array_append_new(copy, expand(call, member));
	} else {
		json_decref(copy);
		return json_incref(value);
	}
	return copy;
}

static bool can_be_asked(const struct call *call, const char *method)
{
	unsigned needed = strncmp(method, "elicitation/", 12) == 0 ? CLIENT_ELICITS
	                  : strncmp(method, "sampling/", 9) == 0   ? CLIENT_SAMPLES
	                                                           : CLIENT_LISTS_ROOTS;

	return (call->client_can & needed) != 0;
}

/* Asks what has not been answered. */
static enum step_result ask(struct call *call, json_t *questions, bool only_declared)
{
	enum step_result result = STEP_NEXT;
	const char *key;
	json_t *question;

	json_object_foreach (questions, key, question) {
		const char *method = json_string_value(json_object_get(question, "method"));

		if (call_answered(call, key) == NULL &&
		    (!only_declared || can_be_asked(call, method)))
			result = call_ask(call, key, method,
			    expand(call, json_object_get(question, "params")));
	}
	return result;
}

/* As long as the client wants; a task when that is any time at all. */
static enum step_result compute(struct call *call)
{
	struct fixture_call *fixture_call = (struct fixture_call *)call;
	json_int_t seconds = json_integer_value(json_object_get(call->sent, "seconds"));

	if (seconds == 0)
		return STEP_NEXT;
	if (fixture_call->deferred)
		return call_sleep(call, (int)seconds * 1000);
	fixture_call->deferred = true;
	fixture_call->at--; /* once more, then to sleep */
	return call_defer(call, false);
}

static enum step_result act(struct call *call)
{
	struct fixture_call *fixture_call = (struct fixture_call *)call;
	const struct fixture *fixture = (const struct fixture *)call->work;
	const json_t *steps = json_object_get(fixture->spec, "steps");
	json_t *step = json_array_get(steps, fixture_call->at);
	const char *what = json_object_iter_key(json_object_iter(step));
	json_t *how = what != NULL ? json_object_get(step, what) : NULL;
	enum step_result result = STEP_NEXT;

	if (what == NULL)
		return STEP_NEXT;
	if (strcmp(what, "log") == 0)
		call_log(call, "info", json_incref(how));
	else if (strcmp(what, "progress") == 0)
		call_progress(call, json_number_value(how), 100, NULL);
	else if (strcmp(what, "sleep") == 0)
		result = call_sleep(call, (int)json_integer_value(how));
	else if (strcmp(what, "detach") == 0)
		call_detach(call);
	else if (strcmp(what, "error") == 0)
		result = call_fail(call, "%s", json_string_value(how));
	else if (strcmp(what, "break") == 0)
		result = call_break(call, "%s", json_string_value(how));
	else if (strcmp(what, "compute") == 0)
		result = compute(call);
	else if (strcmp(what, "defer") == 0)
		result = call_defer(call, json_is_true(how));
	else if (strncmp(what, "ask", 3) == 0)
		result = ask(call, how, strcmp(what, "ask_declared") == 0);
	else
		call->content = expand(call, how);
	if (result != STEP_ASK)
		fixture_call->at++;
	return result;
}

/* As many as any fixture has, and more. */
const struct step act_steps[] = {STEP(act), STEP(act), STEP(act), STEP(act), STEP(act),
    STEP(act), STEP(act), STEP(act), {0}};
