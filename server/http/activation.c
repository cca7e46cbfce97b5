/* activation: looks for the address among the descriptors handed over. */
#include "activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_pid.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MAX_FDS  16

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int count_fds(void)
{
	const char *fds = getenv("LISTEN_FDS");

	if (fds == NULL || !own_pid_in("LISTEN_PID", false))
		return 0;
	long count = strtol(fds, NULL, 10);

	return count < 0 ? 0 : count > MAX_FDS ? MAX_FDS : (int)count;
}

static bool is_same(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->any.sa_family == AF_INET6 && a->v6.sin6_port == b->v6.sin6_port &&
	       memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

int activation_take(const struct sockaddr *wanted)
{
	union address want, have;
	int count = count_fds();

	memset(&want, 0, sizeof(want));
	if (wanted->sa_family != AF_INET && wanted->sa_family != AF_INET6)
		return -1;
	memcpy(&want, wanted, wanted->sa_family == AF_INET ? sizeof(want.v4) : sizeof(want.v6));
	for (int fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
		socklen_t len = sizeof(have);
		int flags = fcntl(fd, F_GETFL);

		memset(&have, 0, sizeof(have));
		if (flags < 0 || getsockname(fd, &have.any, &len) != 0 ||
		    !is_same(&want, &have))
			continue;
		/* Listening may stop and begin again, so the one handed over stays open. */
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
		return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + count);
	}
	return -1;
}
