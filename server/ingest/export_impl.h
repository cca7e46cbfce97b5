/*
 * export_impl: the members of exported objects, for writing and for reading them.
 */
#pragma once

#include <stddef.h>

#include "ingest/item.h"

enum export_member_kind {
	EXPORT_TEXT,   /* struct arg_text */
	EXPORT_TIME,   /* int64_t */
	EXPORT_FLAG,   /* bool; left out when false */
	EXPORT_NUMBER, /* int64_t; left out when 0 */
	EXPORT_OBJECT, /* json_t * */
	EXPORT_ARRAY,  /* json_t * */
};

struct export_member {
	const char *name; /* NULL ends the table */
	enum export_member_kind kind;
	size_t at; /* in struct item */
};

extern const struct export_member export_members[];
extern const char *const export_kinds[ITEM_KINDS];               /* "session" */
extern const char *const export_totals[ITEM_KINDS];              /* "sessions" */
extern const char *const export_visibilities[ITEM_VISIBILITIES]; /* NULL where unset */
