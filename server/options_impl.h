/* options_impl: the table of options, shared by those who load and those who show it. */
#pragma once

#include "options.h"

#define OPTION_NAME_BYTES 64

enum option_kind {
	KIND_TEXT,
	KIND_SECRET,
	KIND_NUMBER,
	KIND_BOOLEAN,
	KIND_AUTH,
	KIND_READ_FROM,
	KIND_LEVEL,
};

struct option {
	const char *name;
	const char *other; /* another environment variable that means the same */
	enum option_kind kind;
	const char *fallback;
	long least, most; /* NUMBER: value; TEXT, SECRET: length */
	bool reload;
	const char *help;
};

extern const struct option option_table[OPT_COUNT];

/* NAME_OF_IT -> name-of-it */
void option_flag(const char *name, char flag[OPTION_NAME_BYTES]);
