/* options_show: the option table for people. */
#include <string.h>

#include "options_impl.h"

static const char *const source_names[] = {
    [FROM_DEFAULT] = "default",
    [FROM_FILE] = "file",
    [FROM_ENVIRONMENT] = "environment",
    [FROM_FLAG] = "flag",
};

static bool is_file_of(const char *name, const char *secret)
{
	size_t len = strlen(secret);

	return strncmp(name, secret, len) == 0 && strcmp(name + len, "_FILE") == 0;
}

static bool is_called(const struct option *opt, const char *called, const char *name)
{
	return called != NULL && (strcmp(called, name) == 0 ||
	                             (opt->kind == KIND_SECRET && is_file_of(name, called)));
}

bool option_is_variable(const char *name)
{
	for (size_t id = 0; id < OPT_COUNT; id++) {
		const struct option *opt = &option_table[id];

		if (is_called(opt, opt->name, name) || is_called(opt, opt->other, name))
			return true;
	}
	return false;
}

const char *const *options_secret_names(void)
{
	static const char *names[2 * OPT_COUNT + 1];
	size_t count = 0;

	for (size_t id = 0; id < OPT_COUNT; id++) {
		if (option_table[id].kind != KIND_SECRET)
			continue;
		names[count++] = option_table[id].name;
		if (option_table[id].other != NULL)
			names[count++] = option_table[id].other;
	}
	names[count] = NULL;
	return names;
}

void options_print_help(FILE *out)
{
	fputs("Options, as flag, environment variable, and default:\n\n", out);
	for (size_t id = 0; id < OPT_COUNT; id++) {
		const struct option *opt = &option_table[id];
		char flag[OPTION_NAME_BYTES];

		option_flag(opt->name, flag);
		fprintf(out, "  --%-22s %-22s %s\n      %s\n", flag, opt->name,
		    *opt->fallback ? opt->fallback : "-", opt->help);
		if (opt->kind == KIND_SECRET)
			fprintf(
			    out, "      %s_FILE names a file to read it from.\n", opt->name);
	}
	fputs("\n  --config FILE     NAME=value lines; weaker than the environment\n"
	      "  --print-config    print what is in force, secrets hidden, and exit\n"
	      "  --help            this text\n",
	    out);
}

struct option_view option_view(const struct options *o, enum option_id id)
{
	bool hide = option_table[id].kind == KIND_SECRET && *o->values[id] != '\0';

	return (struct option_view){
	    .name = option_table[id].name,
	    .value = hide ? "********" : o->values[id],
	    .fallback = option_table[id].fallback,
	    .source = source_names[o->from[id]],
	    .reloadable = option_table[id].reload,
	};
}

void options_print_values(const struct options *o, FILE *out)
{
	for (size_t id = 0; id < OPT_COUNT; id++) {
		struct option_view view = option_view(o, (enum option_id)id);

		fprintf(out, "%s=%s # %s\n", view.name, view.value, view.source);
	}
}
