/*
 * ingest_transcript: keeps the turns of a conversation, each once, however often it is sent.
 *
 *	take_next -> clean -> insert -> settle -> replace -> settled -> again, until the end
 */
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "compact.h"
#include "ingest/reader.h"
#include "rows.h"
#include "sessions.h"
#include "tools/clean.h"
#include "tools/memory_limits.h"
#include "tools/publish.h"
#include "tools/tools.h"

#define MAX_TRANSCRIPT_BYTES (12 * 1024 * 1024)
#define MAX_PROBLEMS         20

struct ingest_transcript {
	struct call call;
	struct arg_text transcript, session_id, last_response;
	int format;
	struct reader *reader; /* owned */
	struct item *item;     /* the reader's */
	struct memory_new memory;
	char *json[2]; /* metadata and report; owned */
	const char *tags[MAX_TAGS];
	struct clean clean;
	bool finished, replaces;
	int tries;
	int saved, known, replaced;
	json_t *problems; /* owned */
};

enum { ANY, CLAUDE_CODE, CONVERSATION };

/* clang-format off */
static const char *const formats[] = {
	[ANY] = "any", [CLAUDE_CODE] = "claude_code", [CONVERSATION] = "conversation", NULL };

static const struct arg arguments[] = {
	{ .name = "transcript", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_TRANSCRIPT_BYTES,
	  .at = offsetof(struct ingest_transcript, transcript),
	  .help = "Claude Code's JSONL, or text with Human: and Assistant:." },
	{ .name = "format", .kind = ARG_ENUM, .choices = formats, .fallback = "any",
	  .at = offsetof(struct ingest_transcript, format) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct ingest_transcript, session_id),
	  .help = "For turns whose transcript names none." },
	{ .name = "last_response", .kind = ARG_TEXT, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct ingest_transcript, last_response),
	  .help = "What was answered last, where the transcript may lack it still." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "saved", .kind = ARG_INTEGER, .required = true },
	{ .name = "replaced", .kind = ARG_INTEGER, .required = true, .help = "Turns that went on since." },
	{ .name = "already_there", .kind = ARG_INTEGER, .required = true },
	{ .name = "problems", .kind = ARG_TEXTS, .required = true, .help = "What could not be read." },
	{ 0 },
};
/* clang-format on */

static bool open_reader(struct ingest_transcript *t)
{
	static const enum reader_format readers[] = {[ANY] = READER_ANY,
	    [CLAUDE_CODE] = READER_TRANSCRIPT,
	    [CONVERSATION] = READER_CONVERSATION};
	const struct reader_options options = {
	    .session_id = t->session_id.s, .last_response = t->last_response.s};

	t->problems = json_array();
	t->reader = reader_new(readers[t->format], &options);
	if (t->reader != NULL)
		reader_feed(t->reader, t->transcript.s, t->transcript.len);
	return t->reader != NULL && t->problems != NULL;
}

static void drop_item(struct ingest_transcript *t)
{
	clean_fini(&t->clean);
	for (int i = 0; i < 2; i++)
		free(t->json[i]);
	t->json[0] = t->json[1] = NULL;
	t->item = NULL;
	t->replaces = false;
	t->tries = 0;
}

static void take_json(char **out, const json_t *json, const char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	if (json != NULL)
		*text = *out = compact_json(json, len);
}

static void describe(struct ingest_transcript *t)
{
	const struct item *item = t->item;
	size_t tags = json_array_size(item->tags);
	struct memory_new *m = &t->memory;

	*m = (struct memory_new){
	    .session_id = item->session_id.s,
	    .session_id_len = item->session_id.len,
	    .user_input = item->user_input.s != NULL ? item->user_input.s : "",
	    .user_input_len = item->user_input.len,
	    .assistant_response =
	        item->assistant_response.s != NULL ? item->assistant_response.s : "",
	    .assistant_response_len = item->assistant_response.len,
	    .forced = true, /* its key says whether it is the same turn */
	    .tags = t->tags,
	    .tag_count = tags < MAX_TAGS ? tags : MAX_TAGS,
	    .private = item->visibility == ITEM_PRIVATE,
	    .event_us = item->event_us,
	    .valid_until_us = ROWS_NO_TIME,
	    .expires_us = ROWS_NO_TIME,
	};
	for (size_t i = 0; i < m->tag_count; i++)
		t->tags[i] = json_string_value(json_array_get(item->tags, i));
	take_json(&t->json[0], item->metadata, &m->metadata, &m->metadata_len);
	take_json(&t->json[1], item->report, &m->agent_metadata, &m->agent_metadata_len);
	memory_id_for(&t->call.who, item->idempotency_key.s, item->idempotency_key.len, m->id);
	clean_fini(&t->clean);
}

static void note_problem(struct ingest_transcript *t)
{
	if (json_array_size(t->problems) < MAX_PROBLEMS)
		json_array_append_new(t->problems, json_string(reader_problem(t->reader)));
}

/* To the next memory, or to the end. False: out of memory. */
static bool find_next(struct ingest_transcript *t)
{
	while (t->item == NULL && !t->finished) {
		switch (reader_next(t->reader, &t->item)) {
		case READER_ITEM:
			if (t->item->kind != ITEM_MEMORY || t->item->idempotency_key.s == NULL)
				t->item = NULL;
			break;
		case READER_PROBLEM:
			note_problem(t);
			break;
		case READER_MORE:
			reader_end(t->reader);
			break;
		case READER_END:
			t->finished = true;
			break;
		case READER_FAILED:
			return false;
		}
	}
	if (!t->finished)
		describe(t);
	return true;
}

static enum step_result take_next(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;

	if ((t->reader == NULL && !open_reader(t)) || (t->item == NULL && !find_next(t)))
		return call_fail(
		    call, "The server is out of memory. Send the transcript again later.");
	return STEP_NEXT;
}

static enum step_result clean(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;

	if (t->finished)
		return STEP_NEXT;
	switch (clean_prepare(&t->clean, call->who.namespace, &t->memory)) {
	case CLEAN_MORE:
		return call_yield(call);
	case CLEAN_FAILED:
		return call_fail(
		    call, "The server is out of memory. Send the transcript again later.");
	case CLEAN_DONE:
		break;
	}
	if (t->tries > 0 || !clean_found_any(&t->clean))
		return STEP_NEXT;
	clean_count_ask(call, &t->clean);
	return call_query(call);
}

static enum step_result insert(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;

	if (t->finished)
		return STEP_NEXT;
	if (!memory_save_ask(&call->query, &call->who, &t->memory))
		return call_fail(
		    call, "The server is out of memory. Send the transcript again later.");
	return call_query(call);
}

/* A turn that was there before with fewer words is replaced. */
static enum step_result settle(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;
	struct memory_saved saved;

	if (t->finished)
		return STEP_NEXT;
	memory_save_read(call->rows, &saved);
	if (saved.state == SAVE_REUSED) {
		t->replaces = true;
		memory_edit_ask(&call->query, &call->who, t->memory.id, NO_VERSION);
		return call_query(call);
	}
	t->saved += saved.state == SAVE_STORED;
	t->known += saved.state != SAVE_STORED;
	if (memory_is_news(&saved))
		publish_memory(call, saved.id, saved.session_id);
	drop_item(t);
	return STEP_AGAIN;
}

static enum step_result replace(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;
	struct memory_edit edit;

	if (t->finished)
		return STEP_NEXT;
	if (!memory_edit_read(call->rows, &edit)) { /* deleted since: it stays so */
		t->known++;
		drop_item(t);
		return STEP_AGAIN;
	}
	if (t->memory.session_id == NULL) {
		t->memory.session_id = edit.session_id;
		t->memory.session_id_len =
		    edit.session_id != NULL ? strlen(edit.session_id) : 0;
	}
	if (!memory_update_ask(
	        &call->query, &call->who, t->memory.id, edit.version, &t->memory))
		return call_fail(
		    call, "The server is out of memory. Send the transcript again later.");
	return call_query(call);
}

static enum step_result settled(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;
	struct memory_updated updated;

	if (!t->finished) {
		if (memory_update_read(call->rows, &updated)) {
			t->replaced++;
			publish_memory(call, updated.id, updated.session_id);
		}
		drop_item(t);
		return STEP_AGAIN;
	}
	call->result = json_pack("{s:i, s:i, s:i, s:O}", "saved", t->saved, "replaced",
	    t->replaced, "already_there", t->known, "problems", t->problems);
	fprintf(call_text(call),
	    "%d turns saved, %d replaced, %d were there already, %zu problems.", t->saved,
	    t->replaced, t->known, json_array_size(t->problems));
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	struct ingest_transcript *t = (struct ingest_transcript *)call;

	drop_item(t);
	reader_free(t->reader);
	json_decref(t->problems);
}

static const struct step steps[] = {STEP(take_next), STEP(clean), STEP(insert), STEP(settle),
    STEP(replace), STEP(settled), {0}};

const struct tool tool_ingest_transcript = {
    .work = {.name = "ingest_transcript",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct ingest_transcript),
        .fini = forget},
    .title = "Ingest a transcript",
    .description =
        "Keep the turns of a whole conversation with their tool calls; sending it again "
        "stores nothing twice. For hooks.",
    .results = results,
    .repeatable = true,
};
