/* options: loads, checks and prints the option table. */
#include "options_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CONFIG_LINE_BYTES 8192

const struct option option_table[OPT_COUNT] = {
#define OPTION(id, name, other, kind, fallback, least, most, reload, help)                     \
	[OPT_##id] = {name, other, KIND_##kind, fallback, least, most, reload, help},
#include "options.def"
#undef OPTION
};

static const char *const booleans[] = {
    "true", "1", "yes", "on", "false", "0", "no", "off", NULL};
static const char *const auth_modes[] = {"auto", "required", NULL};
static const char *const read_places[] = {"primary", "replica", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

static const struct {
	const char *const *words;
	const char *complaint;
} choices[] = {
    [KIND_BOOLEAN] = {booleans, "neither true nor false"},
    [KIND_AUTH] = {auth_modes, "neither auto nor required"},
    [KIND_READ_FROM] = {read_places, "neither primary nor replica"},
    [KIND_LEVEL] = {levels, "none of debug, info, warn, error"},
};

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcasecmp(value, *words) == 0)
			return true;
	}
	return false;
}

static bool check_number(const struct option *opt, const char *value, char *error, size_t len)
{
	char *end;

	errno = 0;
	long number = strtol(value, &end, 10);

	if (errno == 0 && end != value && *end == '\0' && number >= opt->least &&
	    number <= opt->most)
		return true;
	snprintf(error, len, "%s: '%.40s' is not a whole number from %ld to %ld", opt->name,
	    value, opt->least, opt->most);
	return false;
}

static bool check_value(const struct option *opt, const char *value, char *error, size_t len)
{
	switch (opt->kind) {
	case KIND_TEXT:
	case KIND_SECRET:
		if (strlen(value) >= (size_t)opt->least && strlen(value) <= (size_t)opt->most)
			return true;
		snprintf(error, len, "%s: must have %ld to %ld characters, has %zu", opt->name,
		    opt->least, opt->most, strlen(value));
		return false;
	case KIND_NUMBER:
		return check_number(opt, value, error, len);
	case KIND_BOOLEAN:
	case KIND_AUTH:
	case KIND_READ_FROM:
	case KIND_LEVEL:
		if (is_one_of(value, choices[opt->kind].words))
			return true;
		snprintf(error, len, "%s: '%.40s' is %s", opt->name, value,
		    choices[opt->kind].complaint);
		return false;
	}
	return false;
}

static bool set(struct options *o, size_t id, const char *value, enum option_source from,
    char *error, size_t len)
{
	if (!check_value(&option_table[id], value, error, len))
		return false;
	char *copy = strdup(value);

	if (copy == NULL) {
		snprintf(error, len, "out of memory");
		return false;
	}
	free(o->values[id]);
	o->values[id] = copy;
	o->from[id] = from;
	return true;
}

/* NAME=value lines; '#' starts a comment line; quotes around a value are taken off. */
static bool load_file(struct options *o, const char *path, char *error, size_t len)
{
	char line[MAX_CONFIG_LINE_BYTES];
	FILE *file = fopen(path, "re");
	bool ok = file != NULL;

	if (!ok)
		snprintf(error, len, "--config %s: %s", path, strerror(errno));
	for (int number = 1; ok && fgets(line, sizeof(line), file) != NULL; number++) {
		char *key = line + strspn(line, " \t");
		char *value = strchr(key, '=');
		size_t id = 0;

		key[strcspn(key, "\r\n")] = '\0';
		if (*key == '\0' || *key == '#')
			continue;
		if (value != NULL)
			*value++ = '\0';
		while (id < OPT_COUNT && strcmp(option_table[id].name, key) != 0)
			id++;
		if (value == NULL || id == OPT_COUNT) {
			snprintf(error, len,
			    "%s:%d: unknown key '%.60s'; --help lists the keys", path, number,
			    key);
			ok = false;
			break;
		}
		size_t value_len = strlen(value);

		if (value_len >= 2 && (*value == '"' || *value == '\'') &&
		    value[value_len - 1] == *value) {
			value[value_len - 1] = '\0';
			value++;
		}
		ok = set(o, id, value, FROM_FILE, error, len);
	}
	if (file != NULL)
		fclose(file);
	return ok;
}

/* NAME_FILE: the secret is the file's first line. */
static bool load_secret_file(
    struct options *o, size_t id, const char *name, const char *path, char *error, size_t len)
{
	char line[MAX_CONFIG_LINE_BYTES] = "";
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		snprintf(error, len, "%s: %s: %s", name, path, strerror(errno));
		return false;
	}
	bool got = fgets(line, sizeof(line), file) != NULL;

	fclose(file);
	if (!got) {
		snprintf(error, len, "%s: %s is empty", name, path);
		return false;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return set(o, id, line, FROM_ENVIRONMENT, error, len);
}

static bool load_variable(
    struct options *o, size_t id, const char *name, char *error, size_t len)
{
	char file_name[OPTION_NAME_BYTES];
	const char *value = getenv(name);
	const char *path = NULL;

	if (option_table[id].kind == KIND_SECRET) {
		snprintf(file_name, sizeof(file_name), "%s_FILE", name);
		path = getenv(file_name);
		if (path != NULL &&
		    *path == '\0') /* compose sets what is not given like this */
			path = NULL;
	}
	if (value != NULL && path != NULL) {
		snprintf(error, len, "%s and %s are both set; keep one", name, file_name);
		return false;
	}
	if (path != NULL)
		return load_secret_file(o, id, file_name, path, error, len);
	return value == NULL || set(o, id, value, FROM_ENVIRONMENT, error, len);
}

static bool load_environment(struct options *o, char *error, size_t len)
{
	for (size_t id = 0; id < OPT_COUNT; id++) {
		if (option_table[id].other != NULL &&
		    !load_variable(o, id, option_table[id].other, error, len))
			return false;
		if (!load_variable(o, id, option_table[id].name, error, len))
			return false;
	}
	return true;
}

void option_flag(const char *name, char flag[OPTION_NAME_BYTES])
{
	size_t i = 0;

	for (; i < OPTION_NAME_BYTES - 1 && name[i] != '\0'; i++)
		flag[i] = (char)(name[i] == '_' ? '-' : tolower((unsigned char)name[i]));
	flag[i] = '\0';
}

/* One "--name value" or "--name=value"; *i moves on to the last word used. */
static bool load_flag(struct options *o, int argc, char **argv, int *i, const char **config,
    char *error, size_t len)
{
	char flag[OPTION_NAME_BYTES];
	const char *given = argv[*i] + 2;
	size_t given_len = strcspn(given, "=");
	const char *value = given[given_len] == '=' ? given + given_len + 1 : NULL;
	bool is_config = given_len == 6 && strncmp(given, "config", 6) == 0;
	size_t id = 0;

	for (; id < OPT_COUNT; id++) {
		option_flag(option_table[id].name, flag);
		if (strlen(flag) == given_len && strncmp(flag, given, given_len) == 0)
			break;
	}
	if (id == OPT_COUNT && !is_config) {
		snprintf(error, len, "unknown flag --%.*s; --help lists the flags",
		    (int)given_len, given);
		return false;
	}
	if (value == NULL && *i + 1 < argc)
		value = argv[++*i];
	if (value == NULL) {
		snprintf(error, len, "--%.*s needs a value", (int)given_len, given);
		return false;
	}
	if (is_config) {
		*config = value;
		return true;
	}
	return set(o, id, value, FROM_FLAG, error, len);
}

static bool load_flags(
    struct options *o, int argc, char **argv, const char **config, char *error, size_t len)
{
	o->argc = argc;
	o->argv = argv;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			o->help = true;
		} else if (strcmp(argv[i], "--print-config") == 0) {
			o->print_config = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
		} else if (strncmp(argv[i], "--", 2) == 0) {
			if (!load_flag(o, argc, argv, &i, config, error, len))
				return false;
		} else if (o->word_count == OPTIONS_MAX_WORDS) {
			snprintf(error, len, "too many words, at '%.40s'", argv[i]);
			return false;
		} else {
			o->words[o->word_count++] = argv[i];
		}
	}
	return true;
}

bool options_load(struct options *o, int argc, char **argv, char *error, size_t error_len)
{
	struct options flags = {0};
	const char *config = NULL;
	bool ok = load_flags(&flags, argc, argv, &config, error, error_len);

	*o = flags;
	memset(o->values, 0, sizeof(o->values));
	for (size_t id = 0; ok && id < OPT_COUNT; id++)
		ok = set(o, id, option_table[id].fallback, FROM_DEFAULT, error, error_len);
	if (ok && config != NULL)
		ok = load_file(o, config, error, error_len);
	ok = ok && load_environment(o, error, error_len);
	for (size_t id = 0; ok && id < OPT_COUNT; id++) {
		if (flags.values[id] != NULL)
			ok = set(o, id, flags.values[id], FROM_FLAG, error, error_len);
	}
	options_fini(&flags);
	return ok;
}

void options_fini(struct options *o)
{
	for (size_t id = 0; id < OPT_COUNT; id++) {
		free(o->values[id]);
		o->values[id] = NULL;
	}
}

const char *option_text(const struct options *o, enum option_id id)
{
	return o->values[id];
}

long option_number(const struct options *o, enum option_id id)
{
	return strtol(o->values[id], NULL, 10);
}

bool option_bool(const struct options *o, enum option_id id)
{
	return strchr("tTyY1", *o->values[id]) != NULL || strcasecmp(o->values[id], "on") == 0;
}

size_t options_reload(
    struct options *o, struct options *fresh, struct option_change changes[OPT_COUNT])
{
	size_t count = 0;

	for (size_t id = 0; id < OPT_COUNT; id++) {
		if (strcmp(o->values[id], fresh->values[id]) == 0)
			continue;
		changes[count++] =
		    (struct option_change){option_table[id].name, option_table[id].reload};
		if (option_table[id].reload) {
			char *old = o->values[id];

			o->values[id] = fresh->values[id];
			o->from[id] = fresh->from[id];
			fresh->values[id] = old;
		}
	}
	return count;
}
