/* connection: the state machine of connection.h. */
#include "connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "clock.h"
#include "log.h"
#include "output.h"
#include "parser.h"
#include "server_impl.h"

enum connection_state { READING, HANDLING, FLUSHING, LINGERING, CLOSED, STATE_COUNT };

struct connection {
	struct exchange x; /* first: the exchange is the connection; valid while HANDLING */
	struct http_server *server;
	TAILQ_ENTRY(connection) link;
	int fd;
	enum connection_state state;
	bool close_after; /* the answer: keep-alive is over */
	bool lingers;     /* ... and the client may still be sending */
	bool feeding;     /* connection_feed() is on the stack and goes on by itself */
	bool input_ended; /* the client has half-closed */
	struct event readable, writable, gone;
	int64_t deadline_ms; /* 0: none */
	struct parser parser;
	struct http_request *request; /* HANDLING */
	struct evbuffer *ahead;       /* read while HANDLING or FLUSHING */
	struct output output;
	char request_id[24];
	char peer[INET6_ADDRSTRLEN + 8];
};

/* clang-format off */
static const bool allowed[STATE_COUNT][STATE_COUNT] = {
	[READING]   = { [HANDLING] = true, [FLUSHING] = true, [LINGERING] = true, [CLOSED] = true },
	[HANDLING]  = { [READING] = true, [FLUSHING] = true, [LINGERING] = true, [CLOSED] = true },
	[FLUSHING]  = { [READING] = true, [LINGERING] = true, [CLOSED] = true },
	[LINGERING] = { [CLOSED] = true },
};
/* clang-format on */

static void connection_move(struct connection *c, enum connection_state state)
{
	assert(allowed[c->state][state]);
	c->state = state;
}

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_gone(evutil_socket_t fd, short what, void *arg);
static void exchange_replied(struct exchange *x, const struct reply *reply);
static const char *exchange_header_of(
    const struct exchange *x, const char *name, unsigned *copies);

static const struct exchange_ops ops = {
    .reply = exchange_replied,
    .header = exchange_header_of,
};

static void write_peer(struct connection *c, const struct sockaddr *peer)
{
	const void *address = NULL;

	if (peer->sa_family == AF_INET)
		address = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
	else if (peer->sa_family == AF_INET6)
		address = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
	if (address == NULL ||
	    inet_ntop(peer->sa_family, address, c->peer, sizeof(c->peer)) == NULL)
		snprintf(c->peer, sizeof(c->peer), "-");
}

bool connection_new(struct http_server *server, int fd, const struct sockaddr *peer)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return false;
	}
	c->server = server;
	c->fd = fd;
	c->x.ops = &ops;
	c->deadline_ms = clock_ms() + HEADER_DEADLINE_MS;
	write_peer(c, peer);
	parser_init(&c->parser, &server->stats.body_bytes);
	event_assign(&c->readable, server->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, server->base, fd, EV_WRITE, on_writable, c);
	event_assign(&c->gone, server->base, fd, EV_CLOSED, on_gone, c);
	event_add(&c->readable, NULL);
	TAILQ_INSERT_TAIL(&server->connections, c, link);
	server->stats.connections++;
	return true;
}

/* The one way out. While feeding, the struct stays until that frame is left. */
static void connection_close(struct connection *c)
{
	struct http_server *server = c->server;
	void (*gone)(void *arg) = c->state == HANDLING ? c->x.gone : NULL;

	if (c->state == HANDLING)
		server->stats.requests_pending--;
	connection_move(c, CLOSED);
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->gone);
	close(c->fd);
	TAILQ_REMOVE(&server->connections, c, link);
	server->stats.connections--;
	if (gone != NULL)
		gone(c->x.gone_arg);
	http_request_free(c->request, &server->stats.body_bytes);
	parser_fini(&c->parser);
	output_fini(&c->output);
	if (c->ahead != NULL)
		evbuffer_free(c->ahead);
	if (!c->feeding)
		free(c);
	http_connection_ended(server);
}

/* --- answering --- */

/* Says that it is over, and reads off what still comes, so that the answer is not lost in a reset. */
static void connection_linger(struct connection *c)
{
	connection_move(c, LINGERING);
	c->deadline_ms = clock_ms() + LINGER_DEADLINE_MS;
	shutdown(c->fd, SHUT_WR);
	event_add(&c->readable, NULL);
}

/* The answer is with the kernel: on to the next request, or to the end. */
static void connection_answered(struct connection *c)
{
	if (c->close_after && c->lingers && !c->input_ended) {
		connection_linger(c);
	} else if (c->close_after || c->input_ended) {
		connection_close(c);
	} else {
		connection_move(c, READING);
		c->deadline_ms = clock_ms() + IDLE_DEADLINE_MS;
	}
}

static void connection_sent(struct connection *c, enum output_state sent)
{
	switch (sent) {
	case OUTPUT_DONE:
		connection_answered(c);
		break;
	case OUTPUT_LEFT:
		connection_move(c, FLUSHING);
		c->deadline_ms = clock_ms() + OUTPUT_AGE_DEADLINE_MS;
		event_add(&c->writable, NULL);
		break;
	case OUTPUT_BROKEN:
		connection_close(c);
		break;
	}
}

/* Refuses a request that never became one, or came too late; the connection ends with it. */
static void connection_refuse(struct connection *c, int status, const char *text)
{
	static const struct header retry[] = {{"Retry-After", "1"}, {NULL, NULL}};
	char body[256];
	struct output_head head = {.request_id = "-"};
	struct reply reply = {.status = status,
	    .content_type = "application/json",
	    .body = body,
	    .headers = status == 503 ? retry : NULL};

	snprintf(
	    body, sizeof(body), "{\"error\":{\"code\":%d,\"message\":\"%s\"}}", status, text);
	reply.body_len = strlen(body);
	c->close_after = true;
	c->lingers = true;
	log_info("request refused", "why", text, "peer", c->peer);
	connection_sent(c, output_reply(&c->output, c->fd, &head, &reply));
}

static void connection_feed(struct connection *c, const char *data, size_t len);

/* Goes on with what was read ahead. */
static void connection_go_on(struct connection *c)
{
	if (c->feeding || c->state != READING)
		return;
	event_del(&c->gone);
	event_add(&c->readable, NULL);
	if (c->ahead == NULL)
		return;
	struct evbuffer *ahead = c->ahead;
	size_t len = evbuffer_get_length(ahead);

	c->ahead = NULL;
	connection_feed(c, (const char *)evbuffer_pullup(ahead, -1), len);
	evbuffer_free(ahead);
}

static void exchange_replied(struct exchange *x, const struct reply *reply)
{
	struct connection *c = (struct connection *)x;
	struct http_server *server = c->server;
	struct output_head head = {.request_id = c->request_id,
	    .is_http_1_0 = c->request->is_http_1_0,
	    .without_body = c->request->is_head};
	struct reply too_large = {.status = 500};

	assert(c->state == HANDLING);
	if (reply->body_len > MAX_OUTPUT_BYTES) {
		log_error(
		    "an answer is larger than the output limit", "request_id", c->request_id);
		reply = &too_large;
	}
	c->close_after = !c->request->keep_alive || server->draining;
	c->lingers = c->ahead != NULL;
	head.keep_alive = !c->close_after;
	enum output_state sent = output_reply(&c->output, c->fd, &head, reply);

	http_request_free(c->request, &server->stats.body_bytes);
	c->request = NULL;
	server->stats.requests_pending--;
	c->x.gone = NULL;
	bool feeding = c->feeding; /* else c may be freed by now */

	if (!feeding)
		c->feeding = true; /* keeps c alive over the next line */
	connection_sent(c, sent);
	if (feeding)
		return;
	c->feeding = false;
	if (c->state == CLOSED)
		free(c);
	else
		connection_go_on(c);
}

static const char *exchange_header_of(
    const struct exchange *x, const char *name, unsigned *copies)
{
	return http_request_header(((const struct connection *)x)->request, name, copies);
}

/* --- reading --- */

static void connection_handle(struct connection *c)
{
	struct http_server *server = c->server;
	struct http_request *request = parser_take(&c->parser);

	c->request = request;
	c->deadline_ms = 0;
	snprintf(c->request_id, sizeof(c->request_id), "%08x-%08x", server->request_prefix,
	    server->request_count++);
	c->x = (struct exchange){.ops = &ops,
	    .method = request->method,
	    .path = request->path,
	    .query = request->query,
	    .body = request->body != NULL ? request->body : "",
	    .body_len = request->body_len,
	    .id = c->request_id,
	    .peer = c->peer};
	connection_move(c, HANDLING);
	server->stats.requests_pending++;
	server->config.handler(&c->x, server->config.handler_arg);
}

/* A request's parts have their own deadlines, counted from when the part began. */
static void set_deadline(struct connection *c, enum parse_state before)
{
	enum parse_state now = c->parser.state;

	if (now == before)
		return;
	if (now == PARSE_HEADERS && before == PARSE_IDLE)
		c->deadline_ms = clock_ms() + HEADER_DEADLINE_MS;
	else if (now == PARSE_BODY)
		c->deadline_ms = clock_ms() + BODY_DEADLINE_MS;
}

/* The client waits for a sign before it sends the body. */
static void send_continue(struct connection *c)
{
	struct http_request *request = c->parser.request;

	if (c->parser.state != PARSE_BODY || !request->wants_continue || request->body_len > 0)
		return;
	request->wants_continue = false;
	if (output_text(&c->output, c->fd, "HTTP/1.1 100 Continue\r\n\r\n") != OUTPUT_DONE)
		connection_close(c); /* 25 bytes do not fit into an idle socket: it is broken */
}

static void read_ahead(struct connection *c, const char *data, size_t len)
{
	if (len == 0)
		return;
	if (c->ahead == NULL)
		c->ahead = evbuffer_new();
	if (c->ahead == NULL || evbuffer_add(c->ahead, data, len) != 0) {
		connection_close(c);
		return;
	}
	if (evbuffer_get_length(c->ahead) >= MAX_PIPELINED_BYTES) {
		event_del(
		    &c->readable); /* no more, but a client that leaves is still noticed */
		event_add(&c->gone, NULL);
	}
}

/* Parses and handles as many requests as there are, in a loop however many come at once. */
static void connection_feed(struct connection *c, const char *data, size_t len)
{
	c->feeding = true;
	while (len > 0 && c->state == READING) {
		enum parse_state before = c->parser.state;
		size_t taken = parser_feed(&c->parser, data, len);

		data += taken;
		len -= taken;
		if (c->parser.state == PARSE_REFUSED) {
			connection_refuse(c, c->parser.fault.status, c->parser.fault.text);
			break;
		}
		set_deadline(c, before);
		if (c->parser.state == PARSE_COMPLETE)
			connection_handle(c);
		else
			send_continue(c);
	}
	if (c->state == HANDLING || c->state == FLUSHING)
		read_ahead(c, data, len);
	c->feeding = false;
	if (c->state == CLOSED)
		free(c);
}

/*
 * The client will send nothing more. A request that is being answered is given up
 * (a half-close looks like a close); an answer on its way is still delivered.
 */
static void connection_input_ended(struct connection *c)
{
	if (c->state == FLUSHING) {
		c->input_ended = true;
		event_del(&c->readable);
	} else {
		connection_close(c);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	char *buffer = c->server->buffer;
	ssize_t len = read(fd, buffer, READ_BUFFER_BYTES);

	(void)what;
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len < 0)
		connection_close(c);
	else if (len == 0)
		connection_input_ended(c);
	else if (c->state == READING)
		connection_feed(c, buffer, (size_t)len);
	else if (c->state != LINGERING)
		read_ahead(c, buffer, (size_t)len);
}

static void on_gone(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connection_input_ended(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)what;
	switch (output_continue(&c->output, fd)) {
	case OUTPUT_LEFT:
		c->deadline_ms = c->output.progress_ms + OUTPUT_AGE_DEADLINE_MS;
		event_add(&c->writable, NULL);
		return;
	case OUTPUT_BROKEN:
		connection_close(c);
		return;
	case OUTPUT_DONE:
		break;
	}
	c->feeding = true; /* keeps c alive over the next line */
	connection_answered(c);
	c->feeding = false;
	if (c->state == CLOSED)
		free(c);
	else
		connection_go_on(c);
}

/* --- all of them --- */

void connections_sweep(struct connections *connections, int64_t now_ms)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->deadline_ms == 0 || c->deadline_ms > now_ms)
			continue;
		if (c->state == READING && c->parser.state != PARSE_IDLE)
			connection_refuse(c, 408, "the request did not arrive in time");
		else
			connection_close(c);
	}
}

void connections_drain(struct connections *connections)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == READING && c->parser.state == PARSE_IDLE)
			connection_close(c);
		else
			c->close_after = true;
	}
}

void connections_close(struct connections *connections)
{
	struct connection *c;

	/* connection_close() takes it off the list, which the analyser does not see. */
	while ((c = TAILQ_FIRST(connections)) != NULL)
		connection_close(c); // NOLINT(clang-analyzer-unix.Malloc)
}
