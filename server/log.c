/* log: formats and writes one line; never waits for its reader. */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* A pipe that poll() calls writable takes this much without blocking (PIPE_BUF). */
#define LINE_BYTES 4096
#define MAX_FIELDS 16

struct line {
	char text[LINE_BYTES];
	size_t len;
};

static const char *const names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
static enum log_level least = LOG_INFO;
static unsigned long dropped; /* lines lost because the reader was too slow */

bool log_set_level(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcasecmp(name, names[i]) == 0) {
			least = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Room is kept for the closing brackets, so that a cut line is still JSON. */
static void add(struct line *line, const char *s, size_t len)
{
	size_t room = LINE_BYTES - 8 - line->len;

	if (len > room)
		return;
	memcpy(line->text + line->len, s, len);
	line->len += len;
}

static void add_string(struct line *line, const char *s)
{
	static const size_t longest = 1500;
	size_t start = line->len;

	add(line, "\"", 1);
	for (; *s != '\0' && line->len - start < longest; s++) {
		unsigned char c = (unsigned char)*s;
		char escaped[8];

		if (c == '"' || c == '\\') {
			escaped[0] = '\\';
			escaped[1] = *s;
			add(line, escaped, 2);
		} else if (c < 0x20) {
			add(line, escaped,
			    (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", c));
		} else {
			add(line, s, 1);
		}
	}
	if (((unsigned char)*s & 0xc0) ==
	    0x80) { /* cut inside a UTF-8 sequence: drop its beginning */
		while (((unsigned char)line->text[line->len - 1] & 0xc0) == 0x80)
			line->len--;
		line->len--;
	}
	add(line, "\"", 1);
}

static void add_field(struct line *line, const char *name, const char *text)
{
	add(line, ",", 1);
	add_string(line, name);
	add(line, ":", 1);
	if (text == NULL)
		add(line, "null", 4);
	else
		add_string(line, text);
}

static void begin(struct line *line, enum log_level level, const char *message)
{
	struct timespec now;
	struct tm utc;
	char stamp[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);

	snprintf(stamp + len, sizeof(stamp) - len, ".%03ldZ", now.tv_nsec / 1000000);
	line->len = 0;
	add(line, "{\"ts\":\"", 7);
	add(line, stamp, strlen(stamp));
	add(line, "\",\"level\":\"", 11);
	add(line, names[level], strlen(names[level]));
	add(line, "\",\"msg\":", 8);
	add_string(line, message);
}

static void end(struct line *line)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	char count[24];

	if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) {
		dropped++;
		return;
	}
	if (dropped > 0) {
		snprintf(count, sizeof(count), "%lu", dropped);
		add_field(line, "lines_dropped_before", count);
		dropped = 0;
	}
	memcpy(line->text + line->len, "}\n", 2);
	if (write(STDOUT_FILENO, line->text, line->len + 2) < 0)
		dropped++;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
	struct line line;

	if (level < least)
		return;
	begin(&line, level, message);
	for (; fields->name != NULL; fields++)
		add_field(&line, fields->name, fields->text);
	end(&line);
}

void log_pairs(enum log_level level, const char *message, ...)
{
	struct log_field fields[MAX_FIELDS + 1] = {0};
	va_list list;
	const char *name;

	if (level < least)
		return;
	va_start(list, message);
	for (int i = 0; i < MAX_FIELDS && (name = va_arg(list, const char *)) != NULL; i++) {
		fields[i].name = name;
		fields[i].text = va_arg(list, const char *);
	}
	va_end(list);
	log_write(level, message, fields);
}
