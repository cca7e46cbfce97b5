/*
 * session_stream: what a client session is told beyond its requests.
 */
#pragma once

struct client_session;
struct principal;
struct request;
struct service;
struct session_stream;
struct stream;

/* GET /mcp: a stream of its own. The request has a good session; ends it. */
void session_stream_get(struct request *r);

/* The same on a stream that is there already; detach it before that ends. NULL: no memory. */
struct session_stream *session_stream_attach(struct service *service,
    const struct principal *who, const struct client_session *session, struct stream *stream);
void session_stream_detach(struct session_stream *s); /* NULL is fine */
