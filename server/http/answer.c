/*
 * answer: what a connection sends: replies, streams of events, and refusals.
 *
 *	reply: HANDLING -> (FLUSHING) -> READING, LINGERING or CLOSED
 *	start, send, ..., finish: HANDLING -> STREAMING -> the same
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "clock.h"
#include "connection_impl.h"
#include "log.h"
#include "server_impl.h"

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

void connection_sent(struct connection *c, enum output_state sent)
{
	switch (sent) {
	case OUTPUT_DONE:
		connection_answered(c);
		break;
	case OUTPUT_LEFT:
		if (c->state != FLUSHING)
			connection_move(c, FLUSHING);
		c->deadline_ms = c->output.progress_ms + OUTPUT_AGE_DEADLINE_MS;
		event_add(&c->writable, NULL);
		break;
	case OUTPUT_BROKEN:
	case OUTPUT_FULL:
		connection_close(c);
		break;
	}
}

void connection_count(const struct connection *c, int status)
{
	if (c->server->config.answered != NULL)
		c->server->config.answered(
		    c->x.route, c->request->method, status, clock_us() - c->request_us);
}

void connection_refuse(struct connection *c, int status, const char *text)
{
	static const struct header retry[] = {{"Retry-After", "1"}, {NULL, NULL}};
	static const struct output_head head = {.request_id = "-"};
	char body[256];
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
	if (c->server->config.answered != NULL)
		c->server->config.answered(0, NULL, status, -1);
	connection_hold(c);
	connection_sent(c, output_reply(&c->output, c->fd, &head, &reply));
	connection_release(c);
}

/* The request has served: what the head of its answer says. */
static struct output_head end_request(struct connection *c)
{
	struct output_head head = {.request_id = c->request_id,
	    .is_http_1_0 = c->request->is_http_1_0,
	    .without_body = c->request->is_head};

	c->close_after = !c->request->keep_alive || c->server->draining;
	c->lingers = c->ahead != NULL;
	c->chunked = !head.is_http_1_0;
	http_request_free(c->request, &c->server->stats.body_bytes);
	c->request = NULL;
	head.keep_alive = !c->close_after;
	return head;
}

void connection_end_exchange(struct connection *c)
{
	c->pending = false;
	c->server->stats.requests_pending--;
	c->server->stats.streams -= c->state == STREAMING;
	c->x.gone = NULL;
}

static void reply_to(struct exchange *x, const struct reply *reply)
{
	static const struct reply too_large = {.status = 500};
	struct connection *c = (struct connection *)x;

	assert(c->state == HANDLING);
	if (reply->body_len > MAX_OUTPUT_BYTES) {
		log_error(
		    "an answer is larger than the output limit", "request_id", c->request_id);
		reply = &too_large;
	}
	connection_count(c, reply->status);
	const struct output_head head = end_request(c);

	connection_end_exchange(c);
	connection_hold(c);
	connection_sent(c, output_reply(&c->output, c->fd, &head, reply));
	connection_release(c);
}

/*
 * What a stream hands to the socket. A stream that is broken, or whose reader is too slow,
 * is closed by the next sweep, so that its owner is not called back from its own call.
 */
static bool stream_sent(struct connection *c, enum output_state sent)
{
	c->sent_ms = clock_ms();
	if (sent == OUTPUT_DONE)
		return true;
	if (sent == OUTPUT_LEFT) {
		c->deadline_ms = c->output.progress_ms + OUTPUT_AGE_DEADLINE_MS;
		event_add(&c->writable, NULL);
		return true;
	}
	event_del(&c->writable); /* what is left would only hide that something is missing */
	c->deadline_ms = STREAM_IS_OVER;
	c->server->stats.dropped[sent == OUTPUT_FULL ? DROP_QUEUE_FULL : DROP_BROKEN]++;
	log_info("stream ended: its client has gone or reads too slowly", "request_id",
	    c->request_id, "peer", c->peer);
	return false;
}

static void start_stream(struct exchange *x, const struct header *headers)
{
	struct connection *c = (struct connection *)x;

	assert(c->state == HANDLING);
	connection_count(c, 200);
	struct output_head head = end_request(c);

	if (head.is_http_1_0) { /* only the end of the connection can end the stream */
		c->close_after = true;
		head.keep_alive = false;
	}
	connection_move(c, STREAMING);
	c->server->stats.streams++;
	stream_sent(c, output_start(&c->output, c->fd, &head, headers));
}

static bool send_events(struct exchange *x, const char *bytes, size_t len)
{
	struct connection *c = (struct connection *)x;

	assert(c->state == STREAMING);
	if (c->deadline_ms == STREAM_IS_OVER)
		return false;
	return stream_sent(c, output_piece(&c->output, c->fd, c->chunked, bytes, len));
}

static void finish_stream(struct exchange *x)
{
	struct connection *c = (struct connection *)x;

	assert(c->state == STREAMING);
	connection_end_exchange(c);
	c->close_after = c->close_after || c->server->draining;
	connection_hold(c);
	connection_sent(c, output_end(&c->output, c->fd, c->chunked));
	connection_release(c);
}

void connection_keep_alive(struct connection *c, int64_t now_ms)
{
	static const char comment[] = ":\n\n";

	if (c->output.left == NULL && now_ms - c->sent_ms >= STREAM_KEEPALIVE_MS)
		send_events(&c->x, comment, sizeof(comment) - 1);
}

static const char *header_of(const struct exchange *x, const char *name, unsigned *copies)
{
	return http_request_header(((const struct connection *)x)->request, name, copies);
}

const struct exchange_ops connection_exchange_ops = {
    .reply = reply_to,
    .start = start_stream,
    .send = send_events,
    .finish = finish_stream,
    .header = header_of,
};
