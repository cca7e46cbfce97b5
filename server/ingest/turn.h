/*
 * turn: what a person said, what was answered, and what tools did in between.
 *
 * Filled piece by piece while a transcript is read, then told as an item. Thinking is left
 * out. Tool calls go into metadata.tool_calls, each {"id", "name", "input", "output",
 * "is_error"}; texts in them are cut, and output_bytes then says how long the output was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "ingest/buffer.h"
#include "ingest/item.h"
#include "ingest/stable_key.h"

#define TURN_ID_BYTES      128
#define TURN_SESSION_BYTES 256
#define TURN_OUTPUT_BYTES  2000 /* of the output of one call, and of a text in its input */
#define TURN_CALLS_BYTES   (64 * 1024) /* of all calls as JSON; further ones are only counted */

struct turn {
	struct buffer said, answered;
	json_t *about; /* object: what goes into the metadata besides calls; owned */
	json_t *calls; /* array; owned */
	size_t calls_bytes, calls_omitted;
	char id[TURN_ID_BYTES]; /* the transcript's own; "" when it has none */
	char session_id[TURN_SESSION_BYTES];
	char key[STABLE_KEY_BYTES];
	int64_t event_us;
	size_t line, ordinal;
	bool begun;
	bool command; /* what was said is a slash command */
};

/* Something about the turn, unless it is known already. */
void turn_note(struct turn *turn, const char *name, const json_t *value);

void turn_call(struct turn *turn, const json_t *id, const json_t *name, const json_t *input);

/* content: a text, or an array of blocks with texts. Without its call it is left out. */
void turn_result(struct turn *turn, const json_t *id, const json_t *content, bool is_error);

/*
 * The turns of one input: one is read while the one before is told.
 */
struct turns {
	struct turn both[2];
	int now;    /* index of the one being read */
	bool ready; /* the other one is complete, and not told yet */
	bool over;  /* ... and the last */
	size_t count;
	json_t *report; /* of the one that was told; owned */
};

/* The one being read; its begun is false before the first. */
struct turn *turns_now(struct turns *turns);

/* Completes it and begins the next, at this line. NULL: out of memory. */
struct turn *turns_begin(struct turns *turns, size_t line);

/* The input is over: the one being read is complete. */
void turns_end(struct turns *turns);

/*
 * The turn that became complete, as an item; its texts last until two more are begun. False:
 * there is none, or only a command that nobody answered, or memory ran out (*failed).
 */
bool turns_item(struct turns *turns, struct item *item, bool *failed);
void turns_fini(struct turns *turns);
