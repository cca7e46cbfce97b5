/*
 * search, fetch: the pair of tools that connectors of ChatGPT look for, with its fixed names and fields.
 *
 *	search: find -> show_results
 *	fetch: get -> show_document
 */
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "pages.h"
#include "resources/resources.h"
#include "rows.h"
#include "search.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/show_memory.h"
#include "tools/tools.h"
#include "utf8.h"

#define RESULTS     20
#define TITLE_BYTES 80

struct search_tool {
	struct call call;
	struct arg_text query;
};

struct fetch_tool {
	struct call call;
	struct arg_uuid id;
};

/* clang-format off */
static const struct arg search_arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_tool, query) },
	{ 0 },
};

static const struct arg fetch_arguments[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true, .at = offsetof(struct fetch_tool, id) },
	{ 0 },
};

static const struct arg hit_results[] = {
	{ .name = "id", .kind = ARG_TEXT, .required = true },
	{ .name = "title", .kind = ARG_TEXT, .required = true },
	{ .name = "url", .kind = ARG_TEXT, .required = true },
	{ 0 },
};

static const struct arg search_results[] = {
	{ .name = "results", .kind = ARG_RECORDS, .required = true, .items = hit_results },
	{ 0 },
};

static const struct arg fetch_results[] = {
	{ .name = "id", .kind = ARG_TEXT, .required = true },
	{ .name = "title", .kind = ARG_TEXT, .required = true },
	{ .name = "text", .kind = ARG_TEXT, .required = true },
	{ .name = "url", .kind = ARG_TEXT, .required = true },
	{ .name = "metadata", .kind = ARG_OBJECT },
	{ 0 },
};
/* clang-format on */

/* {id, title, url}: the title is the beginning of the first line. */
static json_t *show_title(const char *id, const char *user_input)
{
	size_t len = strcspn(user_input, "\r\n");

	return json_pack("{s:s, s:s#, s:s+}", "id", id, "title", user_input,
	    (size_t)utf8_cut(user_input, len, TITLE_BYTES), "url", RESOURCE_MEMORY, id);
}

static enum step_result embed(struct call *call)
{
	const struct search_tool *asked = (struct search_tool *)call;

	return call_embed(call, asked->query.s, asked->query.len);
}

static enum step_result find(struct call *call)
{
	const struct search_tool *tool = (struct search_tool *)call;
	const struct search search = {.words = tool->query.s,
	    .words_len = tool->query.len,
	    .embedding = call->vector.vector,
	    .limit = RESULTS,
	    .characters = TITLE_BYTES};

	if (!search_ask(&call->query, &call->who, &search))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static enum step_result show_results(struct call *call)
{
	json_t *list = json_array();
	struct search_hit hit;

	for (int row = 0; row < rows_count(call->rows); row++) {
		search_read(call->rows, row, &hit);
		json_array_append_new(list, show_title(hit.id, hit.user_input));
	}
	call->result = json_pack("{s:o}", "results", list);
	return STEP_NEXT;
}

static enum step_result get(struct call *call)
{
	static const struct memory_detail whole = {
	    .characters = INT32_MAX, .whole = true, .bytes = MAX_RESPONSE_BYTES};
	const struct fetch_tool *tool = (struct fetch_tool *)call;

	memory_get_ask(&call->query, &call->who, &whole, &tool->id.bytes, 1, 0);
	return call_query(call);
}

static json_t *text_of(const struct memory *memory)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		abort(); /* out of memory for a stream, as in call_text() */
	show_fenced(out, "user", memory->user_input);
	show_fenced(out, "assistant", memory->assistant_response);
	fclose(out);
	json_t *json = json_string(text);

	free(text);
	return json;
}

static enum step_result show_document(struct call *call)
{
	struct memory memory;
	char id[37];

	if (rows_count(call->rows) == 0) {
		uuid_unparse_lower(((struct fetch_tool *)call)->id.bytes, id);
		return call_not_found(
		    call, "id: there is no memory %s; search gives the ids there are", id);
	}
	memory_read(call->rows, 0, &memory);
	call->result = show_title(memory.id, memory.user_input);
	json_object_set_new(call->result, "text", text_of(&memory));
	memory.user_input = memory.assistant_response = NULL; /* said already */
	json_object_set_new(call->result, "metadata", show_memory(&memory));
	return STEP_NEXT;
}

static const struct step search_steps[] = {STEP(embed), STEP(find), STEP(show_results), {0}};
static const struct step fetch_steps[] = {STEP(get), STEP(show_document), {0}};

const struct tool tool_search = {
    .work = {.name = "search",
        .arguments = search_arguments,
        .steps = search_steps,
        .size = sizeof(struct search_tool),
        .reads_only = true},
    .title = "Search",
    .description = "Ids and titles of memories that fit a query; fetch has their text.",
    .results = search_results,
};

const struct tool tool_fetch = {
    .work = {.name = "fetch",
        .arguments = fetch_arguments,
        .steps = fetch_steps,
        .size = sizeof(struct fetch_tool),
        .reads_only = true},
    .title = "Fetch",
    .description = "The text of one memory that search found.",
    .results = fetch_results,
};
