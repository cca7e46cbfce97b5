/*
 * reload: reads the configuration again, for SIGHUP and for POST /reload.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct service;

struct reload {
	char error[512]; /* when it failed */
	struct option_change changes[OPT_COUNT];
	size_t count;
};

/* False: the configuration is wrong, error says where, and the old one stays in force. */
bool reload_run(struct service *service, struct reload *reload);

/* "now" or "after a restart" */
const char *reload_effect(const struct option_change *change);
