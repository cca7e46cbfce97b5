/*
 * http_sse: HTTP with SSE, the transport of 2024-11-05, for clients that know nothing newer.
 *
 * GET /sse is a stream whose first event says where to POST; every answer travels on the
 * stream, which therefore belongs to one process. Off unless HTTP_SSE says so.
 */
#pragma once

struct exchange;
struct service;

/* GET /sse */
void http_sse_open(struct service *service, struct exchange *x);

/* POST /messages?sessionId=... */
void http_sse_post(struct service *service, struct exchange *x);

/* Drain: ends all streams. */
void http_sse_end_all(void);
