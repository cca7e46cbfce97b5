/*
 * transcript: Claude Code's own record, one JSON object a line.
 *
 * A turn begins with what a person typed and takes in all that follows up to the next: texts
 * of the assistant, calls of tools, their results, and prompts that were queued meanwhile.
 * Lines of other types are about the client and not the conversation. Generic lines with
 * "role" and "content" are read the same way.
 */
#include <string.h>

#include "ingest/prompt.h"
#include "ingest/reader_impl.h"
#include "ingest/turn.h"
#include "ingest/when.h"

struct transcript {
	struct turns turns;
	struct buffer prompt; /* of the line being read */
};

/* What a message holds: its content, or, in old records, its text. */
static const json_t *content_of(const json_t *message)
{
	const json_t *content = json_object_get(message, "content");

	return content != NULL ? content : json_object_get(message, "text");
}

static bool is_text(const json_t *object, const char *name, const char *text)
{
	const char *have = json_string_value(json_object_get(object, name));

	return have != NULL && strcmp(have, text) == 0;
}

/* Collects what was typed. False: nothing was. */
static bool read_prompt(struct transcript *transcript, const json_t *content, bool *command)
{
	const json_t *block;
	bool found = false, one;
	size_t i;

	*command = false;
	transcript->prompt.most = ITEM_TEXT_BYTES;
	buffer_clear(&transcript->prompt);
	if (json_is_string(content))
		return prompt_add(&transcript->prompt, json_string_value(content),
		    json_string_length(content), command);
	json_array_foreach (content, i, block) {
		struct arg_text text = reader_text(block, "text");

		if (is_text(block, "type", "image"))
			text = text_of("[image]");
		if (text.s == NULL || !prompt_add(&transcript->prompt, text.s, text.len, &one))
			continue;
		found = true;
		*command = *command || one;
	}
	return found;
}

/* Results of tools in a user's line. True: there are some, so nobody typed the rest. */
static bool read_results(struct turn *turn, const json_t *content)
{
	bool found = false;
	const json_t *block;
	size_t i;

	json_array_foreach (content, i, block) {
		if (!is_text(block, "type", "tool_result"))
			continue;
		found = true;
		if (turn->begun)
			turn_result(turn, json_object_get(block, "tool_use_id"),
			    json_object_get(block, "content"), reader_true(block, "is_error"));
	}
	return found;
}

static void copy_text(char *to, size_t size, const json_t *value)
{
	size_t len = json_string_length(value);

	if (len > 0 && len < size)
		memcpy(to, json_string_value(value), len + 1);
}

static void begin_turn(
    struct reader *reader, const json_t *line, size_t line_number, bool command)
{
	struct transcript *transcript = reader->state;
	struct turn *turn = turns_begin(&transcript->turns, line_number);
	struct arg_text time = reader_text(line, "timestamp");

	if (turn == NULL) {
		reader->failed = true;
		return;
	}
	turn->command = command;
	buffer_add(&turn->said, transcript->prompt.s, transcript->prompt.len);
	copy_text(turn->id, sizeof(turn->id), json_object_get(line, "uuid"));
	copy_text(
	    turn->session_id, sizeof(turn->session_id), json_object_get(line, "sessionId"));
	if (time.s != NULL && !when_parse(time.s, time.len, &turn->event_us))
		turn->event_us = ITEM_NO_TIME;
	json_object_set_new(turn->about, "source", json_string("claude_code"));
	turn_note(turn, "cwd", json_object_get(line, "cwd"));
	turn_note(turn, "git_branch", json_object_get(line, "gitBranch"));
}

static void take_user(
    struct reader *reader, const json_t *line, const json_t *message, size_t line_number)
{
	struct transcript *transcript = reader->state;
	const json_t *content = content_of(message);
	bool command;

	if (reader_true(line, "isMeta") || reader_true(line, "isCompactSummary") ||
	    reader_true(line, "isVisibleInTranscriptOnly") ||
	    read_results(turns_now(&transcript->turns), content) ||
	    !read_prompt(transcript, content, &command)) {
		reader->counts.skipped++;
		return;
	}
	begin_turn(reader, line, line_number, command);
}

static void take_assistant(struct reader *reader, const json_t *line, const json_t *message)
{
	struct transcript *transcript = reader->state;
	struct turn *turn = turns_now(&transcript->turns);
	const json_t *content = content_of(message), *block;
	const char *model = json_string_value(json_object_get(message, "model"));
	size_t i;

	if (reader_true(line, "isApiErrorMessage") ||
	    (model != NULL && strcmp(model, "<synthetic>") == 0)) {
		reader->counts.skipped++;
		return;
	}
	if (!turn->begun) {
		reader->counts.orphans++;
		return;
	}
	turn_note(turn, "model", json_object_get(message, "model"));
	if (json_is_string(content))
		buffer_add_paragraph(
		    &turn->answered, json_string_value(content), json_string_length(content));
	json_array_foreach (content, i, block) {
		struct arg_text text = reader_text(block, "text");

		if (is_text(block, "type", "text") && text.s != NULL)
			buffer_add_paragraph(&turn->answered, text.s, text.len);
		else if (is_text(block, "type", "tool_use"))
			turn_call(turn, json_object_get(block, "id"),
			    json_object_get(block, "name"), json_object_get(block, "input"));
	}
}

/*
 * A prompt that was typed while the assistant was at work, and taken in without a turn of its
 * own. It is recorded as an attachment, in the queue, or in both.
 */
static void take_queued(struct reader *reader, const json_t *content)
{
	struct transcript *transcript = reader->state;
	struct turn *turn = turns_now(&transcript->turns);
	struct buffer *prompt = &transcript->prompt;
	bool command;

	if (!turn->begun || !read_prompt(transcript, content, &command) || prompt->failed ||
	    memmem(turn->said.s, turn->said.len, prompt->s, prompt->len) != NULL)
		reader->counts.skipped++;
	else
		buffer_add_paragraph(&turn->said, prompt->s, prompt->len);
}

static void take_attachment(struct reader *reader, const json_t *line)
{
	const json_t *attachment = json_object_get(line, "attachment");
	const json_t *mode = json_object_get(attachment, "commandMode");
	bool prompt = mode == NULL || is_text(attachment, "commandMode", "prompt");

	if (is_text(attachment, "type", "queued_command") && prompt)
		take_queued(reader, json_object_get(attachment, "prompt"));
	else
		reader->counts.skipped++;
}

static void take_operation(struct reader *reader, const json_t *line)
{
	if (is_text(line, "operation", "remove") &&
	    is_text(line, "reason", "absorbed_mid_turn"))
		take_queued(reader, json_object_get(line, "content"));
	else
		reader->counts.skipped++;
}

static void take(struct reader *reader, const struct piece *piece)
{
	const json_t *line = reader->json;
	const json_t *message = json_object_get(line, "message");
	const char *type = json_string_value(json_object_get(line, "type"));

	if (type == NULL) {
		type = json_string_value(json_object_get(line, "role"));
		message = line;
	}
	if (type == NULL || (reader_true(line, "isSidechain") && !reader->options.sidechains))
		type = "";
	if (strcmp(type, "user") == 0)
		take_user(reader, line, message, piece->line);
	else if (strcmp(type, "assistant") == 0)
		take_assistant(reader, line, message);
	else if (strcmp(type, "attachment") == 0)
		take_attachment(reader, line);
	else if (strcmp(type, "queue-operation") == 0)
		take_operation(reader, line);
	else
		reader->counts.skipped++;
}

/* Adds what the hook knows the assistant said last, where the record has not got it yet. */
static void add_last_response(struct turn *turn, const char *response)
{
	size_t len = response != NULL ? strlen(response) : 0;

	while (len > 0 && strchr(" \t\r\n", response[len - 1]) != NULL)
		len--;
	buffer_trim(&turn->answered);
	if (len > 0 &&
	    (turn->answered.len < len ||
	        memcmp(turn->answered.s + turn->answered.len - len, response, len) != 0))
		buffer_add_paragraph(&turn->answered, response, len);
}

static void end(struct reader *reader)
{
	struct transcript *transcript = reader->state;
	struct turn *turn = turns_now(&transcript->turns);

	if (turn->begun)
		add_last_response(turn, reader->options.last_response);
	turns_end(&transcript->turns);
}

static bool next(struct reader *reader, struct item *item)
{
	struct transcript *transcript = reader->state;

	return turns_item(&transcript->turns, item, &reader->failed);
}

static void fini(struct reader *reader)
{
	struct transcript *transcript = reader->state;

	turns_fini(&transcript->turns);
	buffer_fini(&transcript->prompt);
}

const struct format format_transcript = {.name = "transcript",
    .json = true,
    .state_size = sizeof(struct transcript),
    .take = take,
    .next = next,
    .end = end,
    .fini = fini};
