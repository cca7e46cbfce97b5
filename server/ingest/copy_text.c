/* copy_text: PostgreSQL documentation, "COPY", File Formats, Text Format. */
#include "ingest/copy_text.h"

#include <string.h>

/* The name at *s, quoted or not, and what follows it; false: there is none, or it is too long. */
static bool take_name(const char **s, const char *end, char name[COPY_NAME_BYTES])
{
	bool quoted = *s < end && **s == '"';
	size_t len = 0;

	*s += quoted;
	while (*s < end && (quoted ? **s != '"' : strchr(" ,().", **s) == NULL)) {
		if (len + 1 == COPY_NAME_BYTES)
			return false;
		name[len++] = *(*s)++;
	}
	name[len] = '\0';
	*s += quoted && *s < end;
	return len > 0;
}

bool copy_begins(const char *line, size_t len, struct copy_table *table)
{
	static const char begin[] = "COPY ";
	const char *s = line + sizeof(begin) - 1, *end = line + len;

	table->count = 0;
	if (len < sizeof(begin) || memcmp(line, begin, sizeof(begin) - 1) != 0 ||
	    memmem(line, len, " FROM stdin", 11) == NULL || !take_name(&s, end, table->name))
		return false;
	if (s < end && *s == '.') {
		s++;
		if (!take_name(&s, end, table->name))
			return false;
	}
	while (s < end && (*s == ' ' || *s == '('))
		s++;
	while (s < end && table->count < COPY_COLUMNS &&
	       take_name(&s, end, table->columns[table->count])) {
		table->count++;
		if (s < end && *s == ')')
			return true;
		while (s < end && (*s == ' ' || *s == ','))
			s++;
	}
	return false;
}

bool copy_ends(const char *line, size_t len)
{
	return len == 2 && line[0] == '\\' && line[1] == '.';
}

static int digit_of(char c, int base)
{
	int digit = c >= '0' && c <= '9'   ? c - '0'
	            : c >= 'a' && c <= 'f' ? c - 'a' + 10
	            : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                                   : 99;

	return digit < base ? digit : -1;
}

/* The character that stands behind a backslash at *s, moved on to its last character. */
static char unescape(const char **s, const char *end)
{
	static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
	const char *found = strchr(from, **s);
	int base = **s == 'x' ? 16 : 8, most = base == 16 ? 2 : 3, value = 0, count = 0;
	const char *digits = *s + (base == 16);

	if (found != NULL && *found != '\0')
		return to[found - from];
	while (count < most && digits + count < end && digit_of(digits[count], base) >= 0)
		value = value * base + digit_of(digits[count++], base);
	if (count == 0)
		return **s;
	*s = digits + count - 1;
	return (char)value;
}

static void add_field(struct buffer *room, const char *s, const char *end)
{
	while (s < end) {
		const char *backslash = memchr(s, '\\', (size_t)(end - s));
		const char *plain = backslash != NULL ? backslash : end;

		buffer_add(room, s, (size_t)(plain - s));
		if (backslash == NULL || backslash + 1 == end)
			break;
		s = backslash + 1;
		char c = unescape(&s, end);

		buffer_add(room, &c, 1);
		s++;
	}
	buffer_add(room, "", 1); /* its NUL */
}

bool copy_fields(const struct copy_table *table, const char *line, size_t len,
    struct buffer *room, struct arg_text fields[COPY_COLUMNS])
{
	const char *s = line, *end = line + len;
	size_t begins[COPY_COLUMNS] = {0}, count = 0;

	buffer_clear(room);
	for (bool more = true; more && count < COPY_COLUMNS; count++) {
		const char *tab = memchr(s, '\t', (size_t)(end - s));
		const char *stop = tab != NULL ? tab : end;

		fields[count] = (struct arg_text){NULL, 0};
		begins[count] = room->len;
		if (stop - s != 2 || s[0] != '\\' || s[1] != 'N') {
			add_field(room, s, stop);
			fields[count].len = room->len - begins[count] - 1;
			fields[count].s = line; /* until room has moved for the last time */
		}
		more = tab != NULL;
		s = more ? tab + 1 : end;
	}
	for (size_t i = 0; i < count; i++) {
		if (fields[i].s != NULL)
			fields[i].s = room->s + begins[i];
	}
	return s == end && count == table->count && !room->cut && !room->failed;
}
