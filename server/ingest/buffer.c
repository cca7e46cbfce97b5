/* buffer: doubles, so that adding piece by piece stays linear. */
#include "ingest/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static bool reserve(struct buffer *buffer, size_t size)
{
	size_t grown = buffer->size > 0 ? buffer->size : 256;

	if (size <= buffer->size)
		return true;
	while (grown < size)
		grown *= 2;
	char *s = realloc(buffer->s, grown);

	if (s == NULL) {
		buffer->failed = true;
		return false;
	}
	buffer->s = s;
	buffer->size = grown;
	return true;
}

void buffer_add(struct buffer *buffer, const char *s, size_t len)
{
	if (len == 0 || buffer->cut || buffer->failed)
		return;
	if (len > buffer->most - buffer->len) {
		len = (size_t)utf8_cut(s, len, (int)(buffer->most - buffer->len));
		buffer->cut = true;
	}
	if (!reserve(buffer, buffer->len + len + 1))
		return;
	memcpy(buffer->s + buffer->len, s, len);
	buffer->len += len;
	buffer->s[buffer->len] = '\0';
}

void buffer_add_paragraph(struct buffer *buffer, const char *s, size_t len)
{
	if (len == 0)
		return;
	if (buffer->len > 0)
		buffer_add(buffer, "\n\n", 2);
	buffer_add(buffer, s, len);
}

void buffer_trim(struct buffer *buffer)
{
	while (buffer->len > 0 && strchr(" \t\r\n", buffer->s[buffer->len - 1]) != NULL)
		buffer->s[--buffer->len] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->cut = false;
	if (buffer->s != NULL)
		*buffer->s = '\0';
}

void buffer_fini(struct buffer *buffer)
{
	free(buffer->s);
	*buffer = (struct buffer){.most = buffer->most};
}
