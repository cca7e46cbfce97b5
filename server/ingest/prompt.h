/*
 * prompt: what a person typed, out of what a client wrote into a user's message.
 *
 * Clients put reminders, output of hooks and of local commands, and selections of editors
 * into the same message; slash commands come wrapped. None of it is the person's words, and
 * memories that a hook put there must not become memories again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ingest/buffer.h"

/* The element a hook puts recalled memories into (deploy/hooks/). */
#define PROMPT_MEMORY_TAG "sage-memory"

/*
 * Adds to prompt, as a paragraph, what is left of a message. False: nothing is. *command is
 * set when it was a slash command, which is then "/name arguments".
 */
bool prompt_add(struct buffer *prompt, const char *text, size_t len, bool *command);
