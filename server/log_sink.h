/*
 * log_sink: where log lines go: stdout, or a file that others may rotate.
 *
 * A file is opened for appending, so several processes may share one, and is closed by the end of
 * the process. Nothing waits: what cannot be written now is not taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOG_SINK_NAME "sage-mcp.log" /* in LOG_DIR */

/* A pipe that poll() calls writable takes this much without blocking (PIPE_BUF). */
#define LOG_SINK_MOST_BYTES 4096

/* The path of the log in a directory. False: too long. */
bool log_sink_path(const char *directory, char *path, size_t len);

/* From now on into that directory; "": stdout. False: error says why, and nothing has changed. */
bool log_sink_open(const char *directory, char *error, size_t error_len);

bool log_sink_is_stdout(void);

/* The file anew, after its name was given to another. True on stdout too. */
bool log_sink_reopen(char *error, size_t error_len);

/* Whole lines, at most LOG_SINK_MOST_BYTES. How many bytes were taken; what is cut is ended by the next. */
size_t log_sink_write(const char *lines, size_t len);
