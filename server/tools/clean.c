/* clean: redact() for texts, scrub_json_text() for JSON. */
#include "tools/clean.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "ingest/scrub.h"
#include "lexicon.h"
#include "sessions.h"
#include "utf8.h"

#define CLEAN_SLICE_BYTES (64 * 1024) /* 1 to 3 ms */
#define WORDS_SLICE_BYTES (32 * 1024) /* 3 to 7 ms */

static bool clean_one(
    struct redacted *out, struct redactions *counts, const char **text, size_t *len)
{
	if (!redact(*text, *len, counts, out))
		return false;
	if (out->text != NULL) {
		*text = out->text;
		*len = out->len;
	}
	return true;
}

static bool clean_json(char **out, struct redactions *counts, const char **text, size_t *len)
{
	if (*text == NULL)
		return true;
	*out = scrub_json_text(*text, *len, counts, len);
	*text = *out;
	return *out != NULL;
}

static bool has_tag(const struct clean *clean, size_t count, const char *tag)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(clean->tag_list[i], tag) == 0)
			return true;
	}
	return false;
}

/* Two secrets may leave the same marker, which is one tag. */
static bool clean_tags(struct clean *clean, struct memory_new *memory)
{
	size_t count = 0;

	for (size_t i = 0; i < memory->tag_count && i < MAX_TAGS; i++) {
		const char *tag = memory->tags[i];
		size_t len = strlen(tag);

		if (!clean_one(&clean->tags[i], &clean->counts, &tag, &len))
			return false;
		if (clean->tags[i].text == NULL || !has_tag(clean, count, tag))
			clean->tag_list[count++] = tag;
	}
	memory->tag_count = count;
	if (memory->tags != NULL)
		memory->tags = clean->tag_list;
	return true;
}

/* One of the texts, for at most so many bytes. */
static enum clean_progress clean_slice(
    struct clean *clean, struct redacted *out, const char **text, size_t *len, size_t bytes)
{
	if (clean->job == NULL && (clean->job = redact_begin(*text, *len)) == NULL)
		return CLEAN_FAILED;
	enum redact_progress progress = redact_some(clean->job, bytes, &clean->counts, out);

	if (progress == REDACT_MORE)
		return CLEAN_MORE;
	redact_end(clean->job);
	clean->job = NULL;
	if (progress == REDACT_FAILED)
		return CLEAN_FAILED;
	if (out->text != NULL) {
		*text = out->text;
		*len = out->len;
	}
	return CLEAN_DONE;
}

enum part { USER_INPUT, ASSISTANT_RESPONSE, THE_REST, ALL_CLEAN };

static enum clean_progress clean_part(
    struct clean *clean, struct memory_new *memory, size_t bytes)
{
	switch ((enum part)clean->part) {
	case USER_INPUT:
		return clean_slice(clean, &clean->texts[0], &memory->user_input,
		    &memory->user_input_len, bytes);
	case ASSISTANT_RESPONSE:
		return clean_slice(clean, &clean->texts[1], &memory->assistant_response,
		    &memory->assistant_response_len, bytes);
	case THE_REST: /* has limits of its own */
		return clean_json(&clean->json[0], &clean->counts, &memory->metadata,
		           &memory->metadata_len) &&
		               clean_json(&clean->json[1], &clean->counts,
		                   &memory->agent_metadata, &memory->agent_metadata_len) &&
		               clean_tags(clean, memory)
		           ? CLEAN_DONE
		           : CLEAN_FAILED;
	case ALL_CLEAN:
		break;
	}
	return CLEAN_DONE;
}

static enum clean_progress clean_bytes(
    struct clean *clean, struct memory_new *memory, size_t bytes)
{
	size_t left = bytes;

	while (clean->part < ALL_CLEAN) {
		size_t len = clean->part == USER_INPUT ? memory->user_input_len
		             : clean->part == ASSISTANT_RESPONSE
		                 ? memory->assistant_response_len
		                 : 0;

		if (len > left && left < bytes) /* the next turn's */
			return CLEAN_MORE;
		enum clean_progress progress = clean_part(clean, memory, left);

		if (progress != CLEAN_DONE)
			return progress;
		clean->part++;
		left -= len < left ? len : left;
	}
	return CLEAN_DONE;
}

enum clean_progress clean_some(struct clean *clean, struct memory_new *memory)
{
	return clean_bytes(clean, memory, CLEAN_SLICE_BYTES);
}

enum clean_progress clean_prepare(
    struct clean *clean, const char *namespace, struct memory_new *memory)
{
	if (clean->words == NULL) {
		enum clean_progress progress = clean_some(clean, memory);

		if (progress != CLEAN_DONE)
			return progress;
		clean->words = memory_begin_lexicon(namespace, memory);
		if (clean->words == NULL)
			return CLEAN_FAILED;
		if (memory->user_input_len + memory->assistant_response_len > WORDS_SLICE_BYTES)
			return CLEAN_MORE;
	}
	switch (lexicon_some(clean->words, WORDS_SLICE_BYTES)) {
	case LEXICON_MORE:
		return CLEAN_MORE;
	case LEXICON_FAILED:
		return CLEAN_FAILED;
	case LEXICON_READY:
		break;
	}
	memory->words = clean->words;
	return CLEAN_DONE;
}

bool clean_memory(struct clean *clean, struct memory_new *memory)
{
	clean_fini(clean);
	return clean_bytes(clean, memory, SIZE_MAX) == CLEAN_DONE;
}

const char *clean_text(struct clean *clean, const char *text)
{
	size_t len = strlen(text);

	clean_fini(clean);
	return clean_one(&clean->texts[0], &clean->counts, &text, &len) ? text : NULL;
}

bool clean_session(struct clean *clean, const char **name, const char **metadata)
{
	size_t name_len = *name != NULL ? strlen(*name) : 0;
	size_t metadata_len = *metadata != NULL ? strlen(*metadata) : 0;

	clean_fini(clean);
	if ((*name != NULL && !clean_one(&clean->texts[0], &clean->counts, name, &name_len)) ||
	    !clean_json(&clean->json[0], &clean->counts, metadata, &metadata_len))
		return false;
	if (clean->texts[0].text != NULL) /* a marker may be longer than what it stands for */
		clean->texts[0].text[utf8_cut(*name, name_len, SESSION_ID_BYTES)] = '\0';
	return true;
}

bool clean_found_any(const struct clean *clean)
{
	uint64_t all = 0;

	for (int kind = 0; kind < REDACTION_KINDS; kind++)
		all += clean->counts.of[kind];
	return all > 0;
}

void clean_count_ask(struct call *call, const struct clean *clean)
{
	const char *kinds[REDACTION_KINDS];
	int32_t numbers[REDACTION_KINDS];
	size_t count = 0;

	for (int kind = 0; kind < REDACTION_KINDS; kind++) {
		if (clean->counts.of[kind] == 0)
			continue;
		kinds[count] = redaction_name((enum redaction)kind);
		numbers[count++] = (int32_t)clean->counts.of[kind];
	}
	query_init_for(&call->query, SQL_redaction_count, call->who.namespace);
	query_text_array(&call->query, kinds, count);
	query_int4_array(&call->query, numbers, count);
}

json_t *clean_show(const struct clean *clean)
{
	json_t *json = json_object();

	for (int kind = 0; kind < REDACTION_KINDS; kind++) {
		if (clean->counts.of[kind] > 0)
			json_object_set_new(json, redaction_name((enum redaction)kind),
			    json_integer((json_int_t)clean->counts.of[kind]));
	}
	return json;
}

void clean_fini(struct clean *clean)
{
	for (int i = 0; i < 2; i++) {
		free(clean->texts[i].text);
		free(clean->json[i]);
	}
	for (int i = 0; i < MAX_TAGS; i++)
		free(clean->tags[i].text);
	redact_end(clean->job);
	lexicon_end(clean->words);
	memset(clean, 0, sizeof(*clean));
}
