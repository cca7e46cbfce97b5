/*
 * tools: the tools there are, and the answer to tools/list.
 */
#pragma once

#include <jansson.h>

#include "call.h"

#define TOOL(name) extern const struct tool tool_##name;
#include "tools/tools.def"
#undef TOOL

/* NULL: no such tool. */
const struct tool *tool_find(const char *name);

/* The "tools" array of tools/list, in a fixed order; the caller owns it. */
json_t *tools_describe(void);
