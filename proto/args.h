/*
 * args: tables of arguments, and of result fields.
 *
 * One table is the single source of a tool's JSON Schema, of the validation of
 * what arrives, of the error texts, and of where each value is stored: the
 * table gives an offset into the tool's own struct.
 *
 *	static const struct arg search_args[] = {
 *		{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = 4096,
 *		  .at = offsetof(struct search, query), .help = "What to look for." },
 *		{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = 50, .fallback = "10",
 *		  .at = offsetof(struct search, limit), .help = "Most hits to return." },
 *		{ 0 },
 *	};
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum arg_kind {
	ARG_TEXT,    /* struct arg_text; min/max in bytes of UTF-8 */
	ARG_ENUM,    /* int: index into choices, -1 when absent without fallback */
	ARG_UUID,    /* struct arg_uuid */
	ARG_INTEGER, /* int64_t; min/max */
	ARG_NUMBER,  /* double; min/max */
	ARG_BOOLEAN, /* bool */
	ARG_TIME,    /* int64_t unix microseconds; INT64_MIN when absent. RFC 3339 */
	ARG_OBJECT,  /* struct arg_json; max in bytes of its JSON text */
	ARG_VECTOR, /* struct arg_vector; exactly max floats, of a length neither 0 nor infinite */
	ARG_TEXTS, /* struct arg_texts; at most max texts of 1 to each_max bytes, none twice */
	ARG_UUIDS, /* struct arg_uuids; 1 to max of them */
	ARG_LIST, /* struct arg_list; 1 to max objects described by items, each read by args_load() */
	ARG_RECORD,  /* results only: an object described by items */
	ARG_RECORDS, /* results only: an array of such objects */
};

struct arg_text {
	const char *s; /* borrowed from the JSON; NULL when absent */
	size_t len;
};

struct arg_uuid {
	bool set;
	unsigned char bytes[16];
};

struct arg_json {
	char *text; /* the object as compact JSON; owned; NULL when absent */
	size_t len;
};

struct arg_vector {
	float *items; /* owned; NULL when absent */
	size_t count;
};

struct arg_texts {
	const char **items; /* owned, the texts borrowed from the JSON; NULL when absent */
	size_t count;
};

struct arg_uuids {
	unsigned char (*items)[16]; /* owned; NULL when absent */
	size_t count;
};

struct arg_list {
	const json_t *items; /* an array, borrowed; NULL when absent */
	size_t count;
};

struct arg {
	const char *name; /* NULL ends a table */
	enum arg_kind kind;
	bool required; /* results: always present */
	bool rare;     /* described only where everything is (args_schema) */
	bool explicit; /* null is refused: too much hangs on it to take null for left out */
	int64_t min, max;
	int64_t each_max; /* ARG_TEXTS: bytes of each */
	const char *const
	    *choices; /* ARG_ENUM, and ARG_TEXTS where they are few: NULL-terminated */
	const char
	    *fallback; /* default, or NULL: TEXT and ENUM as it is, others as JSON text */
	const struct arg *items; /* ARG_LIST, ARG_RECORD, ARG_RECORDS */
	size_t at;               /* offset into the tool's struct */
	const char *help;        /* may be NULL in result tables */
	const char *header;      /* mirrored in Mcp-Param-NAME (x-mcp-header), or NULL */
};

/*
 * {"type":"object","properties":{...},"required":[...],"additionalProperties":false}; rare ones and their like
 * are left out unless it is for all.
 */
json_t *args_schema(const struct arg *table, bool all);

/* The same for results: without limits, and open for more properties. */
json_t *result_schema(const struct arg *table, bool all);

/*
 * Reads arguments (an object, or NULL for none) into the struct at base, which
 * was zeroed before. False: something is missing, unknown, of a wrong type, or
 * out of range, and text names the argument, what it got and the limit, and for
 * an unknown one the names there are. Call args_fini() in both cases.
 */
bool args_load(const struct arg *table, const json_t *arguments, void *base, char *text,
    size_t text_len) __attribute__((warn_unused_result));

/* What the struct holds when nothing was sent: for an alias, whose table has only some of the arguments. */
void args_defaults(const struct arg *table, void *base);

/* Frees what args_load() allocated. */
void args_fini(const struct arg *table, void *base);
