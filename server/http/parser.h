/*
 * parser: bytes in, one complete and checked request out.
 *
 * llhttp (strict) splits the bytes; the limits of limits.h and the checks of
 * semantics.h are applied on the way, so what comes out may be handed on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llhttp.h>

#include "server_limits.h"

struct http_header {
	uint32_t name; /* offsets into the block, each a NUL-terminated text */
	uint32_t value;
};

/* One request as it was sent. Names of headers are in lower case. */
struct http_request {
	char *block; /* URI, then names and values */
	size_t block_len, block_size;
	size_t header_bytes; /* names and values so far, trailers included */
	struct http_header headers[MAX_HEADER_COUNT];
	size_t header_count;
	char *body; /* NUL behind it */
	size_t body_len, body_size;
	const char *method;
	const char *path;
	const char *query;
	bool is_head;
	bool is_http_1_0;
	bool wants_continue; /* sent Expect: 100-continue */
	bool keep_alive;
};

/* Why a request is refused. status 0: it is not. */
struct http_fault {
	int status;
	const char *text;
};

enum parse_state {
	PARSE_IDLE,    /* nothing of a request yet */
	PARSE_HEADERS, /* its first byte was seen */
	PARSE_BODY,    /* its headers are complete */
	PARSE_COMPLETE,
	PARSE_REFUSED, /* fault says why; the connection cannot go on */
};

struct parser {
	llhttp_t llhttp;
	enum parse_state state;
	struct http_request *request; /* from the first byte on; owned until parser_take() */
	struct http_fault fault;
	size_t *body_budget; /* bytes of bodies held by all connections */
	/* For the one blank between method and URI, which llhttp does not insist on. */
	const char *feed; /* what is being parsed now */
	size_t fed;       /* bytes before that */
	size_t method_end;
	bool in_trailers;
};

void parser_init(struct parser *parser, size_t *body_budget);

/*
 * Takes bytes until a request is complete, refused, or data ends; returns how
 * many were taken. parser->state says how it stands.
 */
size_t parser_feed(struct parser *parser, const char *data, size_t len);

/* COMPLETE only: the request becomes the caller's, and the parser is IDLE again. */
struct http_request *parser_take(struct parser *parser);

void parser_fini(struct parser *parser);

/* NULL is fine. */
void http_request_free(struct http_request *request, size_t *body_budget);

/* The value of a header by its name in lower case; copies may be NULL. */
const char *http_request_header(
    const struct http_request *request, const char *name, unsigned *copies);
