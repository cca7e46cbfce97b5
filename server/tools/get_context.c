/*
 * get_context: what an agent should know before it goes on, ready to be put into a prompt.
 *
 *	embed -> find_notes -> find_pinned -> find_memories -> write
 */
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "rfc3339.h"
#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/show_memory.h"
#include "tools/tools.h"
#include "utf8.h"

#define MAX_NOTES      20
#define MAX_PINNED     20
#define MIN_CHARACTERS 100 /* of each text, however small the budget */
#define NOTE_SHARE     4   /* one note takes at most a quarter of the budget */

struct get_context {
	struct call call;
	struct arg_text query;
	struct arg_text session_id;
	int64_t max_results, max_tokens;
	char session[SESSION_ID_BYTES + 1]; /* given or chosen; "" */
	struct listing listing;
	int notes, pinned; /* items of the listing up to which these stand */
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct get_context, query),
	  .help = "What it is about; the latest of the session when left out." },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct get_context, session_id) },
	{ .name = "max_results", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS, .fallback = "10",
	  .at = offsetof(struct get_context, max_results) },
	{ .name = "max_tokens", .kind = ARG_INTEGER, .min = MIN_TOKENS, .max = MAX_TOKENS, .fallback = "2000",
	  .at = offsetof(struct get_context, max_tokens) },
	{ 0 },
};

static const struct arg item_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "notes", .kind = ARG_RECORDS, .required = true, .items = item_results },
	{ .name = "pinned", .kind = ARG_RECORDS, .required = true, .items = item_results },
	{ .name = "memories", .kind = ARG_RECORDS, .required = true, .items = item_results },
	{ .name = "left_out", .kind = ARG_INTEGER },
	{ 0 },
};
/* clang-format on */

static enum step_result find_notes(struct call *call)
{
	struct get_context *get = (struct get_context *)call;

	listing_init(&get->listing, get->max_tokens, LISTING_COLLAPSES | LISTING_FILLS);
	context_notes_ask(&call->query, &call->who, MAX_NOTES);
	return call_query(call);
}

static void take_note(struct listing *listing, const struct context_note *note)
{
	char created[RFC3339_TEXT_BYTES], *text = NULL, *words;
	size_t max = listing->bytes / NOTE_SHARE, len = strlen(note->note), text_len;
	FILE *out = open_memstream(&text, &text_len);

	words = strndup(note->note, (size_t)utf8_cut(note->note, len, (int)max));
	if (out == NULL || words == NULL)
		abort(); /* out of memory for a stream, as in call_text() */
	rfc3339_format(note->created_us, created);
	fprintf(out, "\n%d. note %s, from %s on %s%s\n", listing->count + 1, note->id,
	    note->from_agent, created, len > max ? " (cut)" : "");
	show_fenced(out, "note", words);
	fclose(out);
	listing_add_text(listing, note->id, text, text_len,
	    json_pack("{s:s, s:s, s:s, s:s, s:b}", "id", note->id, "from_agent",
	        note->from_agent, "created_at", created, "note", words, "truncated",
	        len > max));
	free(words);
	free(text);
}

static void take_notes(struct get_context *get)
{
	const struct rows *rows = get->call.rows;
	const char *chosen = context_session_read(rows);
	struct context_note note;

	for (int row = 0; row < rows_count(rows); row++) {
		if (context_note_read(rows, row, &note))
			take_note(&get->listing, &note);
	}
	get->notes = get->listing.count;
	if (get->session_id.s != NULL)
		chosen = get->session_id.s;
	snprintf(get->session, sizeof(get->session), "%s", chosen != NULL ? chosen : "");
}

/* An even share of the budget for each memory, so that one long text does not crowd out the others. */
static int32_t characters_of(const struct get_context *get)
{
	int64_t share = get->max_tokens * BYTES_PER_TOKEN / (2 * get->max_results);

	if (share > SEARCH_SNIPPET_CHARACTERS)
		return SEARCH_SNIPPET_CHARACTERS;
	return share < MIN_CHARACTERS ? MIN_CHARACTERS : (int32_t)share;
}

static enum step_result list(
    struct call *call, const char *session_id, const char *state, int32_t limit)
{
	const struct get_context *get = (struct get_context *)call;
	const struct memory_detail detail = {
	    .characters = characters_of(get), .bytes = MAX_RESPONSE_BYTES};
	const struct memory_filter filter = {.session_id = session_id,
	    .state = state,
	    .from_us = ROWS_NO_TIME,
	    .to_us = ROWS_NO_TIME};
	const struct memory_place place = {.behind_us = ROWS_NO_TIME, .limit = limit};

	memory_list_ask(&call->query, &call->who, &detail, &filter, &place);
	return call_query(call);
}

static enum step_result find_pinned(struct call *call)
{
	take_notes((struct get_context *)call);
	return list(call, NULL, "pinned", MAX_PINNED);
}

static void take_memories(struct get_context *get)
{
	struct memory memory;

	for (int row = 0; row < rows_count(get->call.rows); row++) {
		memory_read(get->call.rows, row, &memory);
		listing_add(&get->listing, &memory, NULL);
	}
}

static enum step_result embed(struct call *call)
{
	const struct get_context *asked = (struct get_context *)call;

	return call_embed(call, asked->query.s, asked->query.len);
}

static enum step_result find_memories(struct call *call)
{
	struct get_context *get = (struct get_context *)call;
	const struct search search = {
	    .words = get->query.s,
	    .words_len = get->query.len,
	    .embedding = call->vector.vector,
	    .session_id = get->session_id.s,
	    .session_id_len = get->session_id.len,
	    .limit = (int32_t)get->max_results,
	    .characters = characters_of(get),
	};

	take_memories(get);
	get->pinned = get->listing.count;
	if (get->query.s == NULL)
		return list(call, *get->session != '\0' ? get->session : NULL, "active",
		    (int32_t)get->max_results);
	if (!search_ask(&call->query, &call->who, &search))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static void take_hits(struct get_context *get)
{
	struct search_hit hit;

	for (int row = 0; row < rows_count(get->call.rows); row++) {
		search_read(get->call.rows, row, &hit);
		const struct memory memory = memory_of_hit(&hit);

		listing_add(&get->listing, &memory, &hit.score);
	}
}

static void write_part(
    const struct get_context *get, const char *title, int first, int last, FILE *out)
{
	if (first == last)
		return;
	fprintf(out, "\n%s\n", title);
	listing_write(&get->listing, first, last, out);
}

static void write_text(const struct get_context *get, FILE *out)
{
	const struct listing *l = &get->listing;

	if (l->count == 0)
		fputs("Your long-term memory holds nothing for this yet.", out);
	else
		fprintf(out, "From your long-term memory. %s", DATA_NOT_INSTRUCTIONS);
	if (l->left_out > 0)
		fprintf(out, " %d left out for max_tokens, the first of them %s.", l->left_out,
		    l->next_id);
	fputc('\n', out);
	write_part(
	    get, "Notes left for you (hand_off fetch marks them as read):", 0, get->notes, out);
	write_part(get, "Pinned:", get->notes, get->pinned, out);
	write_part(get,
	    get->query.s != NULL ? "What fits the query, best first:" : "Latest, newest first:",
	    get->pinned, l->count, out);
}

static enum step_result write(struct call *call)
{
	struct get_context *get = (struct get_context *)call;
	const struct listing *l = &get->listing;

	if (get->query.s != NULL)
		take_hits(get);
	else
		take_memories(get);
	call->result = json_pack("{s:o, s:o, s:o}", "notes", listing_json(l, 0, get->notes),
	    "pinned", listing_json(l, get->notes, get->pinned), "memories",
	    listing_json(l, get->pinned, l->count));
	if (*get->session != '\0')
		json_object_set_new(call->result, "session_id", json_string(get->session));
	if (l->left_out > 0)
		json_object_update_new(call->result,
		    json_pack("{s:i, s:s}", "left_out", l->left_out, "next_id", l->next_id));
	write_text(get, call_text(call));
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	listing_fini(&((struct get_context *)call)->listing);
}

static const struct step steps[] = {
    STEP(embed), STEP(find_notes), STEP(find_pinned), STEP(find_memories), STEP(write), {0}};

const struct tool tool_get_context = {
    .work = {.name = "get_context",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct get_context),
        .fini = forget,
        .reads_only = true},
    .title = "Get context",
    .description =
        "What to know before you go on: notes left for you, what is pinned, and what "
        "fits the query; call it when a conversation or task begins.",
    .results = results,
};
