/*
 * database_options: from the options to how the database is used, and whether that can work.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "database.h"
#include "options.h"

/* conninfo stays the caller's to fill; the pools report to the log. False: options contradict each other; error says how. */
bool database_options(const struct options *o, struct database_config *config, char *error,
    size_t error_len) __attribute__((warn_unused_result));
