/*
 * prompts: texts that people pick in their client, filled with memories.
 *
 * A prompt is a work whose text becomes one user message. Arguments of prompts are
 * always strings on the wire (MCP server/prompts); numbers are read out of them.
 */
#pragma once

#include <jansson.h>

#include "call.h"

/* NULL: no such prompt. */
const struct work *prompt_find(const char *name);

/* The "prompts" array of prompts/list; the caller owns it. */
json_t *prompts_describe(void);

/* Arguments as the work wants them: strings of digits as integers. A new reference. */
json_t *prompt_arguments(const struct work *prompt, const json_t *sent);
