/*
 * options: the configuration, from flags > environment > file > default.
 *
 * The table is options.def. Every value is checked when it is loaded; after
 * that the getters cannot fail. Unknown flags and unknown file keys are errors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_id {
#define OPTION(id, name, other, kind, fallback, least, most, reload, help) OPT_##id,
#include "options.def"
#undef OPTION
	OPT_COUNT
};

#define OPTIONS_MAX_WORDS 8

enum option_source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

struct options {
	char *values[OPT_COUNT]; /* owned */
	enum option_source from[OPT_COUNT];
	bool print_config; /* --print-config was given */
	bool json;         /* --json was given */
	bool help;         /* --help was given */
	/* What is neither flag nor value, in order; borrowed from argv. */
	char *words[OPTIONS_MAX_WORDS];
	int word_count;
	int argc; /* as given, for reading everything again */
	char **argv;
};

/*
 * Loads everything. argv[0] is skipped. False: error gets one sentence that
 * names the option and what it must be; options_fini() in both cases.
 */
bool options_load(struct options *o, int argc, char **argv, char *error, size_t error_len)
    __attribute__((warn_unused_result));
void options_fini(struct options *o);

/* False: two options contradict each other; error says which, and what to do. */
bool options_agree(const struct options *o, char *error, size_t error_len)
    __attribute__((warn_unused_result));

const char *option_text(const struct options *o, enum option_id id);
long option_number(const struct options *o, enum option_id id);
bool option_bool(const struct options *o, enum option_id id);

struct option_change {
	const char *name;
	bool applied; /* false: it needs a restart */
};

/* Takes over the reloadable values of fresh. What differs is put into changes; how many. */
size_t options_reload(
    struct options *o, struct options *fresh, struct option_change changes[OPT_COUNT]);

/* The libpq connection string of these options; the caller frees it. NULL: out of memory. */
char *options_conninfo(const struct options *o);

/* One option as it may be shown to people: a secret's value is hidden. */
struct option_view {
	const char *name, *value, *fallback;
	const char *source; /* "default", "file", ... */
	bool reloadable;
};

struct option_view option_view(const struct options *o, enum option_id id);

/* Is this environment variable read? NAME_FILE of a secret, too. */
bool option_is_variable(const char *name);

/* The secrets, by all their names; the list ends with NULL. Static. */
const char *const *options_secret_names(void);

/* Table of all options for --help, and NAME=value lines with secrets hidden. */
void options_print_help(FILE *out);
void options_print_values(const struct options *o, FILE *out);
