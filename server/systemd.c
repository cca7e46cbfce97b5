/* systemd: one datagram for each state. */
#include "systemd.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "log.h"
#include "own_pid.h"

static struct event *watchdog;

static void tell(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;

	if (len == 0 || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@') /* the abstract name space */
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	                  (const struct sockaddr *)(const void *)&to,
	                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warn("the service manager cannot be told", "state", state);
	if (fd >= 0)
		close(fd);
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	tell("WATCHDOG=1");
}

/* 0: nobody watches. */
static long long watchdog_us(void)
{
	const char *usec = getenv("WATCHDOG_USEC");

	return usec != NULL && own_pid_in("WATCHDOG_PID", true) ? strtoll(usec, NULL, 10) : 0;
}

void systemd_ready(struct event_base *base)
{
	long long half_us = watchdog_us() / 2;
	struct timeval period = {.tv_sec = half_us / 1000000, .tv_usec = half_us % 1000000};

	tell("READY=1");
	if (half_us <= 0)
		return;
	watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	if (watchdog == NULL || event_add(watchdog, &period) != 0)
		log_error("out of memory: the watchdog will end this process");
}

void systemd_stopping(void)
{
	tell("STOPPING=1");
}

void systemd_fini(void)
{
	if (watchdog != NULL)
		event_free(watchdog);
	watchdog = NULL;
}
