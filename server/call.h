/*
 * call: one tool call in flight: a struct, a list of steps, one way out.
 *
 * A tool is a static table: its arguments, its results, its steps in the order
 * they run. Its struct begins with a struct call and is read from the arguments
 * by the table. A step that has to wait starts the operation and returns
 * STEP_WAIT; the runner goes on with the next step when the outcome is there.
 * Tool files contain no callbacks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "args.h"
#include "principals.h"
#include "query.h"

struct call;
struct event;
struct service;

enum step_result {
	STEP_NEXT, /* done, go on */
	STEP_WAIT, /* go on with the next step when the operation has ended */
	STEP_FAIL, /* call_fail() has said why */
};

struct step {
	const char *name; /* for traces */
	enum step_result (*run)(struct call *call);
};

/* Names the step after its function; the table ends with { 0 }. */
#define STEP(function)                                                                         \
	{                                                                                      \
#function, function                                                            \
	}

struct tool {
	const char *name;
	const char *title;
	const char *description; /* says when to use it */
	const struct arg *arguments;
	const struct arg *results;
	const struct step *steps;
	size_t size;                           /* of the tool's struct */
	bool reads_only, destroys, repeatable; /* MCP ToolAnnotations */
};

#define CALL_REQUEST_ID_BYTES 40

struct call {
	struct service *service;
	const struct tool *tool;
	struct principal who;
	char request_id[CALL_REQUEST_ID_BYTES];

	/* The operation a step waits for, and its outcome. */
	struct query query;
	struct rows *rows; /* owned; of the query before this step */

	/* The answer. */
	bool failed;
	json_t *result; /* structuredContent; owned */
	char *text;     /* for the model to read; NULL: result as JSON. Owned */
	size_t text_len;

	/* The runner's own. */
	const struct step *next;
	bool waiting, running;
	struct event *deadline;
	int64_t started_ms;
	FILE *text_out;
	void (*done)(void *arg, struct call *call);
	void *done_arg;
};

/* What the caller of a tool gives. */
struct call_order {
	struct service *service;
	const struct tool *tool;
	const struct principal *who; /* NULL: could not be verified, the database is away */
	const json_t *arguments;     /* object or NULL; must outlive the call */
	const char *request_id;
	void (*done)(void *arg, struct call *call); /* reads the answer, then call_free() */
	void *arg;
};

/*
 * Makes a call and runs it. done comes exactly once, maybe before this returns,
 * so it must be the last thing the caller does; *slot is set before anything
 * runs. False: out of memory, done will not come.
 */
bool call_start(const struct call_order *order, struct call **slot)
    __attribute__((warn_unused_result));

/* Gives up a call that has not ended: what it waits for is cancelled, done will not come. */
void call_cancel(struct call *call);

/* After done. NULL is fine. */
void call_free(struct call *call);

/* For steps: runs call->query, which an _ask function has filled. */
enum step_result call_query(struct call *call);

/* For steps: ends the call with isError and this text, which should say what to do. */
enum step_result call_fail(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For steps: a stream to write the text of the answer to; the same one each time. */
FILE *call_text(struct call *call);
