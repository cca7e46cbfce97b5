/* ask: a blocking HTTP/1.1 client of a few lines. */
#include "ask.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/address.h"

#define ANSWER_SECONDS 3
#define ANSWER_BYTES   2048 /* headers too */

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

static void talk(int fd, const char *path, char answer[ANSWER_BYTES])
{
	char request[256];
	size_t len = 0;
	ssize_t got;
	int request_len = snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);

	if (send(fd, request, (size_t)request_len, MSG_NOSIGNAL) == request_len) {
		while (len < ANSWER_BYTES - 1 &&
		       (got = recv(fd, answer + len, ANSWER_BYTES - 1 - len, 0)) > 0)
			len += (size_t)got;
	}
	answer[len] = '\0';
}

int ask(const char *address, const char *path, char body[ASK_BODY_BYTES])
{
	static const char version[] = "HTTP/1.1 ";
	char host[ADDRESS_HOST_BYTES], answer[ANSWER_BYTES];
	const char *port, *end;
	int fd = -1;

	*body = '\0';
	if (address_split(address, host, &port)) {
		address_make_local(host);
		fd = connect_to(host, port);
	}
	if (fd < 0)
		return -1;
	talk(fd, path, answer);
	close(fd);
	end = strstr(answer, "\r\n\r\n");
	if (end == NULL || strncmp(answer, version, strlen(version)) != 0)
		return 0;
	snprintf(body, ASK_BODY_BYTES, "%s", end + 4);
	return (int)strtol(answer + strlen(version), NULL, 10);
}
