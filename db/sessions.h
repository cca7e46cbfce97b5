/*
 * sessions: threads of memories with a name, per namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

#define SESSION_ID_BYTES 255 /* varchar(255) of the original table */

/* Texts are borrowed from the rows. */
struct session {
	const char *id;
	const char *name;
	int64_t created_us;
	int64_t active_us;
	const char *status;      /* active, paused, completed, archived; NULL: page */
	const char *merged_into; /* NULL: nowhere */
	bool current;            /* the agent is in it */
	bool made;               /* create: it is new */
	int64_t memories;        /* info, list, find */
	int64_t first_us;        /* info: ROWS_NO_TIME when it is empty */
	int64_t last_us;
};

/* name NULL: the id is its name. Its maker is then in it, if it is active. */
void session_create_ask(struct query *q, const struct principal *who, const char *id,
    size_t id_len, const char *name, size_t name_len);
void session_create_read(const struct rows *rows, struct session *session);

/* id NULL: the one the agent is in. */
void session_info_ask(
    struct query *q, const struct principal *who, const char *id, size_t id_len);
/* False: there is none. */
bool session_info_read(const struct rows *rows, struct session *session)
    __attribute__((warn_unused_result));

/* name, status NULL: as it was. enter: takes the agent into it, if it is active. Borrowed. */
void session_change_ask(struct query *q, const struct principal *who, const char *id,
    const char *name, const char *status, bool enter);
/* False: there is none. */
bool session_change_read(const struct rows *rows, struct session *session)
    __attribute__((warn_unused_result));

/* The next sessions in the order of their last use, behind one given by time and id (or ROWS_NO_TIME). */
void session_page_ask(struct query *q, const struct principal *who, int64_t behind_us,
    const char *behind_id, int32_t limit);
void session_page_read(const struct rows *rows, int row, struct session *session);

/* Ids that begin with a text; total is how many there are. */
void session_prefix_ask(struct query *q, const struct principal *who, const char *prefix,
    size_t len, int32_t limit);
const char *session_prefix_read(const struct rows *rows, int row, int64_t *total);

/* The sessions used last, at most limit. */
void session_list_ask(struct query *q, const struct principal *who, int32_t limit);
void session_list_read(const struct rows *rows, int row, struct session *session);

/* NULL, or ROWS_NO_TIME: does not matter. All texts are borrowed. */
struct session_filter {
	const char
	    *words; /* in its id, name or metadata, or all of them in one of its memories */
	const char *status;
	int64_t from_us, to_us; /* something was done in it */
};

/* The next sessions that fit, the newest first, behind one given by time and id (or ROWS_NO_TIME).
 * False: out of memory. */
bool session_find_ask(struct query *q, const struct principal *who,
    const struct session_filter *filter, int64_t behind_us, const char *behind_id,
    int32_t limit) __attribute__((warn_unused_result));

/* Moves what the agent sees in a session into another, or with into NULL hides it; removes the
 * session, or marks it as merged. */
void session_dissolve_ask(struct query *q, const struct principal *who, const char *id,
    const char *into, bool remove);

struct session_dissolved {
	bool found, both_found; /* else nothing was changed */
	int64_t memories;
	bool removed; /* false: others still have memories in it */
};

void session_dissolve_read(const struct rows *rows, struct session_dissolved *dissolved);
