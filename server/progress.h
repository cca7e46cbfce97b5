/*
 * progress: says on stderr how far long work is: one line that is drawn anew on a terminal, with rate and
 * time left, and a line now and then elsewhere.
 */
#pragma once

#include <stdint.h>

struct progress {
	const char *what; /* "memories" */
	int64_t total;    /* in any unit; 0: not known */
	int64_t began_ms, said_ms;
	int is_terminal;
};

void progress_begin(struct progress *p, const char *what, int64_t total);

/* count things so far; done: of total. Cheap: says something only now and then. */
void progress_at(struct progress *p, int64_t count, int64_t done);
void progress_end(struct progress *p, int64_t count);
