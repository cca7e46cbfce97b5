/* The conformance server: the product's libraries with the suite's fixtures. */
#include <signal.h>
#include <stdio.h>

#include "fixtures.h"
#include "options.h"
#include "serve.h"

int main(int argc, char **argv)
{
	struct options options;
	char error[512];
	int status = 1;

	signal(SIGPIPE, SIG_IGN);
	if (!options_load(&options, argc, argv, error, sizeof(error)))
		fprintf(stderr, "sage-conformance: %s\n", error);
	else if (fixtures_load(FIXTURES))
		status = serve(&options, &fixtures_surface);
	fixtures_free();
	options_fini(&options);
	return status;
}
