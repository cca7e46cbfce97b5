/*
 * output: the bytes of an answer, and their way into the socket.
 *
 * An answer goes out with one writev() when the socket takes it all; what it
 * does not take is kept until it does. One answer at a time per connection, so
 * its size is the bound of the queue.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

struct evbuffer;

struct output {
	struct evbuffer *left; /* not yet taken by the kernel; NULL: nothing */
	int64_t progress_ms;   /* when the kernel last took something of it */
};

enum output_state {
	OUTPUT_DONE,
	OUTPUT_LEFT,
	OUTPUT_BROKEN,
	OUTPUT_FULL, /* broken, because the client reads too slowly; of output_piece() only */
};

/* What the head of an answer needs to know besides the reply. */
struct output_head {
	const char *request_id;
	bool keep_alive;
	bool is_http_1_0;
	bool without_body; /* HEAD: the length is announced, the body is not sent */
};

/* Sends a reply whose body is at most MAX_OUTPUT_BYTES long. Nothing may be left of one before. */
enum output_state output_reply(
    struct output *output, int fd, const struct output_head *head, const struct reply *reply);

/* Begins a stream of events: chunked for HTTP/1.1, until close for HTTP/1.0. */
enum output_state output_start(struct output *output, int fd, const struct output_head *head,
    const struct header *headers);

/* One piece of a stream. May be called while something is left; over STREAM_QUEUE_BYTES: FULL. */
enum output_state output_piece(
    struct output *output, int fd, bool chunked, const char *bytes, size_t len);

/* The end of a stream. */
enum output_state output_end(struct output *output, int fd, bool chunked);

/* Sends a few literal bytes ("HTTP/1.1 100 Continue"). */
enum output_state output_text(struct output *output, int fd, const char *text);

/* The socket takes more. */
enum output_state output_continue(struct output *output, int fd);

void output_fini(struct output *output);
