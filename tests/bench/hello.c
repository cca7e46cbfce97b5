/*
 * hello: the baseline of the benchmarks: libevent and llhttp, and nothing else.
 *
 *	hello PORT [BYTES]      answers every request with BYTES bytes (2 unless told)
 *
 * One read and one write per request, no checks beyond llhttp's, no limits, no
 * deadlines: what a server of this kind can do at most.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>
#include <llhttp.h>

struct client {
	struct event *readable;
	llhttp_t parser;
	bool complete;
};

static llhttp_settings_t settings;
static char buffer[64 * 1024];
static char *answer;
static size_t answer_len;

static int on_message_complete(llhttp_t *parser)
{
	((struct client *)parser->data)->complete = true;
	return 0;
}

static void client_free(struct client *client, int fd)
{
	event_free(client->readable);
	free(client);
	close(fd);
}

/* Blocks for the rest of a long answer, which is fair: it favours this baseline. */
static bool send_answer(int fd)
{
	for (size_t sent = 0; sent < answer_len;) {
		ssize_t taken = write(fd, answer + sent, answer_len - sent);

		if (taken < 0 && errno != EAGAIN)
			return false;
		sent += taken > 0 ? (size_t)taken : 0;
	}
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	ssize_t len = read(fd, buffer, sizeof(buffer));

	(void)what;
	if (len < 0 && errno == EAGAIN)
		return;
	if (len <= 0 || llhttp_execute(&client->parser, buffer, (size_t)len) != HPE_OK ||
	    (client->complete && !send_answer(fd))) {
		client_free(client, fd);
		return;
	}
	client->complete = false;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *peer, int peer_len, void *arg)
{
	struct client *client = calloc(1, sizeof(*client));
	int on = 1;

	(void)peer;
	(void)peer_len;
	(void)arg;
	if (client == NULL)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	llhttp_init(&client->parser, HTTP_REQUEST, &settings);
	client->parser.data = client;
	client->readable = event_new(
	    evconnlistener_get_base(listener), fd, EV_READ | EV_PERSIST, on_readable, client);
	event_add(client->readable, NULL);
}

static void make_answer(size_t body_len)
{
	answer = malloc(body_len + 128);
	if (answer == NULL)
		abort();
	answer_len = (size_t)sprintf(answer,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    body_len);
	memset(answer + answer_len, 'x', body_len);
	answer_len += body_len;
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (argc < 2 || base == NULL)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	llhttp_settings_init(&settings);
	settings.on_message_complete = on_message_complete;
	make_answer(argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 2);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (evconnlistener_new_bind(base, on_accept, NULL,
	        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 4096, (struct sockaddr *)&address,
	        sizeof(address)) == NULL) {
		perror("hello");
		return 1;
	}
	return event_base_dispatch(base) < 0;
}
