/* turn: calls are found by their ids, latest first. */
#include "ingest/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compact.h"
#include "guard.h"
#include "ingest/agent_report.h"
#include "utf8.h"

/* Empties the turn, keeping the memory of its texts. */
static bool turn_begin(struct turn *turn, size_t line)
{
	struct buffer said = turn->said, answered = turn->answered;

	json_decref(turn->about);
	json_decref(turn->calls);
	said.most = answered.most = ITEM_TEXT_BYTES;
	buffer_clear(&said);
	buffer_clear(&answered);
	*turn = (struct turn){.said = said,
	    .answered = answered,
	    .about = json_object(),
	    .calls = json_array(),
	    .event_us = ITEM_NO_TIME,
	    .line = line,
	    .begun = true};
	return turn->about != NULL && turn->calls != NULL;
}

static void turn_fini(struct turn *turn)
{
	json_decref(turn->about);
	json_decref(turn->calls);
	buffer_fini(&turn->said);
	buffer_fini(&turn->answered);
}

void turn_note(struct turn *turn, const char *name, const json_t *value)
{
	if (json_string_length(value) > 0 && json_object_get(turn->about, name) == NULL)
		json_object_set(turn->about, name, (json_t *)(uintptr_t)value);
}

static json_t *cut_text(const char *s, size_t len)
{
	return json_stringn(s, (size_t)utf8_cut(s, len, TURN_OUTPUT_BYTES));
}

static json_t *cut_value(const json_t *value);

static json_t *cut_members(const json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		json_object_set_new(copy, name, cut_value(value));
	}
	return copy;
}

static json_t *cut_elements(const json_t *array)
{
	json_t *copy = json_array();
	const json_t *value;
	size_t i;

	json_array_foreach (array, i, value) {
		json_array_append_new(copy, cut_value(value));
	}
	return copy;
}

/* A copy with its texts cut; its depth was bounded before. */
static json_t *cut_value(const json_t *value)
{
	if (json_is_string(value))
		return cut_text(json_string_value(value), json_string_length(value));
	if (json_is_object(value))
		return cut_members(value);
	if (json_is_array(value))
		return cut_elements(value);
	return json_incref((json_t *)(uintptr_t)value);
}

/* The input of a call; one that cannot be stored as it is becomes its text. */
static json_t *cut_input(const json_t *input)
{
	char why[GUARD_PATH_BYTES * 2];
	json_t *copy = NULL;
	size_t len;

	if (input == NULL)
		return json_object();
	if (guard_check(input, why, sizeof(why)))
		return cut_value(input);
	char *text = compact_json(input, &len);

	if (text != NULL)
		copy = cut_text(text, len);
	free(text);
	return copy;
}

static size_t json_bytes(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

void turn_call(struct turn *turn, const json_t *id, const json_t *name, const json_t *input)
{
	json_t *call = json_object();

	if (json_is_string(id))
		json_object_set_new(call, "id", cut_value(id));
	if (json_is_string(name))
		json_object_set_new(call, "name", cut_value(name));
	json_object_set_new(call, "input", cut_input(input));
	size_t bytes = json_bytes(call);

	if (turn->calls_omitted > 0 || turn->calls_bytes + bytes > TURN_CALLS_BYTES) {
		turn->calls_omitted++;
	} else {
		turn->calls_bytes += bytes;
		json_array_append(turn->calls, call);
	}
	json_decref(call);
}

static json_t *call_of(const struct turn *turn, const char *id)
{
	for (size_t i = json_array_size(turn->calls); i > 0; i--) {
		json_t *call = json_array_get(turn->calls, i - 1);
		const char *have = json_string_value(json_object_get(call, "id"));

		if (have != NULL && strcmp(have, id) == 0)
			return call;
	}
	return NULL;
}

/* The texts of a result, one after the other, as much as may be kept; *len: all there was. */
static void add_output(struct buffer *output, const json_t *content, size_t *len)
{
	const json_t *block;
	size_t i;

	*len = 0;
	if (json_is_string(content)) {
		buffer_add(output, json_string_value(content), json_string_length(content));
		*len = json_string_length(content);
		return;
	}
	json_array_foreach (content, i, block) {
		const json_t *text = json_object_get(block, "text");

		if (!json_is_string(text))
			continue;
		*len += json_string_length(text) + (*len > 0 ? 2 : 0);
		buffer_add_paragraph(output, json_string_value(text), json_string_length(text));
	}
}

void turn_result(struct turn *turn, const json_t *id, const json_t *content, bool is_error)
{
	json_t *call = json_is_string(id) ? call_of(turn, json_string_value(id)) : NULL;
	size_t room = TURN_CALLS_BYTES - turn->calls_bytes, len;
	struct buffer output = BUFFER_INIT(room < TURN_OUTPUT_BYTES ? room : TURN_OUTPUT_BYTES);

	if (call == NULL)
		return;
	size_t before = json_bytes(call);

	add_output(&output, content, &len);
	json_object_set_new(
	    call, "output", json_stringn(output.s != NULL ? output.s : "", output.len));
	if (output.len < len)
		json_object_set_new(call, "output_bytes", json_integer((json_int_t)len));
	if (is_error)
		json_object_set_new(call, "is_error", json_true());
	turn->calls_bytes += json_bytes(call) - before;
	if (turn->calls_bytes > TURN_CALLS_BYTES)
		turn->calls_bytes = TURN_CALLS_BYTES;
	buffer_fini(&output);
}

/* The transcript's own id, or else a hash of all that is known. */
static bool make_key(struct turn *turn)
{
	char ordinal[24], id[81];
	const struct arg_text parts[] = {{turn->session_id, strlen(turn->session_id)},
	    {ordinal, (size_t)snprintf(ordinal, sizeof(ordinal), "%zu", turn->ordinal)},
	    {turn->said.s != NULL ? turn->said.s : "", turn->said.len},
	    {turn->answered.s != NULL ? turn->answered.s : "", turn->answered.len}};

	if (*turn->id == '\0')
		return stable_key(turn->key, "turn", parts, sizeof(parts) / sizeof(*parts));
	/* A copy, as for the compiler the id of one turn might be the key of another. */
	snprintf(id, sizeof(id), "%.80s", turn->id);
	snprintf(turn->key, sizeof(turn->key), "claude:%s", id);
	return true;
}

static void complete_about(struct turn *turn)
{
	if (json_array_size(turn->calls) > 0)
		json_object_set(turn->about, "tool_calls", turn->calls);
	if (turn->calls_omitted > 0)
		json_object_set_new(turn->about, "tool_calls_omitted",
		    json_integer((json_int_t)turn->calls_omitted));
	if (turn->said.cut || turn->answered.cut)
		json_object_set_new(turn->about, "cut", json_true());
}

/* Is it worth keeping? Then item is filled. */
static bool turn_item(struct turn *turn, struct item *item, bool *failed)
{
	*failed = turn->said.failed || turn->answered.failed;
	if (*failed || turn->said.len == 0 ||
	    (turn->command && turn->answered.len == 0 && json_array_size(turn->calls) == 0))
		return false;
	*failed = !make_key(turn);
	complete_about(turn);
	item->line = turn->line;
	item->user_input = (struct arg_text){turn->said.s, turn->said.len};
	item->assistant_response = (struct arg_text){
	    turn->answered.s != NULL ? turn->answered.s : "", turn->answered.len};
	item->idempotency_key = (struct arg_text){turn->key, strlen(turn->key)};
	if (*turn->session_id != '\0')
		item->session_id =
		    (struct arg_text){turn->session_id, strlen(turn->session_id)};
	item->event_us = turn->event_us;
	item->metadata = turn->about;
	return !*failed;
}

struct turn *turns_now(struct turns *turns)
{
	return &turns->both[turns->now];
}

struct turn *turns_begin(struct turns *turns, size_t line)
{
	turns_end(turns);
	turns->over = false;
	struct turn *turn = turns_now(turns);

	if (!turn_begin(turn, line))
		return NULL;
	turn->ordinal = turns->count++;
	return turn;
}

void turns_end(struct turns *turns)
{
	struct turn *turn = turns_now(turns);

	buffer_trim(&turn->said);
	buffer_trim(&turn->answered);
	turns->ready = turn->begun;
	turns->over = true;
	turns->now = 1 - turns->now;
}

bool turns_item(struct turns *turns, struct item *item, bool *failed)
{
	struct turn *turn = &turns->both[1 - turns->now];

	if (!turns->ready)
		return false;
	turns->ready = false;
	if (!turn_item(turn, item, failed))
		return false;
	item->open = turns->over;
	json_decref(turns->report);
	turns->report =
	    agent_report_find(item->assistant_response.s, item->assistant_response.len);
	if (turns->report == NULL)
		turns->report = agent_report_find(item->user_input.s, item->user_input.len);
	item->report = turns->report;
	return true;
}

void turns_fini(struct turns *turns)
{
	turn_fini(&turns->both[0]);
	turn_fini(&turns->both[1]);
	json_decref(turns->report);
}
