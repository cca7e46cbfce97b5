/*
 * rest_query: the query of a URL as the arguments of a tool.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "args.h"

/*
 * "q=staging+port&limit=3": each parameter is an argument of the table, with the type that it
 * has there; q stands for the argument called main_name. NULL: text says what is wrong. The caller owns the object.
 */
json_t *rest_query_arguments(const struct arg *table, const char *main_name, const char *query,
    char *text, size_t text_len);
