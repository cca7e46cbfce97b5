/* connection: the state machine of connection.h. */
#include "connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "clock.h"
#include "connection_impl.h"
#include "reserve.h"
#include "server_impl.h"

/* clang-format off */
static const bool allowed[STATE_COUNT][STATE_COUNT] = {
	[READING]   = { [HANDLING] = true, [FLUSHING] = true, [LINGERING] = true, [CLOSED] = true },
	[HANDLING]  = { [READING] = true, [STREAMING] = true, [FLUSHING] = true, [LINGERING] = true,
			[CLOSED] = true },
	[STREAMING] = { [READING] = true, [FLUSHING] = true, [LINGERING] = true, [CLOSED] = true },
	[FLUSHING]  = { [READING] = true, [LINGERING] = true, [CLOSED] = true },
	[LINGERING] = { [CLOSED] = true },
};
/* clang-format on */

void connection_move(struct connection *c, enum connection_state state)
{
	assert(allowed[c->state][state]);
	c->state = state;
}

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_gone(evutil_socket_t fd, short what, void *arg);
static void write_peer(struct connection *c, const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;
	const void *address = NULL;

	if (peer->sa_family == AF_INET) {
		address = &v4->sin_addr;
		c->peer_port = ntohs(v4->sin_port);
	} else if (peer->sa_family == AF_INET6) {
		address = &v6->sin6_addr;
		c->peer_port = ntohs(v6->sin6_port);
	}
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
	c->x.ops = &connection_exchange_ops;
	c->accepted_us = clock_us();
	c->deadline_ms = c->accepted_us / 1000 + HEADER_DEADLINE_MS;
	write_peer(c, peer);
	parser_init(&c->parser, &server->stats.body_bytes);
	event_assign(&c->readable, server->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, server->base, fd, EV_WRITE, on_writable, c);
	event_assign(&c->gone, server->base, fd, EV_CLOSED, on_gone, c);
	if (event_add(&c->readable, NULL) != 0) {
		close(fd);
		free(c);
		return false;
	}
	TAILQ_INSERT_TAIL(&server->connections, c, link);
	server->stats.connections++;
	return true;
}

void connection_close(struct connection *c)
{
	struct http_server *server = c->server;
	void (*gone)(void *arg) = c->pending ? c->x.gone : NULL;

	if (c->pending && c->state == HANDLING)
		connection_count(c, HTTP_CLIENT_LEFT);
	if (c->pending)
		connection_end_exchange(c);
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
	if (c->holds == 0)
		free(c);
	http_connection_ended(server);
}

void connection_hold(struct connection *c)
{
	c->holds++;
}

static void connection_feed(struct connection *c, const char *data, size_t len);

/* Goes on with what was read ahead. */
static void connection_go_on(struct connection *c)
{
	struct evbuffer *ahead = c->ahead;

	event_del(&c->gone);
	event_add(&c->readable, NULL);
	if (ahead == NULL)
		return;
	c->ahead = NULL;
	connection_feed(
	    c, (const char *)evbuffer_pullup(ahead, -1), evbuffer_get_length(ahead));
	evbuffer_free(ahead);
}

void connection_release(struct connection *c)
{
	if (--c->holds > 0)
		return;
	if (c->state == CLOSED)
		free(c);
	else if (c->state == READING)
		connection_go_on(c);
}

/* --- reading --- */

static void connection_handle(struct connection *c)
{
	struct http_server *server = c->server;
	struct http_request *request = parser_take(&c->parser);

	c->request = request;
	if (request->body_len > 0 && !reserve_is_whole()) {
		connection_refuse(c, 503, "out of memory; nothing was done, try again later");
		return;
	}
	c->request_us = clock_us();
	c->deadline_ms = 0;
	snprintf(c->request_id, sizeof(c->request_id), "%08x-%08x", server->request_prefix,
	    server->request_count++);
	c->x = (struct exchange){.ops = &connection_exchange_ops,
	    .method = request->method,
	    .path = request->path,
	    .query = request->query,
	    .body = request->body != NULL ? request->body : "",
	    .body_len = request->body_len,
	    .id = c->request_id,
	    .peer = c->peer};
	connection_move(c, HANDLING);
	c->pending = true;
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
	connection_hold(c);
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
	if (c->state == HANDLING || c->state == STREAMING || c->state == FLUSHING)
		read_ahead(c, data, len);
	connection_release(c);
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
	enum output_state state = output_continue(&c->output, fd);

	(void)what;
	if (c->state == STREAMING && state == OUTPUT_DONE) {
		c->deadline_ms = 0;
		return;
	}
	if (c->state == STREAMING && state == OUTPUT_LEFT) {
		c->deadline_ms = c->output.progress_ms + OUTPUT_AGE_DEADLINE_MS;
		event_add(&c->writable, NULL);
		return;
	}
	if (c->state == STREAMING)
		c->server->stats.dropped[DROP_BROKEN]++;
	connection_hold(c);
	connection_sent(c, state);
	connection_release(c);
}

/* --- all of them --- */

/* By enum connection_state, for a READING one that has begun to read. */
static const char *const state_names[STATE_COUNT] = {
    [READING] = "waiting",
    [HANDLING] = "active",
    [STREAMING] = "active",
    [FLUSHING] = "waiting",
    [LINGERING] = "waiting",
};

void connections_each(const struct connections *connections,
    void (*each)(void *arg, const struct http_client *client), void *arg)
{
	const struct connection *c;
	int64_t now_us = clock_us();

	TAILQ_FOREACH (c, connections, link) {
		bool idle = c->state == READING && c->parser.state == PARSE_IDLE;
		const struct http_client client = {
		    .address = c->peer,
		    .port = c->peer_port,
		    .state = idle ? "idle" : state_names[c->state],
		    .route = c->x.route,
		    .streams = c->state == STREAMING,
		    .queued_bytes =
		        c->output.left != NULL ? evbuffer_get_length(c->output.left) : 0,
		    .connected_us = now_us - c->accepted_us,
		    .request_us = c->request_us != 0 ? now_us - c->request_us : -1,
		};

		each(arg, &client);
	}
}

void connections_sweep(struct connections *connections, int64_t now_ms)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == STREAMING)
			connection_keep_alive(c, now_ms);
		if (c->deadline_ms == 0 || c->deadline_ms > now_ms)
			continue;
		if (c->state == READING && c->parser.state != PARSE_IDLE) {
			connection_refuse(c, 408, "the request did not arrive in time");
			continue;
		}
		if (c->state == STREAMING && c->deadline_ms != STREAM_IS_OVER)
			c->server->stats.dropped[DROP_STALLED]++;
		connection_close(c);
	}
}

void connections_drain(struct connections *connections)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		c->close_after = true;
		if (c->state != READING || c->parser.state != PARSE_IDLE)
			continue;
		if (c->request_us != 0)
			connection_close(c);
		else /* just accepted: its first request is on the way */
			c->deadline_ms = clock_ms() + DRAIN_FIRST_REQUEST_MS;
	}
}

void connections_close(struct connections *connections)
{
	struct connection *c;

	/* connection_close() takes it off the list, which the analyser does not see. */
	while ((c = TAILQ_FIRST(connections)) != NULL)
		connection_close(c); // NOLINT(clang-analyzer-unix.Malloc)
}
