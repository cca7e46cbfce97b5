/*
 * export_session: all there is in a session, as JSON or Markdown, in pieces.
 *
 *	find_session -> find_memories -> write
 *
 * Pieces put together are the whole: oldest first, each memory in exactly one of them. A memory that
 * is longer than a piece may be comes alone, in one of its own.
 */
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "pages.h"
#include "resources/cursor.h"
#include "rfc3339.h"
#include "rows.h"
#include "sessions.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/show_memory.h"
#include "tools/tools.h"

#define PIECE_MEMORIES 100
#define PIECE_BYTES                                                                            \
	(MAX_RESPONSE_BYTES / 4) /* of texts: JSON may need twice as much, or six times */
#define WHOLE_CHARACTERS MAX_MEMORY_TEXT_BYTES

enum format { JSON, MARKDOWN };

struct export_session {
	struct call call;
	struct arg_text session_id, cursor;
	int format;
	struct memory_place place;
};

/* clang-format off */
static const char *const formats[] = { [JSON] = "json", [MARKDOWN] = "markdown", NULL };

static const struct arg arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct export_session, session_id) },
	{ .name = "format", .kind = ARG_ENUM, .choices = formats, .fallback = "json",
	  .at = offsetof(struct export_session, format) },
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES - 1,
	  .at = offsetof(struct export_session, cursor),
	  .help = "next_cursor of the piece before." },
	{ 0 },
};

static const struct arg open_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "session", .kind = ARG_RECORD, .required = true, .items = open_results },
	{ .name = "memories", .kind = ARG_RECORDS, .items = open_results,
	  .help = "json: oldest first, whole." },
	{ .name = "markdown", .kind = ARG_TEXT },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "next_cursor", .kind = ARG_TEXT },
	{ 0 },
};
/* clang-format on */

static enum step_result find_session(struct call *call)
{
	struct export_session *export = (struct export_session *)call;
	struct cursor cursor;

	export->place =
	    (struct memory_place){.oldest_first = true, .limit = PIECE_MEMORIES + 1};
	if (!cursor_parse(export->cursor.s, &cursor) ||
	    (export->cursor.s != NULL && uuid_parse(cursor.id, export->place.behind_id) != 0))
		return call_bad_argument(call,
		    "cursor: is not one that export_session gave; leave "
		    "it out to begin at the first piece");
	export->place.behind_us = cursor.time_us;
	session_info_ask(
	    &call->query, &call->who, export->session_id.s, export->session_id.len);
	return call_query(call);
}

static enum step_result find_memories(struct call *call)
{
	const struct export_session *export = (struct export_session *)call;
	const struct memory_detail detail = {
	    .characters = WHOLE_CHARACTERS, .whole = true, .bytes = PIECE_BYTES};
	const struct memory_filter filter = {
	    .session_id = export->session_id.s, .from_us = ROWS_NO_TIME, .to_us = ROWS_NO_TIME};
	struct session session;

	if (!session_info_read(call->rows, &session))
		return call_not_found(
		    call, "session_id: there is no session '%s'", export->session_id.s);
	json_t *json = show_session(&session);

	json_object_set_new(json, "memories", json_integer(session.memories));
	call->result = json_pack("{s:o}", "session", json);
	memory_list_ask(&call->query, &call->who, &detail, &filter, &export->place);
	return call_query(call);
}

static void put_heading(FILE *out, const json_t *session)
{
	fprintf(out, "# %s\n\nsession %s, %s, %" JSON_INTEGER_FORMAT " memories\n",
	    json_string_value(json_object_get(session, "name")),
	    json_string_value(json_object_get(session, "session_id")),
	    json_string_value(json_object_get(session, "status")),
	    json_integer_value(json_object_get(session, "memories")));
}

static void put_memory(FILE *out, const struct memory *memory)
{
	char created[RFC3339_TEXT_BYTES];

	rfc3339_format(memory->created_us, created);
	fprintf(out, "\n## %s\n\nmemory %s from %s\n", created, memory->id, memory->agent);
	if (memory->tags != NULL)
		fprintf(out, "tags: %s\n", memory->tags);
	fputc('\n', out);
	show_fenced(out, "user", memory->user_input);
	show_fenced(out, "assistant", memory->assistant_response);
	if (strcmp(memory->metadata, "{}") != 0)
		show_fenced(out, "metadata", memory->metadata);
	if (memory->agent_metadata != NULL)
		show_fenced(out, "report", memory->agent_metadata);
}

/* How many rows this piece takes, and the last of them in memory. */
static int take(const struct call *call, json_t *list, FILE *out, struct memory *memory)
{
	const struct export_session *export = (const struct export_session *)call;
	struct memory next;
	int row = 0;

	for (; row < rows_count(call->rows) && row < PIECE_MEMORIES; row++) {
		memory_read(call->rows, row, &next);
		if (next.metadata == NULL)
			break; /* too long for this piece: it begins the next one */
		*memory = next;
		if (export->format == MARKDOWN)
			put_memory(out, memory);
		else
			json_array_append_new(list, show_memory(memory));
	}
	return row;
}

static enum step_result write(struct call *call)
{
	const struct export_session *export = (const struct export_session *)call;
	char *text = NULL, next[CURSOR_TEXT_BYTES];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *list = json_array();
	struct memory last = {0}; /* the first row always comes whole */

	if (out == NULL)
		abort(); /* out of memory for a stream, as in call_text() */
	if (export->cursor.s == NULL)
		put_heading(out, json_object_get(call->result, "session"));
	bool has_more = take(call, list, out, &last) < rows_count(call->rows);

	fclose(out);
	if (export->format == MARKDOWN)
		json_object_set_new(call->result, "markdown", json_stringn(text, len));
	else
		json_object_set(call->result, "memories", list);
	json_object_set_new(call->result, "has_more", json_boolean(has_more));
	if (has_more) {
		cursor_format(last.created_us, last.id, next);
		json_object_set_new(call->result, "next_cursor", json_string(next));
	}
	if (export->format == MARKDOWN) {
		fprintf(call_text(call), "%s%s\n",
		    has_more ? "There is more, with cursor " : "The end is in this piece.",
		    has_more ? next : "");
		fputs(text, call_text(call));
	}
	json_decref(list);
	free(text);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(find_session), STEP(find_memories), STEP(write), {0}};

const struct tool tool_export_session = {
    .work = {.name = "export_session",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct export_session),
        .reads_only = true},
    .title = "Export a session",
    .description = "Everything in a session, whole, as JSON or Markdown, in pieces: go on with "
                   "next_cursor until has_more is false.",
    .results = results,
};
