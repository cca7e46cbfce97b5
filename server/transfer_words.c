/* transfer_words: NAME=VALUE by a table. */
#include "transfer_words.h"

#include <stdio.h>
#include <string.h>

#include "zones.h"

#define DEFAULT_NAMESPACE "default"

#define DEFAULT_ZONE "UTC"

/* Times as they were said: the zone may come behind them. */
struct said {
	const char *from, *to, *zone;
};

static bool take(
    struct transfer_words *words, struct said *said, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **at;
	} known[] = {
	    {"namespace", &words->scope.namespace},
	    {"session", &words->scope.session_id},
	    {"format", &words->format},
	    {"from", &said->from},
	    {"to", &said->to},
	    {"tz", &said->zone},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].name, name) == 0 && *value != '\0') {
			*known[i].at = value;
			return true;
		}
	}
	return false;
}

static bool read_time(const struct zone *zone, const char *name, const char *value, int64_t *us)
{
	*us = ROWS_NO_TIME;
	if (value == NULL || zone_parse(zone, value, strlen(value), us))
		return true;
	fprintf(stderr,
	    "sage-mcp: %s=%s is neither a date nor a date-time such as "
	    "2026-07-28T09:30:00+08:00\n",
	    name, value);
	return false;
}

static bool read_times(struct transfer_words *words, const struct said *said)
{
	const char *name = said->zone != NULL ? said->zone : DEFAULT_ZONE;
	const struct zone *zone = zones_find(name, strlen(name));
	struct transfer_scope *scope = &words->scope;

	if (zone == NULL) {
		fprintf(stderr,
		    "sage-mcp: tz=%s is no zone; name one such as Asia/Shanghai or +08:00\n",
		    name);
		return false;
	}
	if (!read_time(zone, "from", said->from, &scope->from_us) ||
	    !read_time(zone, "to", said->to, &scope->to_us))
		return false;
	if (scope->from_us != ROWS_NO_TIME && scope->to_us != ROWS_NO_TIME &&
	    scope->from_us >= scope->to_us) {
		fprintf(stderr,
		    "sage-mcp: from=%s is not before to=%s, which is excluded itself\n",
		    said->from, said->to);
		return false;
	}
	return true;
}

bool transfer_words_read(struct transfer_words *words, const char *usage, int argc, char **argv)
{
	struct said said = {0};

	*words = (struct transfer_words){.scope = {.namespace = DEFAULT_NAMESPACE}};
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value == NULL && words->file == NULL) {
			words->file = argv[i];
			continue;
		}
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || !take(words, &said, argv[i], value)) {
			fprintf(stderr, "sage-mcp: '%s%s%s' is not understood\nusage: %s\n",
			    argv[i], value != NULL ? "=" : "", value != NULL ? value : "",
			    usage);
			return false;
		}
	}
	if (words->file == NULL)
		fprintf(stderr, "usage: %s\n", usage);
	return words->file != NULL && read_times(words, &said);
}
