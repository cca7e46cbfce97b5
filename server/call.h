/*
 * call: one piece of work in flight: a struct, a list of steps, one way out.
 *
 * Tools, resources and prompts are works: static tables of arguments and of steps
 * in the order they run. A work's struct begins with a struct call and is read from
 * the arguments by the table. A step that has to wait starts the operation and returns
 * STEP_WAIT; the runner goes on with the next step when the outcome is there.
 * These files contain no callbacks.
 *
 * A step may ask the client (call_ask). It is then run again, with the answers, either in
 * the same call or in a new one that begins with the first step: steps before it must
 * not change anything.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#include "args.h"
#include "embed/embedder.h"
#include "embed/reranker.h"
#include "memories.h"
#include "principals.h"
#include "query.h"

struct call;
struct event;
struct service;

enum step_result {
	STEP_NEXT,  /* done, go on */
	STEP_WAIT,  /* go on with the next step when the operation has ended */
	STEP_ASK,   /* call_ask() has put questions; run this step again with the answers */
	STEP_FAIL,  /* call_fail() has said why */
	STEP_AGAIN, /* begin again with the first step */
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
	const struct arg *arguments; /* NULL: the steps read call->sent themselves */
	const struct arg *defaults;  /* an alias: the table of what it stands for; or NULL */
	const struct step *steps;
	size_t size; /* of the work's struct */
	void (*fini)(
	    struct call *call); /* frees what the steps own, all zeros included; or NULL */
	bool reads_only;
	bool logs; /* calls call_log() */
	bool
	    serves_anybody; /* also who could not be verified: it must then show nobody's data */
};

/* What a client said it can be asked for (MCP ClientCapabilities). */
enum client_ability {
	CLIENT_ELICITS = 1 << 0,
	CLIENT_SAMPLES = 1 << 1,
	CLIENT_LISTS_ROOTS = 1 << 2,
	CLIENT_FOLLOWS_TASKS = 1 << 3,
};

/* The way from a running call to its client; each with call_order.arg. All but ask may be NULL. */
struct call_client {
	void (*progress)(void *arg, double done, double total, const char *message);
	void (*log)(void *arg, const char *level, json_t *data); /* takes data */
	/*
	 * Puts call->questions. True: call_answer() for each, or call_abort(), will follow. False: this call ends with CALL_ASKS, and a new one brings the answers.
	 */
	bool (*ask)(void *arg, struct call *call);
	/*
	 * Answers the client now and lets the call go on as a task. STEP_WAIT: call_resume()
	 * will follow. STEP_NEXT: the client cannot follow tasks, so it waits.
	 */
	enum step_result (*defer)(void *arg, struct call *call, bool required);
	/* Closes the connection and lets the client come back for the result. */
	void (*detach)(void *arg);
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
	CALL_BROKEN,        /* failed: not by the tool, but under it */
	CALL_ASKS,          /* not done: call->questions must be answered first */
};

/* Why a call failed, when it was not the tool's doing. */
enum call_trouble {
	TROUBLE_NONE,
	TROUBLE_BUSY,     /* or the database is away, or takes no writes */
	TROUBLE_FULL,     /* the database has no room */
	TROUBLE_UNKNOWN,  /* no confirmation in time */
	TROUBLE_INTERNAL, /* the log says more */
};

enum call_wait {
	WAIT_NOTHING,
	WAIT_QUERY,
	WAIT_TIMER,
	WAIT_CLIENT,
	WAIT_VECTOR,
	WAIT_ORDER,
};

struct call {
	struct service *service;
	const struct work *work;
	struct principal who;
	const json_t *sent;         /* the arguments, borrowed; may be NULL */
	unsigned client_can;        /* of enum client_ability */
	const char *client_session; /* its id, "" without one; borrowed */
	char request_id[CALL_REQUEST_ID_BYTES];

	/* The operation a step waits for, and its outcome. */
	struct query query;
	struct rows *rows;            /* owned; of the query before this step */
	struct embedder_query vector; /* of the latest call_embed() */
	struct rerank order;          /* of the latest call_rerank() */
	json_t *questions; /* object: key -> {method, params}, not answered yet; or NULL */
	json_t *answers;   /* object: key -> result; or NULL. Owned */

	/* With which this write may be repeated without harm; "" when it cannot. */
	char idempotency_key[IDEMPOTENCY_KEY_BYTES + 1];

	char done_so_far
	    [96]; /* of many things, said when the next one fails: "Items before ..." */

	bool
	    acknowledged; /* the answer stands: what goes wrong from now on ends the call, as it is */

	/* The answer. */
	enum call_outcome outcome;
	enum call_trouble trouble;
	int retry_ms;    /* of a failure: when to come again; 0: nothing is known */
	json_t *result;  /* structuredContent; owned */
	json_t *content; /* array in MCP's form, instead of text; or NULL. Owned */
	char *text;      /* for the model to read; NULL: result as JSON. Owned */
	size_t text_len;

	/* The runner's own. */
	const struct step *next;
	enum call_wait waiting;
	bool running;
	struct event *deadline, *timer;
	int deadline_ms;
	const struct call_client *client;
	int64_t started_us;
	unsigned tool; /* of call_order */
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
	json_t *answers;             /* to questions of a call before; or NULL. Borrowed */
	unsigned client_can;
	const char *client_session; /* must outlive the call */
	const struct call_client *client;
	unsigned tool; /* its number (tools.h), for counting; 0: not a tool */
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

/*
 * For steps: the vector of a text. In the next step it is in call->vector.vector, or that is NULL and
 * call->vector.why says why the search goes by words only. The text is copied; for NULL there is none.
 */
enum step_result call_embed(struct call *call, const char *text, size_t len);
bool call_embeds(const struct call *call); /* there is a provider */

/*
 * For steps: how well each text answers a question. In the next step call->order.scores has it, or that is
 * NULL and call->order.why says why the order stays. Only where call_reranks(). All is copied.
 */
enum step_result call_rerank(struct call *call, const char *query, size_t len,
    const struct rerank_text *texts, size_t count);
bool call_reranks(const struct call *call);             /* there is a provider ... */
size_t call_rerank_candidates(const struct call *call); /* ... for so many texts at the most */

/* For steps: goes on after a while. */
enum step_result call_sleep(struct call *call, int ms);

/* For steps: runs this step again once others had their turn. */
enum step_result call_yield(struct call *call);

/* For steps: what the client answered under this key, or NULL. */
const json_t *call_answered(const struct call *call, const char *key);

/*
 * For steps: adds a question, an MCP request such as elicitation/create; takes params.
 * Return what it returns once all questions of the step are added.
 */
enum step_result call_ask(
    struct call *call, const char *key, const char *method, json_t *params);

/* For steps: how far it is. Told only to clients who asked for it. */
void call_progress(struct call *call, double done, double total, const char *message);

/* For steps: a message with an RFC 5424 level; takes data. */
void call_log(struct call *call, const char *level, json_t *data);

/*
 * For steps: from here on the client does not wait, it follows a task. required: a client
 * that cannot is refused; otherwise it waits as before.
 */
enum step_result call_defer(struct call *call, bool required);

/* For steps: lets the client's connection go; the answer waits for it to come back. */
void call_detach(struct call *call);

/* For the client's side: one answer (borrowed); with the last the call goes on. */
void call_answer(struct call *call, const char *key, json_t *answer);

/* For the client's side: goes on after defer. */
void call_resume(struct call *call);

/* For the client's side: what was asked of it will not come; the call fails with this text. */
void call_abort(struct call *call, const char *text);

/* For the client's side: somebody else takes the call over, with a deadline of its own. */
void call_hand_over(struct call *call, const struct call_client *client,
    void (*done)(void *arg, struct call *call), void *arg, int deadline_ms);

/* For steps: ends the call with isError and this text, which should say what to do. */
enum step_result call_fail(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a failure that is not the tool's: a JSON-RPC error. */
enum step_result call_break(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for something that is not there: "there is no memory ..." */
enum step_result call_not_found(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for an argument that only a step can judge: "cursor is not ..." */
enum step_result call_bad_argument(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For steps: a stream to write the text of the answer to; the same one each time. */
FILE *call_text(struct call *call);
