/*
 * surface: what a server offers through MCP. The product's is in surface.c; the
 * conformance server (tests/conformance) stands on the same libraries with its own.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct server_event;
struct tool;
struct work;

/* How many tools tools/list shows; each costs the model that reads it. All can be called. */
enum tool_profile { TOOLS_CORE, TOOLS_FULL, TOOLS_ADMIN, TOOL_PROFILES };

struct surface {
	const char *name, *title, *instructions;

	/* The arrays of the list methods; the caller owns them. They never change. */
	json_t *(*describe_tools)(enum tool_profile profile);
	json_t *(*describe_templates)(void);
	json_t *(*describe_prompts)(void);

	/* resources/list: {cursor} in, {resources, nextCursor} out. */
	const struct work *list_resources;

	/* NULL: there is none. *arguments gets a new reference to what the work is called with. */
	const struct tool *(*find_tool)(const char *name);
	const struct work *(*find_resource)(const char *uri, json_t **arguments);
	const struct work *(*find_prompt)(const char *name);

	/* Does this event change what is read at the URI? */
	bool (*concerns)(const char *uri, const struct server_event *event);

	/* {value} in, {values, total, hasMore} out. NULL: nothing to complete, or, when *exists
	 * is false, nothing there by this reference. */
	const struct work *(*find_completion)(
	    const json_t *ref, const char *argument, bool *exists);
};

extern const struct surface sage_surface;
