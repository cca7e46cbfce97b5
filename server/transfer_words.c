/* transfer_words: NAME=VALUE by a table. */
#include "transfer_words.h"

#include <stdio.h>
#include <string.h>

#include "rfc3339.h"

#define DEFAULT_NAMESPACE "default"

static bool take(struct transfer_words *words, const char *name, const char *value)
{
	if (strcmp(name, "namespace") == 0)
		words->scope.namespace = value;
	else if (strcmp(name, "session") == 0)
		words->scope.session_id = value;
	else if (strcmp(name, "format") == 0)
		words->format = value;
	else if (strcmp(name, "from") == 0)
		return rfc3339_parse(value, strlen(value), &words->scope.from_us);
	else if (strcmp(name, "to") == 0)
		return rfc3339_parse(value, strlen(value), &words->scope.to_us);
	else
		return false;
	return *value != '\0';
}

bool transfer_words_read(struct transfer_words *words, const char *usage, int argc, char **argv)
{
	*words = (struct transfer_words){.scope = {.namespace = DEFAULT_NAMESPACE,
	                                     .from_us = ROWS_NO_TIME,
	                                     .to_us = ROWS_NO_TIME}};
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value == NULL && words->file == NULL) {
			words->file = argv[i];
			continue;
		}
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || !take(words, argv[i], value)) {
			fprintf(stderr, "sage-mcp: '%s%s%s' is not understood\nusage: %s\n",
			    argv[i], value != NULL ? "=" : "", value != NULL ? value : "",
			    usage);
			return false;
		}
	}
	if (words->file == NULL)
		fprintf(stderr, "usage: %s\n", usage);
	return words->file != NULL;
}
