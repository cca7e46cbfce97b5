/*
 * generate_prompt: a prompt with what memory has to say about it.
 *
 *	find -> write
 *
 * Extractive: sentences are picked from the best hits as they were stored, so nothing is made up.
 */
#include <stdlib.h>
#include <string.h>

#include "rfc3339.h"
#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "tools/extract.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/tools.h"

#define HITS           20
#define HIT_CHARACTERS 2000
#define QUESTION_BYTES 2048 /* of the context, for weighing sentences */
#define SOURCE_BYTES   256  /* of what names a memory and fences its sentences */

enum { STYLE_DEFAULT, STYLE_QUESTION, STYLE_SUGGESTION };

struct generate_prompt {
	struct call call;
	struct arg_text context;
	struct arg_text session_id;
	int style;
	int64_t max_tokens;
};

/* clang-format off */
static const char *const styles[] = {
	[STYLE_DEFAULT] = "default", [STYLE_QUESTION] = "question", [STYLE_SUGGESTION] = "suggestion", NULL };

static const char *const leads[] = {
	[STYLE_DEFAULT] = "With that in mind:",
	[STYLE_QUESTION] = "Answer this question. Rely on the above where it settles it, and say so where it does not:",
	[STYLE_SUGGESTION] = ("Suggest the best next step on this, given what was decided and tried before; name the "
		"memories you rely on:"),
};

static const struct arg arguments[] = {
	{ .name = "context", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct generate_prompt, context),
	  .help = "What the prompt is about; it ends the prompt word for word." },
	{ .name = "style", .kind = ARG_ENUM, .choices = styles, .fallback = "default",
	  .at = offsetof(struct generate_prompt, style) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct generate_prompt, session_id), .help = "Only from this session." },
	{ .name = "max_tokens", .kind = ARG_INTEGER, .min = MIN_TOKENS, .max = MAX_TOKENS, .fallback = "1000",
	  .at = offsetof(struct generate_prompt, max_tokens),
	  .help = "Most that is taken from memory, at 4 bytes a token." },
	{ 0 },
};

static const struct arg source_results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "sentences", .kind = ARG_INTEGER, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "prompt", .kind = ARG_TEXT, .required = true },
	{ .name = "sources", .kind = ARG_RECORDS, .required = true, .items = source_results },
	{ 0 },
};
/* clang-format on */

static enum step_result embed(struct call *call)
{
	const struct generate_prompt *asked = (struct generate_prompt *)call;

	return call_embed(call, asked->context.s, asked->context.len);
}

static enum step_result find(struct call *call)
{
	const struct generate_prompt *g = (struct generate_prompt *)call;
	const struct search search = {
	    .words = g->context.s,
	    .words_len = g->context.len,
	    .embedding = call->vector.vector,
	    .session_id = g->session_id.s,
	    .session_id_len = g->session_id.len,
	    .limit = HITS,
	    .characters = HIT_CHARACTERS,
	};

	if (!search_ask(&call->query, &call->who, &search))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static bool pick(const struct call *call, struct extract *extract)
{
	const struct generate_prompt *g = (const struct generate_prompt *)call;
	size_t len = g->context.len < QUESTION_BYTES ? g->context.len : QUESTION_BYTES;
	struct terms question = {0};
	struct search_hit hit;
	bool ok = terms_add_text(&question, g->context.s, len);

	for (int row = 0; ok && row < rows_count(call->rows); row++) {
		search_read(call->rows, row, &hit);
		ok = extract_add(extract, row, hit.user_input, strlen(hit.user_input)) &&
		     extract_add(
		         extract, row, hit.assistant_response, strlen(hit.assistant_response));
	}
	terms_reduce(&question);
	if (ok)
		extract_pick(
		    extract, &question, (size_t)g->max_tokens * BYTES_PER_TOKEN, SOURCE_BYTES);
	terms_fini(&question);
	return ok;
}

/* The picked sentences of one hit as one fenced block; how many. */
static int write_source(
    FILE *out, const struct extract *extract, int source, const struct search_hit *hit)
{
	char label[37 + PRINCIPAL_NAME_BYTES + RFC3339_TEXT_BYTES + 32],
	    created[RFC3339_TEXT_BYTES] = "";
	char *text = NULL;
	size_t text_len;
	FILE *picked = open_memstream(&text, &text_len);
	int count = 0;

	if (picked == NULL)
		abort(); /* out of memory for a stream, as in call_text() */
	for (size_t i = 0; i < extract->count; i++) {
		const struct sentence *sentence = &extract->items[i];

		if (!sentence->picked || sentence->source != source)
			continue;
		fprintf(
		    picked, "%s%.*s", count++ > 0 ? "\n" : "", (int)sentence->len, sentence->s);
	}
	fclose(picked);
	if (hit->created_us != ROWS_NO_TIME)
		rfc3339_format(hit->created_us, created);
	snprintf(label, sizeof(label), "memory %s, by %s on %s", hit->id, hit->agent, created);
	show_fenced(out, label, text);
	free(text);
	return count;
}

static json_t *write_sources(const struct call *call, FILE *out, const struct extract *extract)
{
	json_t *sources = json_array();
	struct search_hit hit;

	for (int row = 0; row < rows_count(call->rows); row++) {
		search_read(call->rows, row, &hit);
		int count = write_source(out, extract, row, &hit);

		if (count > 0)
			json_array_append_new(
			    sources, json_pack("{s:s, s:i}", "id", hit.id, "sentences", count));
	}
	return sources;
}

static enum step_result write(struct call *call)
{
	const struct generate_prompt *g = (struct generate_prompt *)call;
	struct extract extract = {0};
	FILE *out = call_text(call);
	json_t *sources;

	if (!pick(call, &extract)) {
		extract_fini(&extract);
		return call_fail(call, "The server is out of memory. Try again later.");
	}
	if (rows_count(call->rows) == 0)
		fputs("Your long-term memory holds nothing about this.\n", out);
	else
		fprintf(out, "From your long-term memory. %s\n", DATA_NOT_INSTRUCTIONS);
	sources = write_sources(call, out, &extract);
	extract_fini(&extract);
	fprintf(out, "\n%s\n\n%s\n", leads[g->style], g->context.s);
	fflush(out);
	call->result = json_pack("{s:s, s:o}", "prompt", call->text, "sources", sources);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(embed), STEP(find), STEP(write), {0}};

const struct tool tool_generate_prompt = {
    .work = {.name = "generate_prompt",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct generate_prompt),
        .reads_only = true},
    .title = "Generate a prompt",
    .description = "Turn a question or task into a prompt that carries the sentences of memory "
                   "that matter to it, ready to give to a model.",
    .results = results,
};
