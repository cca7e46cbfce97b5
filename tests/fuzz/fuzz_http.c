/*
 * fuzz_http: bytes, in pieces, through the parser and its checks.
 *
 * The first byte says how long the pieces are. Whatever comes, a request that is let
 * through keeps the promises of parser.h, and nothing is leaked from the budget.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct http_request *request)
{
	require(request->method != NULL && request->path != NULL && request->query != NULL);
	require(*request->path == '/' || *request->path == '*');
	require(strlen(request->path) + strlen(request->query) <= MAX_URI_BYTES);
	require(request->header_count <= MAX_HEADER_COUNT);
	require(request->body_len <= MAX_BODY_BYTES);
	for (size_t i = 0; i < request->header_count; i++) {
		require(request->headers[i].name < request->block_len);
		require(request->headers[i].value < request->block_len);
		const char *name = request->block + request->headers[i].name;

		require(*name != '\0' && http_request_header(request, name, NULL) != NULL);
	}
	require(request->body == NULL || request->body[request->body_len] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct parser parser;
	size_t budget = 0;
	size_t piece = len > 0 && data[0] > 0 ? data[0] : SIZE_MAX;

	parser_init(&parser, &budget);
	for (size_t at = len > 0; at < len && parser.state != PARSE_REFUSED;) {
		size_t left = len - at < piece ? len - at : piece;

		/* A copy of its own size, so that reading past it is seen. */
		char *copy = malloc(left);

		require(copy != NULL);
		memcpy(copy, data + at, left);
		at += parser_feed(&parser, copy, left);
		free(copy);
		if (parser.state == PARSE_COMPLETE) {
			struct http_request *request = parser_take(&parser);

			check(request);
			http_request_free(request, &budget);
		}
	}
	require(parser.state != PARSE_REFUSED || parser.fault.status >= 400);
	parser_fini(&parser);
	require(budget == 0);
	return 0;
}
