/* show: times, and stored text as fenced data. */
#include "tools/show.h"

#include <string.h>

#include "rfc3339.h"
#include "rows.h"
#include "sessions.h"

json_t *show_time(int64_t unix_us)
{
	char text[RFC3339_TEXT_BYTES];

	if (unix_us == ROWS_NO_TIME)
		return json_null();
	rfc3339_format(unix_us, text);
	return json_string(text);
}

void show_set_time(json_t *json, const char *key, int64_t unix_us)
{
	if (unix_us != ROWS_NO_TIME)
		json_object_set_new(json, key, show_time(unix_us));
}

json_t *show_json(const char *text)
{
	json_t *json =
	    text != NULL ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;

	return json != NULL ? json : json_object();
}

static size_t longest_run(const char *text, char c)
{
	size_t longest = 0;

	for (const char *s = text; (s = strchr(s, c)) != NULL;) {
		size_t run = 0;

		for (; *s == c; s++)
			run++;
		if (run > longest)
			longest = run;
	}
	return longest;
}

static void put_fence(FILE *out, size_t len)
{
	while (len-- > 0)
		fputc('`', out);
}

void show_fenced(FILE *out, const char *label, const char *text)
{
	size_t inside = longest_run(text, '`');
	size_t fence = inside < 3 ? 3 : inside + 1;

	if (*text == '\0')
		return;
	put_fence(out, fence);
	fprintf(out, "%s\n%s\n", label, text);
	put_fence(out, fence);
	fputc('\n', out);
}

json_t *show_session(const struct session *session)
{
	json_t *json = json_pack("{s:s, s:s, s:o, s:o}", "session_id", session->id, "name",
	    session->name, "created_at", show_time(session->created_us), "last_active",
	    show_time(session->active_us));

	if (session->status != NULL)
		json_object_update_new(json,
		    json_pack("{s:s, s:s*, s:b}", "status", session->status, "merged_into",
		        session->merged_into, "current", session->current));
	if (session->first_us != ROWS_NO_TIME) {
		json_object_set_new(json, "first_memory_at", show_time(session->first_us));
		json_object_set_new(json, "last_memory_at", show_time(session->last_us));
	}
	return json;
}
