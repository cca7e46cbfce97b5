/*
 * show: the parts that answers of several tools have in common.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct session;

/* A time as RFC 3339 text, or JSON null for ROWS_NO_TIME. */
json_t *show_time(int64_t unix_us);

/* The same as a member of json; none for ROWS_NO_TIME. */
void show_set_time(json_t *json, const char *key, int64_t unix_us);

/* JSON that the database gave as text; an empty object for NULL. */
json_t *show_json(const char *text);

/*
 * Writes stored text for a model to read: fenced, so that it cannot be taken for
 * the server's own words. The fence is longer than any run of backquotes inside.
 */
void show_fenced(FILE *out, const char *label, const char *text);

/* A session as results show it; the caller owns the object. */
json_t *show_session(const struct session *session);
