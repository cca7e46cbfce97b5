/* log_sink: one descriptor. */
#include "log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_MODE 0640

static int out = STDOUT_FILENO;
static char path_now[PATH_MAX]; /* "": stdout */
static bool torn;               /* the last line lacks its end: the disk was full */

bool log_sink_path(const char *directory, char *path, size_t len)
{
	return (size_t)snprintf(path, len, "%s/" LOG_SINK_NAME, directory) < len;
}

static bool open_file(const char *path, char *error, size_t error_len)
{
	int fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);

	if (fd < 0) {
		snprintf(error, error_len, "LOG_DIR: %s: %s", path, strerror(errno));
		return false;
	}
	if (out != STDOUT_FILENO)
		close(out);
	out = fd;
	torn = false;
	return true;
}

bool log_sink_open(const char *directory, char *error, size_t error_len)
{
	char path[PATH_MAX];

	if (*directory == '\0')
		return true;
	if (!log_sink_path(directory, path, sizeof(path))) {
		snprintf(error, error_len, "LOG_DIR: the path is too long");
		return false;
	}
	if (!open_file(path, error, error_len))
		return false;
	memcpy(path_now, path, sizeof(path_now));
	return true;
}

bool log_sink_is_stdout(void)
{
	return out == STDOUT_FILENO;
}

bool log_sink_reopen(char *error, size_t error_len)
{
	return *path_now == '\0' || open_file(path_now, error, error_len);
}

size_t log_sink_write(const char *lines, size_t len)
{
	struct pollfd ready = {.fd = out, .events = POLLOUT};
	char newline[] = "\n";
	size_t mend = torn ? 1 : 0;
	const struct iovec parts[] = {{newline, mend}, {(char *)(uintptr_t)lines, len}};

	if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
		return 0;
	ssize_t written = writev(out, parts, 2);

	if (written <= 0)
		return 0;
	size_t taken = (size_t)written - mend;

	/* Only the newline: the line before is whole now. */
	torn = taken > 0 && lines[taken - 1] != '\n';
	return taken;
}
