/*
 * item: one thing to import, or to export, whatever the format.
 *
 * A reader fills items (reader.h), the writers take them (export.h, markdown.h). Texts are
 * borrowed and end with a NUL that len does not count; a text that is not there has s NULL.
 * Times are unix microseconds, or ITEM_NO_TIME.
 *
 * Nothing in an item was redacted; that is the write path's matter (db/redact.h, scrub.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "args.h"

#define ITEM_NO_TIME INT64_MIN
#define ITEM_TEXT_BYTES                                                                        \
	(1024 * 1024) /* of user_input and assistant_response from transcripts */

enum item_kind {
	ITEM_SESSION, /* session_id, name, status, metadata, created, updated, active */
	ITEM_MEMORY,
	ITEM_VERSION, /* what a memory was before: id, version, updated, agent, texts, metadata */
	ITEM_VECTOR, /* of a further piece of a memory's text: id, version and content_hash of the memory, part, embedding */
	ITEM_KINDS,
};

enum item_visibility {
	ITEM_VISIBILITY_UNSET, /* as the importing side does by default */
	ITEM_PRIVATE,          /* to its agent */
	ITEM_SHARED,           /* in the namespace */
	ITEM_VISIBILITIES,
};

/* A vector and what made it. */
struct item_embedding {
	struct arg_text model; /* absent: not known */
	const float *numbers;  /* NULL: none */
	size_t dimensions;
};

struct item {
	enum item_kind kind;
	size_t line; /* of the input, where it begins; 0 when exporting */
	/* Of the memory (a UUID); absent: to be made. Versions and vectors name the memory they belong to. */
	struct arg_text id;
	struct arg_text session_id;
	struct arg_text agent;
	struct arg_text user_input;
	struct arg_text assistant_response;
	struct arg_text idempotency_key; /* the same for the same thing, whenever it is read */
	struct arg_text content_hash;    /* in hex, as exported */
	struct arg_text supersedes;      /* the UUID of a memory */
	struct arg_text name;            /* of a session */
	struct arg_text status;          /* of a session */
	enum item_visibility visibility;
	int64_t version;
	int64_t part; /* of a text, from 1 on: the memory's own embedding is that of part 0 */
	int64_t created_us,
	    updated_us;   /* when it was written; versions: until when it was so */
	int64_t event_us; /* when it happened */
	int64_t valid_until_us;
	int64_t deleted_us;
	int64_t active_us; /* of a session */
	bool pinned;
	/*
	 * The last turn of a transcript: it may go on in the next reading, with the same
	 * idempotency key and more text. Whoever has it already replaces what is stored.
	 */
	bool open;
	/* Borrowed; a reader's may be changed in place. NULL: none. */
	json_t *metadata; /* object */
	json_t *tags;     /* array of strings */
	json_t *report;   /* object: agent_report.h */
	/* Instead of metadata, when exporting: JSON text, written as it is. */
	struct arg_text metadata_text;
	struct item_embedding embedding;
};

/* A memory with nothing in it. */
#define ITEM_INIT                                                                              \
	{                                                                                      \
		.kind = ITEM_MEMORY, .created_us = ITEM_NO_TIME, .updated_us = ITEM_NO_TIME,   \
		.event_us = ITEM_NO_TIME, .valid_until_us = ITEM_NO_TIME,                      \
		.deleted_us = ITEM_NO_TIME, .active_us = ITEM_NO_TIME                          \
	}
