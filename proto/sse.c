/* sse: frames a message in one allocation. */
#include "sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *sse_message(const char *id, const char *json, size_t json_len, size_t *len)
{
	static const char end[] = "\n\n";
	size_t room = (id != NULL ? strlen(id) : 0) + 40;
	char *text = malloc(room + json_len + sizeof(end));
	size_t at;

	if (text == NULL)
		return NULL;
	at = (size_t)snprintf(text, room,
	    "%s%s%sevent: message\ndata: ", id != NULL ? "id: " : "", id != NULL ? id : "",
	    id != NULL ? "\n" : "");
	memcpy(text + at, json, json_len);
	memcpy(text + at + json_len, end, sizeof(end));
	*len = at + json_len + sizeof(end) - 1;
	return text;
}
