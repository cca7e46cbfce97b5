/* event_line: words between single blanks; the session is escaped, all else has no blanks. */
#include "event_line.h"

#include <stdio.h>
#include <string.h>

#include "uri.h"

size_t event_line_write(
    const char *origin, const struct server_event *event, char line[EVENT_LINE_BYTES])
{
	char session[3 * sizeof(event->session_id)];

	uri_escape(event->session_id, session, sizeof(session));
	return (size_t)snprintf(line, EVENT_LINE_BYTES, "%s %c %s %s %s\n", origin,
	    (char)event->kind, event->namespace, event->memory_id, session);
}

size_t event_line_gap(const char *origin, char line[EVENT_LINE_BYTES])
{
	return (size_t)snprintf(
	    line, EVENT_LINE_BYTES, "%s %c - - -\n", origin, EVENT_LINE_GAP);
}

/* The next word of *text into out[size], and *text behind it. False: there is none, or it is too long. */
static bool take_word(const char **text, const char *end, char *out, size_t size)
{
	const char *space = memchr(*text, ' ', (size_t)(end - *text));
	size_t len = (size_t)((space != NULL ? space : end) - *text);

	if (len == 0 || len >= size)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len + (space != NULL);
	return true;
}

bool event_line_read(
    const char *line, size_t len, char origin[EVENT_ORIGIN_BYTES], struct server_event *event)
{
	const char *end = line + len;
	char kind[2], session[EVENT_LINE_BYTES];

	if (!take_word(&line, end, origin, EVENT_ORIGIN_BYTES) ||
	    !take_word(&line, end, kind, sizeof(kind)) ||
	    !take_word(&line, end, event->namespace, sizeof(event->namespace)) ||
	    !take_word(&line, end, event->memory_id, sizeof(event->memory_id)) ||
	    !take_word(&line, end, session, sizeof(session)) ||
	    !uri_unescape(session, event->session_id, sizeof(event->session_id)))
		return false;
	event->kind = (enum server_event_kind) * kind;
	return true;
}
