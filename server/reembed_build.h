/*
 * reembed_build: vectors of a model for all memories that have none of it, beside those in use.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "progress.h"

struct command_db;
struct embedder;

struct reembed_build {
	struct command_db *db;     /* borrowed */
	struct embedder *embedder; /* borrowed; ready */
	const char *model;         /* "name@dimensions", borrowed */
	int64_t missing;           /* memories, for the progress */

	struct progress progress;
	int64_t done;
	int64_t refused; /* afterwards: memories of which the provider gave none */
};

/*
 * Pass after pass, since memories change meanwhile, until one finds nothing to do. False: the database or the
 * provider failed, for longer than patience lasts; said why. Called again it goes on where it was.
 */
bool reembed_build(struct reembed_build *build) __attribute__((warn_unused_result));
