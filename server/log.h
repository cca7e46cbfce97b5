/*
 * log: one JSON object per line (RFC 3339 time, level, message, fields), on stdout or in
 * the file of log_sink.h.
 *
 * Only server/ logs, once, where an event is handled. Never memory text, keys,
 * or passwords. Field values are escaped here.
 */
#pragma once

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the least level that is written. False when the name is unknown. */
bool log_set_level(const char *name);

/*
 * While gathering, lines wait for log_flush(), so that a turn of the loop writes once. Warnings
 * and errors do not wait.
 */
void log_gather(bool on);
void log_flush(void);

/* Lines lost since the start: a reader too slow, a full disk. */
unsigned long log_dropped_lines(void);

/* One pair of name and text; a list of them ends with a NULL name. */
struct log_field {
	const char *name;
	const char *text; /* NULL is written as null */
};

void log_write(enum log_level level, const char *message, const struct log_field *fields);

/* What libevent has to say is logged like all else, too. */
void log_take_libevent(void);

/*
 * log_info("listening", "address", "127.0.0.1:8080")
 * Names and values alternate; all are const char *. The list ends by itself.
 */
void log_pairs(enum log_level level, const char *message, ...) __attribute__((sentinel));

#define log_debug(...) log_pairs(LOG_DEBUG, __VA_ARGS__, (char *)0)
#define log_info(...)  log_pairs(LOG_INFO, __VA_ARGS__, (char *)0)
#define log_warn(...)  log_pairs(LOG_WARN, __VA_ARGS__, (char *)0)
#define log_error(...) log_pairs(LOG_ERROR, __VA_ARGS__, (char *)0)
