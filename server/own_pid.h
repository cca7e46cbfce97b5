/*
 * own_pid: what a service manager left in the environment is for one process (sd_listen_fds(3),
 * sd_watchdog_enabled(3)), and inherited by others.
 */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Does this variable (LISTEN_PID, WATCHDOG_PID) name this process? Without it: otherwise. */
static inline bool own_pid_in(const char *variable, bool otherwise)
{
	const char *pid = getenv(variable);

	return pid != NULL ? strtoll(pid, NULL, 10) == getpid() : otherwise;
}
