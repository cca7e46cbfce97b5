/*
 * tools: the tools there are, and the answer to tools/list.
 */
#pragma once

#include <jansson.h>

#include "call.h"
#include "surface.h"

#define TOOL(name, profile) extern const struct tool tool_##name;
#include "tools/tools.def"
#undef TOOL

/* NULL: no such tool. */
const struct tool *tool_find(const char *name);

/* Its number, from 1 in the order of tools.def; the last one is for all that are not there. */
unsigned tool_number(const struct tool *tool);

/* "other" for the last one, NULL behind it. */
const char *tool_name(unsigned number);

/* The "tools" array of tools/list, in a fixed order; the caller owns it. */
json_t *tools_describe(enum tool_profile profile);
