/*
 * ended_sessions: the client sessions that were ended, known to every process.
 *
 * A session id is valid by its signature alone; only an ended one is remembered. The list is
 * read from the database at start and after every gap, and kept up by events.
 */
#pragma once

#include <stdbool.h>

struct ended_sessions;
struct service;

/* After service->events and pool. NULL: out of memory. */
struct ended_sessions *ended_sessions_new(struct service *service);
void ended_sessions_free(struct ended_sessions *ended); /* NULL is fine */

/* The schema is there. */
void ended_sessions_open(struct ended_sessions *ended);

/* Before that nobody can say whether a session was ended. */
bool ended_sessions_ready(const struct ended_sessions *ended);

bool ended_sessions_has(const struct ended_sessions *ended, const char *id);

/* The end is in the database: tells this process and the others. */
void ended_sessions_add(struct ended_sessions *ended, const char *namespace, const char *id);
