/*
 * show_versions: what update_memory replaced.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

struct memory_version;

/* The caller owns the object. */
json_t *show_version(const struct memory_version *version);

/* For a model to read. */
void show_version_text(FILE *out, const struct memory_version *version);
