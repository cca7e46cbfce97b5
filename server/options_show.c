/* options_show: the option table for people. */
#include <string.h>

#include "options_impl.h"

static const char *const source_names[] = {
    [FROM_DEFAULT] = "default",
    [FROM_FILE] = "file",
    [FROM_ENVIRONMENT] = "environment",
    [FROM_FLAG] = "flag",
};

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
