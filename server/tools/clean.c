/* clean: redact() for texts, scrub_json_text() for JSON. */
#include "tools/clean.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "ingest/scrub.h"

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

bool clean_memory(struct clean *clean, struct memory_new *memory)
{
	clean_fini(clean);
	return clean_one(&clean->texts[0], &clean->counts, &memory->user_input,
	           &memory->user_input_len) &&
	       clean_one(&clean->texts[1], &clean->counts, &memory->assistant_response,
	           &memory->assistant_response_len) &&
	       clean_json(
	           &clean->json[0], &clean->counts, &memory->metadata, &memory->metadata_len) &&
	       clean_json(&clean->json[1], &clean->counts, &memory->agent_metadata,
	           &memory->agent_metadata_len);
}

const char *clean_text(struct clean *clean, const char *text)
{
	size_t len = strlen(text);

	clean_fini(clean);
	return clean_one(&clean->texts[0], &clean->counts, &text, &len) ? text : NULL;
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
	memset(clean, 0, sizeof(*clean));
}
