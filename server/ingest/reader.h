/*
 * reader: memories out of files and texts of several formats, one at a time.
 *
 *	struct reader *reader = reader_new(READER_ANY, NULL);
 *
 *	for (;;) {
 *		switch (reader_next(reader, &item)) {
 *		case READER_ITEM:    store(item); break;
 *		case READER_PROBLEM: tell(reader_problem(reader)); break;
 *		case READER_MORE:    read a chunk: reader_feed(), or reader_end(); break;
 *		case READER_END:     reader_free(reader); return;
 *		case READER_FAILED:  out of memory
 *		}
 *	}
 *
 * Memory is that of the largest line or object, however long the input. Nothing here waits,
 * and nothing is lost silently: what cannot be read is a problem with its line, and reading
 * goes on behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ingest/item.h"

#define READER_PROBLEM_BYTES 256

enum reader_format {
	READER_ANY,           /* found out from the beginning */
	READER_EXPORT,        /* what export.h writes */
	READER_TRANSCRIPT,    /* Claude Code, one JSON object a line */
	READER_CONVERSATION,  /* text with Human: and Assistant: */
	READER_SERVER_MEMORY, /* @modelcontextprotocol/server-memory: entities and relations */
	READER_MEM0,          /* an array, {"results": [...]}, or an object a line */
	READER_SAGE,          /* the original's rows: a plain pg_dump, or row_to_json() lines */
	READER_FORMATS,
};

/* "transcript": as options of commands name it. Static. */
const char *reader_format_name(enum reader_format format);

/* False: no format has this name. */
bool reader_format_of(const char *name, enum reader_format *format)
    __attribute__((warn_unused_result));

/* Texts are borrowed and must outlive the reader. */
struct reader_options {
	const char *session_id; /* for items that name none; NULL: they stay without */
	const char
	    *last_response; /* what the assistant said last, where the transcript may lack
	                              it still (the Stop hook's last_assistant_message); or NULL */
	bool sidechains;    /* also what agents of the agent said and were told */
};

enum reader_result {
	READER_ITEM,    /* *item is valid until the next call */
	READER_PROBLEM, /* reader_problem() tells which */
	READER_MORE,    /* all that was fed is read */
	READER_END,     /* after reader_end() */
	READER_FAILED,  /* out of memory; all that is left is reader_free() */
};

struct reader_counts {
	size_t items, problems;
	size_t skipped; /* lines that hold nothing to remember */
	size_t orphans; /* answers without what they answer, as at a cut beginning */
};

/* options NULL: none. NULL: out of memory. */
struct reader *reader_new(enum reader_format format, const struct reader_options *options);
void reader_free(struct reader *reader); /* NULL is fine */

/* At first, and after READER_MORE; the bytes must stay until READER_MORE comes again. */
void reader_feed(struct reader *reader, const char *bytes, size_t len);
void reader_end(struct reader *reader);

enum reader_result reader_next(struct reader *reader, struct item **item);

/* "line 12: broken JSON at column 40: ..."; valid until the next call. */
const char *reader_problem(const struct reader *reader);

/* The format that is read; READER_ANY as long as it is not known. */
enum reader_format reader_found(const struct reader *reader);
const struct reader_counts *reader_counted(const struct reader *reader);
