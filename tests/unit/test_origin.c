/* origin: the matrix of Host and Origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"
#include "origin.h"

struct asked {
	struct exchange x; /* first: the exchange is the asked */
	const char *host;
	const char *origin;
	unsigned origins;
};

static const char *header(const struct exchange *x, const char *name, unsigned *copies)
{
	const struct asked *asked = (const struct asked *)x;

	if (copies != NULL)
		*copies = asked->origins;
	return strcmp(name, "host") == 0 ? asked->host : asked->origin;
}

static const struct exchange_ops ops = {.header = header};

static void decides(void **state)
{
	static const struct {
		const char *host, *origin;
		unsigned origins;
		bool allowed;
	} cases[] = {
	    {"localhost:8080", NULL, 0, true},
	    {"127.0.0.1", NULL, 0, true},
	    {"[::1]:8080", NULL, 0, true},
	    {"LOCALHOST:1", NULL, 0, true},
	    {"evil.example", NULL, 0, false},
	    {"localhost.evil.example", NULL, 0, false},
	    {"memory.example.com", NULL, 0, true},
	    {"memory.example.com:443", NULL, 0, true},
	    {"fixed.example.com:8443", NULL, 0, true},
	    {"fixed.example.com:9", NULL, 0, false},
	    {"localhost:8080", "http://localhost:8080", 1, true},
	    {"localhost:8080", "http://localhost:6274", 1, true},
	    {"localhost:8080", "https://127.0.0.1", 1, true},
	    {"localhost:8080", "http://localhost:8080", 2, false},
	    {"localhost:8080", "http://evil.example", 1, false},
	    {"localhost:8080", "null", 1, false},
	    {"localhost:8080", "", 1, false},
	    {"localhost:8080", "ftp://localhost", 1, false},
	    {"localhost:8080", "http://localhost.evil.example", 1, false},
	    {"memory.example.com", "http://localhost:3000", 1, false},
	    {"memory.example.com", "https://app.example.com", 1, true},
	    {"localhost:8080", "https://app.example.com", 1, true},
	    {"localhost:8080", "http://app.example.com", 1, false},
	};
	char program[] = "sage-mcp",
	     hosts[] = "--allowed-hosts=memory.example.com, fixed.example.com:8443";
	char origins[] = "--allowed-origins=https://app.example.com";
	char *argv[] = {program, hosts, origins};
	struct options o;
	char text[256];

	(void)state;
	assert_true(options_load(&o, 3, argv, text, sizeof(text)));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct asked asked = {.x = {.ops = &ops},
		    .host = cases[i].host,
		    .origin = cases[i].origin,
		    .origins = cases[i].origins};

		if (origin_allowed(&o, &asked.x, text, sizeof(text)) != cases[i].allowed)
			fail_msg("case %zu: Host %s, Origin %s", i, cases[i].host,
			    cases[i].origin != NULL ? cases[i].origin : "-");
	}
	options_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(decides)};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
