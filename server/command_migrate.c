/* command_migrate: brings the schema up to date once, and says what it did. */
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "commands.h"
#include "migrate.h"
#include "options.h"

struct run {
	struct event_base *base;
	bool failed;
};

static void report(void *arg, bool healthy, const char *text)
{
	(void)arg;
	(void)healthy;
	fprintf(stderr, "%s\n", text);
}

static void on_done(void *arg, enum migrate_outcome outcome, int applied, const char *error)
{
	struct run *run = arg;

	run->failed = outcome == MIGRATE_FAILED;
	if (run->failed)
		fprintf(stderr, "sage-mcp: %s\n", error);
	else
		printf("schema is up to date, %d migrations applied\n", applied);
	event_base_loopbreak(run->base);
}

int command_migrate(struct options *options, int argc, char **argv)
{
	struct run run = {.base = event_base_new(), .failed = true};
	char *conninfo = options_conninfo(options);
	char error[256] = "out of memory";
	struct migrate_config config = {
	    .conninfo = conninfo,
	    .connect_ms = (int)option_number(options, OPT_DB_CONNECT_TIMEOUT_MS),
	    .report = report,
	    .done = on_done,
	    .arg = &run,
	};
	struct migration_run *migration = NULL;

	(void)argv;
	if (argc != 0) {
		fputs("usage: sage-mcp migrate\n", stderr);
	} else {
		if (run.base != NULL && conninfo != NULL)
			migration = migrate_start(run.base, &config, error, sizeof(error));
		if (migration != NULL)
			event_base_dispatch(run.base);
		else
			fprintf(stderr, "sage-mcp: %s\n", error);
	}
	migrate_free(migration);
	free(conninfo);
	if (run.base != NULL)
		event_base_free(run.base);
	return argc != 0 ? 2 : run.failed;
}
