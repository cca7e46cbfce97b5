/* show_memory: only what is set is shown, since each word of an answer costs. */
#include "tools/show_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "rfc3339.h"
#include "rows.h"
#include "search.h"
#include "tools/show.h"

#define SCORE_STEPS 1e6 /* finer digits only cost tokens */

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static void set_text(json_t *json, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		set(json, key, json_string(text));
}

/* Stored JSON; what jansson does not read (none that this server stored) is an empty object. */
static void set_json(json_t *json, const char *key, const char *text)
{
	if (text == NULL)
		return;
	json_t *value = json_loads(text, 0, NULL);

	set(json, key, value != NULL ? value : json_object());
}

/* Labels that a reader must see however little is shown: what is outdated, and what is secret. */
static void set_labels(json_t *json, const struct memory *memory)
{
	show_set_time(json, "event_time", memory->event_us);
	if (memory->pinned)
		set(json, "pinned", json_true());
	if (memory->private)
		set_text(json, "visibility", "private");
	if (memory->stale)
		set(json, "stale", json_true());
	set_text(json, "superseded_by", memory->superseded_by);
	set_json(json, "tags", memory->tags);
}

static void set_texts(json_t *json, const struct memory *memory)
{
	set(json, "user_input", json_string(memory->user_input));
	set(json, "assistant_response", json_string(memory->assistant_response));
}

static void set_rest(json_t *json, const struct memory *memory)
{
	show_set_time(json, "updated_at", memory->updated_us);
	set_json(json, "metadata", memory->metadata);
	set_json(json, "agent_metadata", memory->agent_metadata);
	set_text(json, "visibility", memory->private ? "private" : "shared");
	set(json, "pinned", json_boolean(memory->pinned));
	show_set_time(json, "valid_until", memory->valid_until_us);
	show_set_time(json, "expires_at", memory->expires_us);
	set_text(json, "supersedes", memory->supersedes);
	set(json, "merged", json_integer(memory->merged));
	set(json, "version", json_integer(memory->version));
	set_text(json, "content_hash", memory->content_hash);
	set(json, "has_embedding", json_boolean(strcmp(memory->embed_state, "ok") == 0));
	set_text(json, "embed_state", memory->embed_state);
	set_text(json, "embed_model", memory->embed_model);
	set_text(json, "embed_error", memory->embed_error);
}

json_t *show_memory(const struct memory *memory)
{
	json_t *json =
	    json_pack("{s:s, s:s, s:o, s:b}", "id", memory->id, "agent", memory->agent,
	        "created_at", show_time(memory->created_us), "truncated", memory->truncated);

	set_text(json, "session_id", memory->session_id);
	set_labels(json, memory);
	if (memory->user_input != NULL)
		set_texts(json, memory);
	if (memory->metadata != NULL)
		set_rest(json, memory);
	return json;
}

/* A name that clients chose: on one line, whatever is in it. */
static void put_name(FILE *out, const char *label, const char *name)
{
	if (name == NULL || *name == '\0')
		return;
	fputs(label, out);
	for (; *name != '\0'; name++)
		fputc((unsigned char)*name < ' ' ? ' ' : *name, out);
}

static void put_time(FILE *out, const char *label, int64_t unix_us)
{
	char text[RFC3339_TEXT_BYTES];

	if (unix_us == ROWS_NO_TIME)
		return;
	rfc3339_format(unix_us, text);
	fprintf(out, "%s%s", label, text);
}

static void put_head(FILE *out, const struct memory *memory)
{
	fprintf(out, "memory %s", memory->id);
	put_name(out, ", by ", memory->agent);
	put_time(out, " on ", memory->created_us);
	put_time(out, ", happened ", memory->event_us);
	put_name(out, ", session ", memory->session_id);
	if (memory->private)
		fputs(", private", out);
	if (memory->pinned)
		fputs(", pinned", out);
	if (memory->stale)
		put_time(out, ", STALE since ", memory->valid_until_us);
	put_name(out, ", SUPERSEDED by ", memory->superseded_by);
	put_name(out, ", tags ", memory->tags);
	if (memory->truncated && memory->user_input != NULL)
		fputs(" (cut; get_memory has the whole)", out);
	fputc('\n', out);
}

void show_memory_text(FILE *out, const char *lead, const struct memory *memory)
{
	fputs(lead, out);
	put_head(out, memory);
	if (memory->user_input != NULL) {
		show_fenced(out, "user", memory->user_input);
		show_fenced(out, "assistant", memory->assistant_response);
	}
	if (memory->metadata != NULL && strcmp(memory->metadata, "{}") != 0)
		show_fenced(out, "metadata", memory->metadata);
	if (memory->agent_metadata != NULL)
		show_fenced(out, "agent report", memory->agent_metadata);
}

struct memory memory_of_hit(const struct search_hit *hit)
{
	struct memory memory = {.session_id = hit->session_id,
	    .agent = hit->agent,
	    .user_input = hit->user_input,
	    .assistant_response = hit->assistant_response,
	    .truncated = hit->truncated,
	    .created_us = hit->created_us,
	    .updated_us = ROWS_NO_TIME,
	    .event_us = hit->event_us,
	    .stale = hit->stale,
	    .valid_until_us = ROWS_NO_TIME,
	    .expires_us = ROWS_NO_TIME};

	memcpy(memory.id, hit->id, sizeof(memory.id));
	memcpy(memory.superseded_by, hit->superseded_by, sizeof(memory.superseded_by));
	return memory;
}

json_t *show_hit(const struct search_hit *hit)
{
	const struct memory memory = memory_of_hit(hit);
	json_t *json = show_memory(&memory);

	json_object_set_new(
	    json, "score", json_real(round(hit->score * SCORE_STEPS) / SCORE_STEPS));
	return json;
}

void show_hit_text(FILE *out, int number, const struct search_hit *hit)
{
	const struct memory memory = memory_of_hit(hit);
	char lead[16];

	snprintf(lead, sizeof(lead), "\n%d. ", number);
	show_memory_text(out, lead, &memory);
}
