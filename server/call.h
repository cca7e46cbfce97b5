/*
 * call: one piece of work in flight: a struct, a list of steps, one way out.
 *
 * Tools, resources and prompts are works: static tables of arguments and of steps
 * in the order they run. A work's struct begins with a struct call and is read from
 * the arguments by the table. A step that has to wait starts the operation and returns
 * STEP_WAIT; the runner goes on with the next step when the outcome is there.
 * These files contain no callbacks.
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

/* Names the step after its function; the table ends with {0}. */
/* clang-format off */
#define STEP(function) { #function, function }
/* clang-format on */

struct work {
	const char *name;
	const struct arg *arguments;
	const struct step *steps;
	size_t size; /* of the work's struct */
	bool reads_only;
};

struct tool {
	struct work work;
	const char *title;
	const char *description; /* says when to use it */
	const struct arg *results;
	bool destroys, repeatable; /* MCP ToolAnnotations */
};

#define CALL_REQUEST_ID_BYTES 40

enum call_outcome {
	CALL_OK,
	CALL_FAILED,
	CALL_BAD_ARGUMENTS, /* failed: they do not fit the table */
	CALL_NOT_FOUND,     /* failed: what was asked for is not there, or somebody else's */
};

struct call {
	struct service *service;
	const struct work *work;
	struct principal who;
	char request_id[CALL_REQUEST_ID_BYTES];

	/* The operation a step waits for, and its outcome. */
	struct query query;
	struct rows *rows; /* owned; of the query before this step */

	/* The answer. */
	enum call_outcome outcome;
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

/* What is to be done, and for whom. */
struct call_order {
	struct service *service;
	const struct work *work;
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

/* The same for something that is not there: "there is no memory ..." */
enum step_result call_not_found(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for an argument that only a step can judge: "cursor is not ..." */
enum step_result call_bad_argument(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For steps: a stream to write the text of the answer to; the same one each time. */
FILE *call_text(struct call *call);
