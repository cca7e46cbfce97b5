/* machine: the log's directory and disk, descriptors, and the addresses to listen on. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ask.h"
#include "doctor/doctor.h"
#include "http/address.h"
#include "log_sink.h"

#define LOG_LEAST_BYTES   (100LL * 1024 * 1024) /* of free disk, below it a warning */
#define OTHER_DESCRIPTORS 64                    /* besides connections: libraries, log, admin */

/* The file when there is one, else whoever would have to take it; errno says why. NULL: neither. */
static const char *what_cannot_be_written(const char *path, const char *directory)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	if (errno != ENOENT)
		return path;
	return access(directory, W_OK | X_OK) != 0 ? directory : NULL;
}

void doctor_log(struct doctor *doctor)
{
	const char *directory = option_text(doctor->options, OPT_LOG_DIR);
	char path[PATH_MAX];
	struct statvfs disk;

	if (*directory == '\0') {
		doctor_say(doctor, DOCTOR_OK, "log", NULL, "to stdout (LOG_DIR is empty)");
		return;
	}
	if (!log_sink_path(directory, path, sizeof(path))) {
		doctor_say(doctor, DOCTOR_FAIL, "log", "choose another", "LOG_DIR is too long");
		return;
	}
	const char *bad = what_cannot_be_written(path, directory);

	if (bad != NULL)
		doctor_say(doctor, DOCTOR_FAIL, "log",
		    "make it, and let the user of the server write there", "LOG_DIR: %s: %s",
		    bad, strerror(errno));
	else if (statvfs(directory, &disk) != 0)
		doctor_say(doctor, DOCTOR_FAIL, "log", "look at the disk", "LOG_DIR: %s: %s",
		    directory, strerror(errno));
	else {
		long long free_bytes = (long long)disk.f_bavail * (long long)disk.f_frsize;
		long long free_mb = free_bytes / (1024 * 1024);

		/* No file can be made; where files are not counted (btrfs), there are none at all. */
		bool no_file = disk.f_files > 0 && disk.f_favail == 0;

		if (free_bytes == 0 || no_file)
			doctor_say(doctor, DOCTOR_FAIL, "log",
			    "make room; until then log lines are lost",
			    "LOG_DIR: the disk of %s is full", directory);
		else if (free_bytes < LOG_LEAST_BYTES)
			doctor_say(doctor, DOCTOR_WARN, "log", "make room, rotate more often",
			    "LOG_DIR: only %lld MB are free for %s", free_mb, path);
		else
			doctor_say(doctor, DOCTOR_OK, "log", NULL, "to %s, %lld MB are free",
			    path, free_mb);
	}
}

void doctor_descriptors(struct doctor *doctor)
{
	long needed = option_number(doctor->options, OPT_MAX_CONNECTIONS) +
	              option_number(doctor->options, OPT_DB_MAX_CONNECTIONS) +
	              OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < (rlim_t)needed)
		doctor_say(doctor, DOCTOR_WARN, "descriptors",
		    "raise it (ulimit -n, LimitNOFILE, ulimits of compose) or lower "
		    "MAX_CONNECTIONS",
		    "%llu file descriptors are fewer than the %ld that MAX_CONNECTIONS and "
		    "DB_MAX_CONNECTIONS may take; accepting would pause",
		    (unsigned long long)limit.rlim_cur, needed);
	else
		doctor_say(doctor, DOCTOR_OK, "descriptors", NULL,
		    "%llu file descriptors, %ld may be needed",
		    (unsigned long long)limit.rlim_cur, needed);
}

/* 0: it is free; else errno, or -1 when there is no such address. Nothing listens meanwhile. */
static int try_address(const char *address)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[ADDRESS_HOST_BYTES];
	const char *port;
	int on = 1, result = 0;

	if (!address_split(address, host, &port) ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0)
		result = errno;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(found);
	return result;
}

/* One of ours answers {"status":"ready"} and the like. */
static bool is_one_of_ours(const char *address, char body[ASK_BODY_BYTES])
{
	return ask(address, "/readyz", body) > 0 && strncmp(body, "{\"status\":\"", 11) == 0;
}

static void look_at_address(struct doctor *doctor, const char *what, const char *option,
    const char *address, enum doctor_status when_taken)
{
	char body[ASK_BODY_BYTES];
	int error = try_address(address);

	if (error == 0)
		doctor_say(doctor, DOCTOR_OK, what, NULL, "%s is free", address);
	else if (error == -1)
		doctor_say(doctor, DOCTOR_FAIL, what,
		    "it must be HOST:PORT, with an address of this machine",
		    "%s: '%s' is no address", option, address);
	else if (error == EADDRINUSE && is_one_of_ours(address, body))
		doctor_say(doctor, DOCTOR_OK, what, NULL,
		    "a sage-mcp serves on %s already and says %s", address, body);
	else if (error == EADDRINUSE)
		doctor_say(doctor, when_taken, what,
		    "end what listens there (ss -ltnp shows it) or choose another port",
		    "%s: %s is used by another program", option, address);
	else
		doctor_say(doctor, DOCTOR_FAIL, what, "choose another", "%s: %s: %s", option,
		    address, strerror(error));
}

void doctor_listen(struct doctor *doctor)
{
	look_at_address(
	    doctor, "listen", "LISTEN", option_text(doctor->options, OPT_LISTEN), DOCTOR_FAIL);
}

/* serve goes on without it where nobody asked for it. */
void doctor_admin(struct doctor *doctor)
{
	const struct options *o = doctor->options;
	bool wanted = o->from[OPT_METRICS_PORT] != FROM_DEFAULT ||
	              o->from[OPT_METRICS_HOST] != FROM_DEFAULT;
	char address[ADDRESS_BYTES];

	if (!option_bool(o, OPT_ENABLE_MONITORING)) {
		doctor_say(doctor, DOCTOR_OK, "admin", NULL, "off (ENABLE_MONITORING)");
		return;
	}
	address_join(address, option_text(o, OPT_METRICS_HOST),
	    (unsigned)option_number(o, OPT_METRICS_PORT));
	look_at_address(doctor, "admin", "METRICS_HOST, METRICS_PORT", address,
	    wanted ? DOCTOR_FAIL : DOCTOR_WARN);
}
