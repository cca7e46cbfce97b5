/*
 * session_stream: GET /mcp of a client session.
 */
#pragma once

struct request;

/* The request has a good session; ends it. */
void session_stream_get(struct request *r);
