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
	bool made;        /* create: it is new */
	int64_t memories; /* info, list */
	int64_t first_us; /* info: ROWS_NO_TIME when it is empty */
	int64_t last_us;
};

/* name NULL: the id is its name. */
void session_create_ask(struct query *q, const struct principal *who, const char *id,
    size_t id_len, const char *name, size_t name_len);
void session_create_read(const struct rows *rows, struct session *session);

void session_info_ask(
    struct query *q, const struct principal *who, const char *id, size_t id_len);
/* False: there is none. */
bool session_info_read(const struct rows *rows, struct session *session)
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
