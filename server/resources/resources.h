/*
 * resources: what MCP clients can read by URI (sage://...).
 *
 * A resource is a work whose result is served as JSON. Its URI is plain, or a
 * template (RFC 6570) that ends in one variable; the variable becomes the argument of
 * that name. Nothing is listed or read that the principal may not read: the works
 * see to it in SQL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "call.h"

struct server_event;

#define RESOURCE_SESSIONS "sage://sessions/list"
#define RESOURCE_MEMORY   "sage://memory/"
#define RESOURCE_SESSION  "sage://session/"
#define RESOURCE_FEED     "sage://feed/"

#define RESOURCE_URI_BYTES 1024 /* of an escaped session id of 255 characters, and more */

/*
 * The work behind a URI, or NULL. *arguments gets a new reference to what it is
 * to be called with.
 */
const struct work *resource_find(const char *uri, json_t **arguments);

/* The "resources" (plain URIs) or the "resourceTemplates"; the caller owns the array. */
json_t *resources_describe(bool templates);

/* One more listed resource: a session. */
json_t *resource_of_session(const char *id, const char *name);

/* As in surface.h. */
json_t *resources_describe_templates(void);
bool resource_concerns(const char *uri, const struct server_event *event);
