/* scrub: changes values where they are; names that are secrets move to the end of their object. */
#include "ingest/scrub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compact.h"
#include "read_json.h"

/* A string without secrets. NULL: out of memory. */
static json_t *scrub_text(const char *s, size_t len, struct redactions *counts)
{
	struct redacted out;

	if (!redact(s, len, counts, &out))
		return NULL;
	json_t *text =
	    out.text != NULL ? json_stringn(out.text, out.len) : json_stringn(s, len);

	free(out.text);
	return text;
}

/* A number that is a card's becomes text. */
static json_t *scrub_integer(json_t *value, struct redactions *counts)
{
	struct redactions found = {.of = {0}};
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%lld", json_integer_value(value));
	json_t *text = scrub_text(digits, (size_t)len, &found);

	if (text == NULL || found.of[REDACTED_CARD] > 0) {
		counts->of[REDACTED_CARD] += found.of[REDACTED_CARD];
		json_decref(value);
		return text;
	}
	json_decref(text);
	return value;
}

/* The value under a name; a secret by its name alone is replaced as a whole. */
static json_t *scrub_member(const char *name, json_t *value, struct redactions *counts)
{
	enum redaction kind;

	if (!json_is_string(value) ||
	    !redact_by_name(
	        name, strlen(name), json_string_value(value), json_string_length(value), &kind))
		return scrub_json(json_incref(value), counts);
	counts->of[kind]++;
	return json_string(redaction_marker(kind));
}

/* A name without secrets; the caller frees it with free(). NULL: it has none, or no memory. */
static char *scrub_name(const char *name, struct redactions *counts, bool *failed)
{
	struct redacted out;

	*failed = !redact(name, strlen(name), counts, &out);
	return *failed ? NULL : out.text;
}

static bool scrub_members(json_t *object, struct redactions *counts)
{
	json_t *renamed = json_object(), *value;
	const char *name;
	bool failed = renamed == NULL;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		json_t *scrubbed = failed ? NULL : scrub_member(name, value, counts);
		bool no_memory = false;
		char *other = failed ? NULL : scrub_name(name, counts, &no_memory);

		failed = failed || no_memory || scrubbed == NULL;
		if (failed)
			json_decref(scrubbed);
		else if (other != NULL)
			failed = json_object_set_new(renamed, other, scrubbed) != 0 ||
			         json_object_del(object, name) != 0;
		else
			failed = json_object_set_new(object, name, scrubbed) != 0;
		free(other);
	}
	failed = failed || json_object_update(object, renamed) != 0;
	json_decref(renamed);
	return !failed;
}

static bool scrub_elements(json_t *array, struct redactions *counts)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *scrubbed = scrub_json(json_incref(json_array_get(array, i)), counts);

		if (scrubbed == NULL || json_array_set_new(array, i, scrubbed) != 0)
			return false;
	}
	return true;
}

json_t *scrub_json(json_t *value, struct redactions *counts)
{
	json_t *scrubbed = value;
	bool failed = false;

	if (json_is_integer(value))
		return scrub_integer(value, counts);
	if (json_is_object(value))
		failed = !scrub_members(value, counts);
	else if (json_is_array(value))
		failed = !scrub_elements(value, counts);
	else if (json_is_string(value))
		scrubbed =
		    scrub_text(json_string_value(value), json_string_length(value), counts);
	if (scrubbed != value || failed)
		json_decref(value);
	return failed ? NULL : scrubbed;
}

char *scrub_json_text(const char *text, size_t len, struct redactions *counts, size_t *out_len)
{
	json_t *value = read_json(text, len);

	if (value == NULL)
		value = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	json_t *scrubbed = value != NULL ? scrub_json(value, counts) : NULL;
	char *out = scrubbed != NULL ? compact_json(scrubbed, out_len) : NULL;

	json_decref(scrubbed);
	return out;
}
