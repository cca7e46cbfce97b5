/*
 * fixtures: the tools, resources and prompts that the official conformance suite calls,
 * read from fixtures.json.
 *
 * Each has a list of "steps", done in order:
 *	{"log": TEXT} {"progress": NUMBER} {"sleep": MS} {"detach": true} {"error": TEXT}
 *	{"break": TEXT}		    a JSON-RPC error
 *	{"defer": REQUIRED}	    becomes a task
 *	{"compute": true}	    sleeps "seconds", as a task when it can
 *	{"ask": {KEY: REQUEST}}	    {"ask_declared": ...} only what the client can be asked
 *	{"content": ARRAY}	    the answer
 * "${arguments.NAME}" and "${answers.KEY}" in texts stand for their values.
 */
#pragma once

#include <stdbool.h>

#include "surface.h"

/* False: the file cannot be read, and stderr says why. */
bool fixtures_load(const char *path);
void fixtures_free(void);

extern const struct surface fixtures_surface;
