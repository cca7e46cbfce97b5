/*
 * pages: memories as they are read: some by their ids, or those that fit a filter, page by
 * page (principals.h says what _ask and _read are).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

/* How much of each memory is fetched, and of all together. */
struct memory_detail {
	int32_t characters; /* of each text; 0: no texts, no tags */
	bool whole;         /* metadata and reports, too */
	int64_t bytes;      /* of all; the first is fetched even when it is larger */
};

/* A memory; texts are borrowed from the rows. A time that is not set is ROWS_NO_TIME. */
struct memory {
	char id[37];
	char beside[37];        /* get: the memory asked for ... */
	int place;              /* ... and how many places after it; 0: itself */
	const char *session_id; /* NULL in rows older than sessions */
	const char *agent;
	int64_t created_us, updated_us, event_us, valid_until_us, expires_us;
	const char *user_input, *assistant_response; /* NULL: not fetched */
	bool truncated;                              /* a text is longer than what is here */
	const char *tags;                            /* JSON array; NULL: none */
	bool private, pinned, stale;
	char supersedes[37], superseded_by[37]; /* "": nothing */
	int merged, version;
	const char *content_hash; /* SHA-256 in hex; NULL: not computed yet */
	const char *embed_state, *embed_model;
	const char *metadata;                     /* JSON; NULL: not fetched */
	const char *agent_metadata, *embed_error; /* NULL: none, or not fetched */
};

/* Every statement that returns memories has these columns. */
void memory_read(const struct rows *rows, int row, struct memory *memory);

/* Each memory with so many before and after it in its session; unknown ids give no row. */
void memory_get_ask(struct query *q, const struct principal *who,
    const struct memory_detail *detail, const unsigned char (*ids)[16], size_t count,
    int32_t neighbours);

/* NULL, or ROWS_NO_TIME: does not matter. All texts are borrowed. */
struct memory_filter {
	const char *session_id;
	const char *agent;
	const char *const *tags;
	size_t tag_count;
	bool all_tags;        /* else any of them */
	const char *metadata; /* JSON object that it must contain */
	int64_t from_us, to_us;
	bool by_event; /* times are those of the event, if it has one; else of the writing */
	const char *state; /* active, stale, superseded, pinned, pending, failed, report */
	const char *agent_name, *task_id; /* of an agent's report */
};

/* A place in the order of (created_at, id). */
struct memory_place {
	bool oldest_first;
	int64_t behind_us; /* ROWS_NO_TIME: from the beginning */
	unsigned char behind_id[16];
	int32_t limit;
};

void memory_list_ask(struct query *q, const struct principal *who,
    const struct memory_detail *detail, const struct memory_filter *filter,
    const struct memory_place *place);

/* What update_memory replaced. Texts are borrowed from the rows. */
struct memory_version {
	char id[37]; /* of the memory */
	int version;
	const char *user_input, *assistant_response, *metadata; /* NULL: not fetched */
	const char *tags;                                       /* JSON array */
	const char *session_id, *visibility;
	int64_t event_us, written_us, replaced_us;
	const char *replaced_by;
};

/* The latest ones of each memory, latest first. */
void memory_versions_ask(struct query *q, const struct principal *who,
    const unsigned char (*ids)[16], size_t count, int32_t limit, int64_t bytes);
void memory_version_read(const struct rows *rows, int row, struct memory_version *version);

/* A note from another agent that waits for this one. */
struct context_note {
	char id[37];
	const char *from_agent, *note; /* borrowed */
	int64_t created_us;
};

/* The notes that wait, oldest first, and the session the agent is in. */
void context_notes_ask(struct query *q, const struct principal *who, int32_t limit);
/* NULL: none was chosen. */
const char *context_session_read(const struct rows *rows);
/* False: no note waits; there is one row all the same. */
bool context_note_read(const struct rows *rows, int row, struct context_note *note)
    __attribute__((warn_unused_result));
