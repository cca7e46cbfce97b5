/* command_healthcheck: asks the server of this configuration for /readyz. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"

#define ANSWER_SECONDS 3

/* Splits HOST:PORT; a server on every address is asked on the loopback one. */
static void split(const char *listen, char host[256], const char **port)
{
	const char *colon = strrchr(listen, ':');
	size_t len = colon != NULL ? (size_t)(colon - listen) : strlen(listen);

	if (len >= 2 && listen[0] == '[') {
		listen++;
		len -= 2;
	}
	snprintf(host, 256, "%.*s", (int)len, listen);
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "*") == 0)
		snprintf(host, 256, "127.0.0.1");
	if (strcmp(host, "::") == 0)
		snprintf(host, 256, "::1");
	*port = colon != NULL ? colon + 1 : "8080";
}

static int connect_to(const char *host, const char *port)
{
	static const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

int command_healthcheck(struct options *options, int argc, char **argv)
{
	static const char request[] =
	    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	const char *listen = option_text(options, OPT_LISTEN);
	const char *port;
	char host[256], answer[1024];
	size_t len = 0;

	(void)argv;
	if (argc != 0) {
		fputs("usage: sage-mcp healthcheck\n", stderr);
		return 2;
	}
	split(listen, host, &port);
	int fd = connect_to(host, port);

	if (fd < 0) {
		fprintf(stderr, "sage-mcp: no server answers on %s\n", listen);
		return 1;
	}
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(request) - 1) {
		ssize_t got;

		while (len < sizeof(answer) - 1 &&
		       (got = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0)
			len += (size_t)got;
	}
	close(fd);
	answer[len] = '\0';
	const char *body = strstr(answer, "\r\n\r\n");

	puts(body != NULL ? body + 4 : "no answer");
	return strncmp(answer, "HTTP/1.1 200 ", 13) == 0 ? 0 : 1;
}
