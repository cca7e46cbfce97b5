/*
 * complete: completion of session ids, in prompts and in resource templates.
 */
#pragma once

#include <stdbool.h>

#include "call.h"

/* As in surface.h. */
const struct work *completion_find(const json_t *ref, const char *argument, bool *exists);
