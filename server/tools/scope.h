/*
 * scope: the arguments that say which memories an operation is about, shared by erase_memories
 * and roll_back. A tool's struct holds a struct scope_arguments, its table SCOPE_ARGUMENTS(type, member).
 */
#pragma once

#include "args.h"
#include "memories.h"
#include "operations.h"
#include "sessions.h"
#include "tools/memory_limits.h"
#include "tools/period.h"

struct scope_arguments {
	struct arg_uuids ids;
	struct arg_text session_id, agent, words;
	struct arg_uuid key_id;
	struct arg_json metadata;
	struct period period;
	char *json; /* made by scope_read(); owned */
};

#define MAX_SCOPE_WORDS_BYTES 1000

#define SCOPE_AT(type, member, field)                                                          \
	(offsetof(type, member) + offsetof(struct scope_arguments, field))

/* clang-format off */
#define SCOPE_AGENT(type, member, text)                                                           \
	{ .name = "agent", .kind = ARG_TEXT, .min = 1, .max = PRINCIPAL_NAME_BYTES - 1,           \
	  .at = SCOPE_AT(type, member, agent), .help = (text) }
/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes a member without them */
#define SCOPE_TIMES(type, member)                                                                 \
	PERIOD_ARGUMENTS(type, member.period, "What happened, or was written, at this time or later ...", \
	    "... and before this.")
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

/* What the arguments mean, after period_read(). False: out of memory. */
bool scope_read(struct scope_arguments *arguments, struct operation_scope *scope)
    __attribute__((warn_unused_result));
