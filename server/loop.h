/*
 * loop: runs the event loop, and measures how well it keeps up.
 *
 * Lag is how late it is for an appointment every LOOP_PERIOD_MS. Between appointments, each turn
 * in which something was marked is measured from the mark to the end of the turn: whatever
 * became ready meanwhile had to wait so long.
 */
#pragma once

#include <stdbool.h>

struct event_base;

/* Until event_base_loopbreak(). */
void loop_run(struct event_base *base, bool measures);

/* Work begins in this turn; only the first mark of a turn counts. */
void loop_mark(void);
