/* log: formats and writes one line; never waits for its reader. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <event2/event.h>

#include "log_sink.h"

#define WRITE_BYTES  LOG_SINK_MOST_BYTES
#define STRING_BYTES 1500 /* of one string, escapes included */
#define END_BYTES    64   /* always free: for the number of dropped lines, and the brackets */
#define MAX_FIELDS   16

struct line {
	char text[WRITE_BYTES];
	size_t len;
};

static const char *const names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
static enum log_level least = LOG_INFO;
static unsigned long dropped; /* lines lost: a slow reader, a full disk; not told yet */
static unsigned long dropped_total;

/* Lines that go with one write, and how many lost ones the first of them tells of. */
static struct line waiting;
static unsigned long waiting_told;
static bool gathers;

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

static void add(struct line *line, const char *s, size_t len)
{
	memcpy(line->text + line->len, s, len);
	line->len += len;
}

/* What a string may take now, so that a cut line is still JSON. */
static size_t room(const struct line *line)
{
	size_t taken = line->len + END_BYTES;
	size_t left = taken < WRITE_BYTES ? WRITE_BYTES - taken : 0;

	return left < STRING_BYTES ? left : STRING_BYTES;
}

/* How many bytes of s need no escape. */
static size_t plain(const char *s, size_t most)
{
	size_t len = 0;

	while (len < most && (unsigned char)s[len] >= 0x20 && s[len] != '"' && s[len] != '\\')
		len++;
	return len;
}

/* Cut where it would be longer than most bytes. */
static void add_string(struct line *line, const char *s, size_t most)
{
	static const size_t longest_escape = 6;
	size_t end = line->len + most;

	add(line, "\"", 1);
	while (*s != '\0' && line->len + longest_escape <= end) {
		size_t len = plain(s, end - line->len);
		unsigned char c = (unsigned char)s[len];
		char escaped[8] = {'\\', (char)c};

		add(line, s, len);
		s += len;
		if (len > 0 || c == '\0')
			continue;
		if (c < 0x20)
			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		add(line, escaped, strlen(escaped));
		s++;
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
	size_t name_len = strlen(name) + 8; /* with quotes, comma, colon, or null */

	if (name_len > room(line))
		return;
	add(line, ",", 1);
	add_string(line, name, name_len);
	add(line, ":", 1);
	if (text == NULL)
		add(line, "null", 4);
	else
		add_string(line, text, room(line));
}

/* The time to the second, made once a second. */
static const char *second_of(time_t now)
{
	static char text[24];
	static time_t made = -1;

	if (now != made) {
		struct tm utc;

		gmtime_r(&now, &utc);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
		made = now;
	}
	return text;
}

static void begin(struct line *line, enum log_level level, const char *message)
{
	struct timespec now;
	const char *second;

	clock_gettime(CLOCK_REALTIME, &now);
	second = second_of(now.tv_sec);
	unsigned ms = (unsigned)(now.tv_nsec / 1000000);
	const char fraction[] = {'.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
	    (char)('0' + ms % 10), 'Z'};

	line->len = 0;
	add(line, "{\"ts\":\"", 7);
	add(line, second, strlen(second));
	add(line, fraction, sizeof(fraction));
	add(line, "\",\"level\":\"", 11);
	add(line, names[level], strlen(names[level]));
	add(line, "\",\"msg\":", 8);
	add_string(line, message, room(line));
}

/* Only so many bytes were taken: the lines behind them are lost, and with the first what it told. */
static void count_lost(size_t taken)
{
	const char *first = memchr(waiting.text, '\n', waiting.len);

	if (taken == waiting.len)
		return;
	if (first == NULL || taken <= (size_t)(first - waiting.text))
		dropped += waiting_told;
	for (size_t i = taken; i < waiting.len; i++) {
		dropped += waiting.text[i] == '\n';
		dropped_total += waiting.text[i] == '\n';
	}
}

void log_flush(void)
{
	if (waiting.len == 0)
		return;
	count_lost(log_sink_write(waiting.text, waiting.len));
	waiting_told = 0;
	waiting.len = 0;
}

unsigned long log_dropped_lines(void)
{
	return dropped_total;
}

void log_gather(bool on)
{
	log_flush();
	gathers = on;
}

static void end(struct line *line, enum log_level level)
{
	if (waiting.len + line->len + END_BYTES > WRITE_BYTES)
		log_flush();
	if (dropped > 0)
		line->len += (size_t)snprintf(line->text + line->len, END_BYTES - 2,
		    ",\"lines_dropped_before\":\"%lu\"", dropped);
	add(line, "}\n", 2);
	memcpy(waiting.text + waiting.len, line->text, line->len);
	waiting.len += line->len;
	waiting_told += dropped; /* only the first line after a write can have some to tell */
	dropped = 0;
	if (!gathers || level >= LOG_WARN) /* which may be the last word */
		log_flush();
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
	struct line line;

	if (level < least)
		return;
	begin(&line, level, message);
	for (; fields->name != NULL; fields++)
		add_field(&line, fields->name, fields->text);
	end(&line, level);
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

static void on_libevent(int severity, const char *text)
{
	static const enum log_level levels[] = {[EVENT_LOG_DEBUG] = LOG_DEBUG,
	    [EVENT_LOG_MSG] = LOG_INFO,
	    [EVENT_LOG_WARN] = LOG_WARN,
	    [EVENT_LOG_ERR] = LOG_ERROR};

	log_pairs(levels[severity], "libevent", "text", text, (char *)0);
}

void log_take_libevent(void)
{
	event_set_log_callback(on_libevent);
}
