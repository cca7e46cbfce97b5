/*
 * task_json: tasks as clients see them.
 */
#pragma once

#include <stdint.h>

#include <jansson.h>

/* {taskId, status, ttlMs, pollIntervalMs, createdAt, lastUpdatedAt}; the caller owns it. */
json_t *task_json(const char *id, const char *status, int64_t created_us, int64_t updated_us);

/* A JSON-RPC error object for a failed task; text may be NULL. */
json_t *task_error_json(const char *text);
