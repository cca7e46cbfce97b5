/* markdown: texts are quoted, so that headings inside them stay inside. */
#include "ingest/markdown.h"

#include <string.h>

#include "rfc3339.h"

/* Quotes a text: "> " before each line. */
static void put_quote(FILE *to, const char *label, struct arg_text text)
{
	if (text.len == 0)
		return;
	const char *s = text.s, *end = text.s + text.len;

	fprintf(to, "\n**%s**\n\n", label);
	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		const char *stop = newline != NULL ? newline : end;

		fputs(stop > s ? "> " : ">", to);
		fwrite(s, 1, (size_t)(stop - s), to);
		fputc('\n', to);
		s = newline != NULL ? newline + 1 : end;
	}
}

/* A name in one line: what could end the line becomes a blank. */
static void put_inline(FILE *to, struct arg_text text)
{
	for (size_t i = 0; i < text.len; i++)
		fputc(text.s[i] == '\n' || text.s[i] == '\r' ? ' ' : text.s[i], to);
}

static void put_fact(FILE *to, const char *label, struct arg_text text)
{
	if (text.len == 0)
		return;
	fprintf(to, "- %s: ", label);
	put_inline(to, text);
	fputc('\n', to);
}

static void put_time(FILE *to, const char *label, int64_t us)
{
	char text[RFC3339_TEXT_BYTES];

	if (us == ITEM_NO_TIME)
		return;
	rfc3339_format(us, text);
	fprintf(to, "- %s: %s\n", label, text);
}

static void put_tags(FILE *to, const json_t *tags)
{
	const json_t *tag;
	size_t i;

	if (json_array_size(tags) > 0)
		fputs("- tags:", to);
	json_array_foreach (tags, i, tag) {
		fputs(i > 0 ? ", " : " ", to);
		put_inline(
		    to, (struct arg_text){json_string_value(tag), json_string_length(tag)});
	}
	if (json_array_size(tags) > 0)
		fputc('\n', to);
}

bool markdown_begin(FILE *to, const char *title)
{
	fputs("# ", to);
	put_inline(to, (struct arg_text){title, strlen(title)});
	fputc('\n', to);
	return ferror(to) == 0;
}

bool markdown_item(FILE *to, const struct item *item)
{
	int64_t when = item->event_us != ITEM_NO_TIME ? item->event_us : item->created_us;
	char heading[RFC3339_TEXT_BYTES] = "Without a date";

	if (when != ITEM_NO_TIME)
		rfc3339_format(when, heading);
	fprintf(to, "\n## %s", item->kind == ITEM_SESSION ? "Session " : heading);
	if (item->kind == ITEM_SESSION)
		put_inline(to, item->name.len > 0 ? item->name : item->session_id);
	if (item->kind == ITEM_VERSION)
		fprintf(to, ", version %lld", (long long)item->version);
	fputs("\n\n", to);
	put_fact(to, "id", item->id);
	put_fact(to, "session", item->session_id);
	put_fact(to, "agent", item->agent);
	put_fact(to, "status", item->status);
	put_tags(to, item->tags);
	put_fact(to, "supersedes", item->supersedes);
	put_time(to, "valid until", item->valid_until_us);
	put_time(to, "deleted", item->deleted_us);
	put_quote(to, "User", item->user_input);
	put_quote(to, "Assistant", item->assistant_response);
	return ferror(to) == 0;
}
