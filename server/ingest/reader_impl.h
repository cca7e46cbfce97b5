/*
 * reader_impl: what the formats of reader share.
 *
 * A format is a table of functions. The reader cuts the input into pieces, decodes JSON, makes
 * lines valid UTF-8 without NUL, and hands each to take(); then it calls next() until that has no more items. Texts that next()
 * gives must last until the following take().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "ingest/reader.h"
#include "ingest/split.h"

struct format {
	const char *name;
	bool json;         /* objects, decoded; else lines */
	bool guarded;      /* metadata must be what guard.h allows */
	size_t state_size; /* of reader->state, zeroed at first */
	void (*take)(struct reader *reader, const struct piece *piece);
	bool (*next)(struct reader *reader, struct item *item); /* item is as ITEM_INIT */
	/* May be NULL: the input is over, and next() is called once more; frees the state. */
	void (*end)(struct reader *reader);
	void (*fini)(struct reader *reader);
};

struct reader {
	enum reader_format found;
	const struct format *format;
	struct reader_options options;
	struct reader_counts counts;
	struct split split;
	size_t mark;                /* bytes of a byte order mark that were read */
	size_t blanks, blank_lines; /* before the beginning */
	bool begun, ended, over, failed;
	json_t *json;       /* the object being read; owned */
	struct buffer line; /* the line being read */
	struct item item;
	void *state;
	bool has_problem;
	char problem[READER_PROBLEM_BYTES];
};

extern const struct format format_export, format_transcript, format_conversation,
    format_server_memory, format_mem0, format_sage;

/* Tells the caller of a problem, before the items of this piece. One a piece. */
void reader_tell(struct reader *reader, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A member of an object as text; absent when it is not there or no text. */
struct arg_text reader_text(const json_t *object, const char *name);

/* The object or array of this name; NULL when it is not there or something else. */
json_t *reader_object(const json_t *object, const char *name);
json_t *reader_array(const json_t *object, const char *name);

/* A member as time; tells when it is there and none. */
int64_t reader_time(struct reader *reader, const char *name, size_t line);

bool reader_true(const json_t *object, const char *name);
struct arg_text text_of(const char *s);
