/*
 * act: does the steps of a fixture.
 */
#pragma once

#include "call.h"

struct fixture {
	struct tool tool; /* first, and its work first in it */
	json_t *spec;     /* borrowed from the file */
};

struct fixture_call {
	struct call call; /* first */
	size_t at;        /* the step to do next */
	bool deferred;
	/* What the arguments of a fixture with a table are read into. */
	struct arg_text region;
	int64_t level;
};

extern const struct step act_steps[];
