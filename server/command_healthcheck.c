/* command_healthcheck: asks the server of this configuration for /readyz. */
#include <stdio.h>

#include "ask.h"
#include "commands.h"
#include "options.h"

int command_healthcheck(struct options *options, int argc, char **argv)
{
	const char *listen = option_text(options, OPT_LISTEN);
	char body[ASK_BODY_BYTES];

	(void)argv;
	if (argc != 0) {
		fputs("usage: sage-mcp healthcheck\n", stderr);
		return 2;
	}
	int status = ask(listen, "/readyz", body);

	if (status < 0) {
		fprintf(stderr, "sage-mcp: no server answers on %s\n", listen);
		return 1;
	}
	puts(status > 0 ? body : "no answer");
	return status == 200 ? 0 : 1;
}
