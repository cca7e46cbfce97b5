/*
 * reembed_canary: are new vectors as good as the old ones? Questions made of the rarest words of memories, and how
 * many of these memories are among the first five for their question (recall@5), before and after. No model
 * and no person makes the questions, so any installation has its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CANARY_QUESTIONS 50   /* at the most */
#define CANARY_LEAST     10   /* fewer tell nothing */
#define CANARY_POOL      2000 /* memories of one namespace that are looked at, one by one */
#define CANARY_TOLERANCE .02  /* one question of fifty */

struct command_db;
struct embedder;

struct canary {
	struct canary_question {
		unsigned char id[16];
		char text[200];
	} questions[CANARY_QUESTIONS];
	size_t count; /* below CANARY_LEAST: there are too few memories */
};

/* False: the database failed; said why. */
bool canary_make(struct canary *canary, struct command_db *db);

/*
 * With a ready embedder of the model ("name@dimensions") whose vectors are searched; unknown_too: also those of
 * which nobody knows the model. Below 0: it could not be measured; why says why.
 */
double canary_measure(const struct canary *canary, struct command_db *db,
    struct embedder *embedder, const char *model, bool unknown_too, char *why, size_t why_len);
