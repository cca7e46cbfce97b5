/*
 * event_line: an event as processes tell it to each other, one line "origin kind namespace memory session"
 * in the payload of a NOTIFY.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "events.h"

#define EVENT_ORIGIN_BYTES 9    /* eight hexadecimal digits: which process it is from */
#define EVENT_LINE_BYTES   4096 /* with 1020 bytes of session, escaped */
#define EVENT_LINE_GAP     'g'  /* the kind of a line that stands for all that was lost */

/* Both with the newline; the length. */
size_t event_line_write(
    const char *origin, const struct server_event *event, char line[EVENT_LINE_BYTES]);
size_t event_line_gap(const char *origin, char line[EVENT_LINE_BYTES]);

/* Without the newline. False: it is no such line. Of a gap, only the kind means something. */
bool event_line_read(
    const char *line, size_t len, char origin[EVENT_ORIGIN_BYTES], struct server_event *event);
