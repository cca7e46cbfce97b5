/* main: reads the options and runs one command. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "log.h"
#include "options.h"
#include "reserve.h"

/* clang-format off */
static const struct command {
	const char *name;
	int (*run)(struct options *options, int argc, char **argv);
	const char *usage;
	const char *help;
} commands[] = {
	{ "serve",	 command_serve,	      "serve",
	  "Serve MCP on LISTEN until SIGTERM. This is the default command." },
	{ "migrate",	 command_migrate,     "migrate",
	  "Bring the database schema up to date, then exit." },
	{ "key",	 command_key,	      "key create AGENT [NAMESPACE] | key list | key revoke ID-OR-HINT",
	  "Make, list and end API keys. A key stands for one agent in one namespace." },
	{ "export",	 command_export,
	  "export FILE|- [namespace=NAME] [session=ID] [from=TIME] [to=TIME] [format=jsonl|markdown]",
	  "Write a namespace to a file: JSON Lines with everything, or Markdown to read." },
	{ "import",	 command_import,
	  "import FILE|- [namespace=NAME] [session=ID] [format=any|export|transcript|conversation|server_memory|mem0|sage]",
	  "Store what is in a file, each thing once: repeat it when it was broken off." },
	{ "reembed",	 command_reembed,     "reembed [force] [instead]",
	  "Make vectors of the configured model beside those in use, then switch; repeat it when it was broken off." },
	{ "healthcheck", command_healthcheck, "healthcheck",
	  "Ask the server on LISTEN for /readyz; exit status 0 when it is ready." },
	{ "doctor",	 command_doctor,      "doctor [--json]",
	  "Look at all that a server needs and say what to do; change nothing. Exit status 1 when something fails." },
};
/* clang-format on */

static void print_help(FILE *out)
{
	fputs("sage-mcp " SAGE_VERSION ": long-term memory for AI agents, over MCP\n\n"
	      "Usage: sage-mcp [COMMAND] [OPTIONS]\n\n"
	      "Commands:\n\n",
	    out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  sage-mcp %s\n      %s\n", commands[i].usage, commands[i].help);
	fputc('\n', out);
	options_print_help(out);
	fputs("\nSignals: TERM or INT drains and exits, a second one exits at once; HUP "
	      "re-reads the "
	      "configuration.\n",
	    out);
}

/* NULL: there is none of that name, which was said. */
static const struct command *chosen(const struct options *options)
{
	const char *name = options->word_count > 0 ? options->words[0] : "serve";

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	fprintf(stderr, "sage-mcp: there is no command '%s'; --help lists them\n", name);
	return NULL;
}

/* The one that takes --json, and that explains options which cannot be loaded. */
static bool is_doctor(const struct command *command)
{
	return command != NULL && command->run == command_doctor;
}

static int run(struct options *options)
{
	const struct command *command = chosen(options);
	int rest = options->word_count > 0 ? options->word_count - 1 : 0;

	if (command == NULL)
		return 2;
	if (options->json && !is_doctor(command)) {
		fprintf(stderr, "sage-mcp %s takes no --json\n", command->name);
		return 2;
	}
	return command->run(options, rest, options->words + 1);
}

/* The options could not be loaded. */
static int run_unread(struct options *options, const char *error)
{
	const struct command *command = options->word_count > 0 ? chosen(options) : commands;

	if (is_doctor(command))
		return command_doctor_unread(options, error);
	fprintf(stderr, "sage-mcp: %s%s\n", error,
	    command == commands ? "; 'sage-mcp doctor' explains" : "");
	return 2;
}

int main(int argc, char **argv)
{
	struct options options;
	char error[512];
	int status = 0;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("sage-mcp " SAGE_VERSION);
		return 0;
	}
	if (!reserve_open()) {
		fputs("sage-mcp: out of memory\n", stderr);
		return 1;
	}
	signal(SIGPIPE,
	    SIG_IGN); /* a client that closes is an error of write(), not a reason to die */
	signal(SIGXFSZ, SIG_IGN); /* a log file that may not grow is a full disk */
	signal(SIGUSR1, SIG_IGN); /* other servers rotate logs or upgrade by these */
	signal(SIGUSR2, SIG_IGN);
	if (!options_load(&options, argc, argv, error, sizeof(error))) {
		status = run_unread(&options, error);
	} else if (options.help) {
		print_help(stdout);
	} else if (options.print_config) {
		options_print_values(&options, stdout);
	} else {
		log_set_level(option_text(&options, OPT_LOG_LEVEL));
		status = run(&options);
	}
	options_fini(&options);
	return status;
}
