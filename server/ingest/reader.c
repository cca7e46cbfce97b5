/* reader: finds out the format, and passes pieces to it. */
#include "ingest/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "ingest/mend.h"
#include "ingest/reader_impl.h"
#include "ingest/when.h"
#include "utf8.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MARK_LEN        3

static const struct format *const formats[READER_FORMATS] = {
    [READER_EXPORT] = &format_export,
    [READER_TRANSCRIPT] = &format_transcript,
    [READER_CONVERSATION] = &format_conversation,
    [READER_SERVER_MEMORY] = &format_server_memory,
    [READER_MEM0] = &format_mem0,
    [READER_SAGE] = &format_sage,
};

/* What an object has that tells its format; the first that fits. */
static const struct {
	const char *member;
	const char *value; /* its text, or NULL for any */
	enum reader_format format;
} signs[] = {
    {"format", "sage-mcp", READER_EXPORT},
    {"kind", NULL, READER_EXPORT},
    {"last_active", NULL, READER_SAGE},
    {"type", "entity", READER_SERVER_MEMORY},
    {"type", "relation", READER_SERVER_MEMORY},
    {"user_input", NULL, READER_SAGE},
    {"memory", NULL, READER_MEM0},
    {"type", NULL, READER_TRANSCRIPT},
    {"role", NULL, READER_TRANSCRIPT},
};

const char *reader_format_name(enum reader_format format)
{
	return format == READER_ANY ? "any" : formats[format]->name;
}

bool reader_format_of(const char *name, enum reader_format *format)
{
	for (*format = READER_ANY; *format < READER_FORMATS; (*format)++) {
		if (strcmp(reader_format_name(*format), name) == 0)
			return true;
	}
	return false;
}

static void choose(struct reader *reader, enum reader_format found)
{
	reader->found = found;
	reader->format = formats[found];
	reader->state = calloc(1, reader->format->state_size);
	reader->failed = reader->state == NULL;
}

struct reader *reader_new(enum reader_format format, const struct reader_options *options)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return NULL;
	if (options != NULL)
		reader->options = *options;
	if (format != READER_ANY)
		choose(reader, format);
	return reader;
}

void reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->state != NULL && reader->format->fini != NULL)
		reader->format->fini(reader);
	free(reader->state);
	json_decref(reader->json);
	buffer_fini(&reader->line);
	split_fini(&reader->split);
	free(reader);
}

/* The first character that is no blank tells JSON from text. */
static void begin(struct reader *reader, const char *bytes, size_t len)
{
	static const char *const members[] = {"results", "memories", NULL};
	size_t at = 0;

	while (at < len && reader->mark < MARK_LEN && reader->blanks == 0 &&
	       bytes[at] == BYTE_ORDER_MARK[reader->mark]) {
		reader->mark++;
		at++;
	}
	for (; at < len && strchr(" \t\r\n", bytes[at]) != NULL; at++) {
		reader->blanks++;
		reader->blank_lines += bytes[at] == '\n';
	}
	if (at == len && !reader->ended)
		return;
	bool json = at < len && (bytes[at] == '{' || bytes[at] == '[');
	bool documents = reader->format == NULL || reader->format == &format_mem0 ||
	                 reader->format == &format_sage;

	if (reader->format != NULL && reader->format != &format_sage)
		json = reader->format->json;
	split_init(&reader->split, json ? SPLIT_VALUES : SPLIT_LINES,
	    documents ? members : NULL, 1 + reader->blank_lines);
	split_feed(&reader->split, bytes + at, len - at);
	if (reader->mark < MARK_LEN) /* what only began like one is text */
		split_prepend(&reader->split, BYTE_ORDER_MARK, reader->mark);
	reader->begun = true;
}

void reader_feed(struct reader *reader, const char *bytes, size_t len)
{
	if (reader->begun)
		split_feed(&reader->split, bytes, len);
	else
		begin(reader, bytes, len);
}

void reader_end(struct reader *reader)
{
	reader->ended = true;
	if (!reader->begun)
		begin(reader, "", 0);
	split_end(&reader->split);
}

void reader_tell(struct reader *reader, size_t line, const char *format, ...)
{
	int at = snprintf(reader->problem, sizeof(reader->problem), "line %zu: ", line);
	va_list args;

	va_start(args, format);
	vsnprintf(reader->problem + at, sizeof(reader->problem) - (size_t)at, format, args);
	va_end(args);
	reader->has_problem = true;
}

const char *reader_problem(const struct reader *reader)
{
	return reader->problem;
}

enum reader_format reader_found(const struct reader *reader)
{
	return reader->found;
}

const struct reader_counts *reader_counted(const struct reader *reader)
{
	return &reader->counts;
}

static enum reader_format format_of_object(const json_t *object)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		const json_t *member = json_object_get(object, signs[i].member);

		if (json_is_string(member) &&
		    (signs[i].value == NULL ||
		        strcmp(json_string_value(member), signs[i].value) == 0))
			return signs[i].format;
	}
	return READER_ANY;
}

/* A plain pg_dump begins with comments, or, since 2025, with a \restrict line. */
static enum reader_format format_of_line(const struct piece *piece)
{
	bool dump = (piece->len == 2 && memcmp(piece->s, "--", 2) == 0) ||
	            (piece->len > 10 && memcmp(piece->s, "\\restrict ", 10) == 0) ||
	            (piece->len > 5 && memcmp(piece->s, "COPY ", 5) == 0);

	return dump ? READER_SAGE : READER_CONVERSATION;
}

static void decode(struct reader *reader, const struct piece *piece)
{
	char why[MEND_WHY_BYTES];

	json_decref(reader->json);
	reader->json = mend_json(piece->s, piece->len, why);
	if (reader->json == NULL)
		reader_tell(reader, piece->line, "%s", why);
}

/* Lines become what a database can store: valid UTF-8 without NUL. */
static void mend_line(struct reader *reader, struct piece *piece)
{
	struct buffer *line = &reader->line;

	line->most = SPLIT_PIECE_BYTES;
	buffer_clear(line);
	buffer_add(line, piece->s, piece->len);
	reader->failed = line->failed;
	if (line->failed)
		return;
	for (size_t i = 0; i < line->len; i++) {
		if (line->s[i] == '\0')
			line->s[i] = '?';
	}
	utf8_repair(line->s);
	piece->s = line->s;
}

static void take(struct reader *reader, struct piece *piece)
{
	bool json = reader->split.mode == SPLIT_VALUES;

	if (!json && piece->len > 0)
		mend_line(reader, piece);
	if (reader->failed)
		return;
	if (json) {
		decode(reader, piece);
		if (reader->json == NULL)
			return;
	}
	if (reader->format == NULL) {
		enum reader_format found =
		    json ? format_of_object(reader->json) : format_of_line(piece);

		if (found == READER_ANY) {
			reader_tell(reader, piece->line,
			    "an object of no known format; name the format if you know it");
			return;
		}
		choose(reader, found);
	}
	if (!reader->failed)
		reader->format->take(reader, piece);
}

/* The next item of what was taken. False: none, or it was refused. */
static bool next_item(struct reader *reader)
{
	char why[READER_PROBLEM_BYTES];

	if (reader->format == NULL || reader->failed)
		return false;
	reader->item = (struct item)ITEM_INIT;
	if (!reader->format->next(reader, &reader->item) || reader->failed)
		return false;
	if (reader->item.session_id.s == NULL && reader->options.session_id != NULL)
		reader->item.session_id = text_of(reader->options.session_id);
	if (!reader->format->guarded || reader->item.metadata == NULL ||
	    guard_check(reader->item.metadata, why, sizeof(why)))
		return true;
	reader_tell(reader, reader->item.line, "metadata.%.200s", why);
	return false;
}

static void take_next(struct reader *reader, enum split_result result, struct piece *piece)
{
	if (result == SPLIT_PIECE) {
		take(reader, piece);
	} else if (result == SPLIT_BAD) {
		reader_tell(reader, piece->line, "%s", piece->why);
	} else if (result == SPLIT_END) {
		reader->over = true;
		if (reader->format != NULL && reader->format->end != NULL)
			reader->format->end(reader);
	} else {
		reader->failed = true;
	}
}

enum reader_result reader_next(struct reader *reader, struct item **item)
{
	struct piece piece;

	for (;;) {
		if (reader->failed)
			return READER_FAILED;
		if (reader->has_problem) {
			reader->has_problem = false;
			reader->counts.problems++;
			return READER_PROBLEM;
		}
		if (next_item(reader)) {
			*item = &reader->item;
			reader->counts.items++;
			return READER_ITEM;
		}
		if (reader->failed || reader->has_problem)
			continue;
		if (reader->over)
			return READER_END;
		if (!reader->begun)
			return READER_MORE;
		enum split_result result = split_next(&reader->split, &piece);

		if (result == SPLIT_MORE)
			return READER_MORE;
		take_next(reader, result, &piece);
	}
}

struct arg_text text_of(const char *s)
{
	return (struct arg_text){s, s != NULL ? strlen(s) : 0};
}

struct arg_text reader_text(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return (struct arg_text){json_string_value(member), json_string_length(member)};
}

json_t *reader_object(const json_t *object, const char *name)
{
	json_t *member = json_object_get(object, name);

	return json_is_object(member) ? member : NULL;
}

json_t *reader_array(const json_t *object, const char *name)
{
	json_t *member = json_object_get(object, name);

	return json_is_array(member) ? member : NULL;
}

int64_t reader_time(struct reader *reader, const char *name, size_t line)
{
	const json_t *member = json_object_get(reader->json, name);
	int64_t us;

	if (member == NULL || json_is_null(member))
		return ITEM_NO_TIME;
	if (json_is_string(member) &&
	    when_parse(json_string_value(member), json_string_length(member), &us))
		return us;
	reader_tell(
	    reader, line, "%s: not a date-time such as 2026-07-28T09:30:00+08:00", name);
	return ITEM_NO_TIME;
}

bool reader_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}
