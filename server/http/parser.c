/* parser: llhttp's callbacks, filling one http_request. */
#include "parser.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "semantics.h"

#define FIRST_BLOCK_BYTES 1024
#define FIRST_BODY_BYTES  1024

static struct parser *parser_of(llhttp_t *llhttp)
{
	return llhttp->data;
}

/* Ends the parsing: llhttp stops with HPE_USER. */
static int refuse(struct parser *parser, int status, const char *text)
{
	parser->fault = (struct http_fault){status, text};
	return HPE_USER;
}

/* Room for len more bytes and a NUL in the block. */
static bool reserve(struct http_request *request, size_t len)
{
	size_t size = request->block_size != 0 ? request->block_size : FIRST_BLOCK_BYTES;

	while (size < request->block_len + len + 1)
		size *= 2;
	if (size != request->block_size) {
		char *block = realloc(request->block, size);

		if (block == NULL)
			return false;
		request->block = block;
		request->block_size = size;
	}
	return true;
}

static int append(struct parser *parser, const char *at, size_t len)
{
	struct http_request *request = parser->request;

	if (!reserve(request, len))
		return refuse(parser, 503, "out of memory");
	memcpy(request->block + request->block_len, at, len);
	request->block_len += len;
	return HPE_OK;
}

/* Ends a text of the block. */
static int terminate(struct parser *parser)
{
	struct http_request *request = parser->request;

	if (!reserve(request, 0))
		return refuse(parser, 503, "out of memory");
	request->block[request->block_len++] = '\0';
	return HPE_OK;
}

static int on_message_begin(llhttp_t *llhttp)
{
	struct parser *parser = parser_of(llhttp);

	parser->request = calloc(1, sizeof(*parser->request));
	parser->state = PARSE_HEADERS;
	parser->in_trailers = false;
	return parser->request != NULL ? HPE_OK : refuse(parser, 503, "out of memory");
}

static size_t offset_of(const struct parser *parser, const char *at)
{
	return parser->fed + (size_t)(at - parser->feed);
}

static int on_method(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = parser_of(llhttp);

	parser->method_end = offset_of(parser, at) + len;
	return HPE_OK;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;

	if (request->block_len == 0 && offset_of(parser, at) != parser->method_end + 1)
		return refuse(
		    parser, 400, "exactly one blank must stand between method and target");
	if (request->block_len + len > MAX_URI_BYTES)
		return refuse(parser, 414, "the request target is longer than 8192 bytes");
	return append(parser, at, len);
}

static int on_url_complete(llhttp_t *llhttp)
{
	return terminate(parser_of(llhttp));
}

static int count_header(struct parser *parser, size_t len)
{
	parser->request->header_bytes += len;
	if (parser->request->header_bytes > MAX_HEADER_BYTES)
		return refuse(parser, 431, "the headers are larger than 16384 bytes");
	return HPE_OK;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;
	size_t start = request->block_len;
	int status = count_header(parser, len);

	if (status != HPE_OK || parser->in_trailers) /* trailers are read and dropped */
		return status;
	if (request->header_count == MAX_HEADER_COUNT)
		return refuse(parser, 431, "there are more than 100 headers");
	status = append(parser, at, len);
	for (size_t i = start; i < request->block_len; i++)
		request->block[i] = (char)tolower((unsigned char)request->block[i]);
	if (request->headers[request->header_count].name == 0)
		request->headers[request->header_count].name = (uint32_t)start;
	return status;
}

static int on_header_field_complete(llhttp_t *llhttp)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;

	if (parser->in_trailers)
		return HPE_OK;
	int status = terminate(parser);

	request->headers[request->header_count].value = (uint32_t)request->block_len;
	return status;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = parser_of(llhttp);
	int status = count_header(parser, len);

	return status != HPE_OK || parser->in_trailers ? status : append(parser, at, len);
}

static int on_header_value_complete(llhttp_t *llhttp)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;

	if (parser->in_trailers)
		return HPE_OK;
	/* Blanks behind the value do not belong to it (RFC 9112 5.1). */
	size_t start = request->headers[request->header_count].value;

	while (request->block_len > start &&
	       strchr(" \t", request->block[request->block_len - 1]) != NULL)
		request->block_len--;
	int status = terminate(parser);

	request->header_count++;
	return status;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;

	request->method = llhttp_method_name((llhttp_method_t)llhttp->method);
	request->is_head = llhttp->method == HTTP_HEAD;
	request->is_http_1_0 = llhttp->http_major == 1 && llhttp->http_minor == 0;
	parser->fault = semantics_check(request, request->block, llhttp);
	if (parser->fault.status != 0)
		return -1;
	llhttp->upgrade = 0; /* an Upgrade may be ignored (RFC 9110 7.8), and here it is */
	request->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
	parser->state = PARSE_BODY;
	parser->in_trailers = true;
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
	struct parser *parser = parser_of(llhttp);
	struct http_request *request = parser->request;
	size_t size = request->body_size != 0 ? request->body_size : FIRST_BODY_BYTES;

	if (request->body_len + len > MAX_BODY_BYTES)
		return refuse(parser, 413, "the body is larger than 16777216 bytes");
	while (size < request->body_len + len + 1)
		size *= 2;
	if (size != request->body_size) {
		/* What was declared does not count, what has come does: a promise costs nothing. */
		if (*parser->body_budget + size - request->body_size > MAX_BODIES_TOTAL_BYTES)
			return refuse(
			    parser, 503, "too many large bodies are being received; try again");
		char *body = realloc(request->body, size);

		if (body == NULL)
			return refuse(parser, 503, "out of memory");
		*parser->body_budget += size - request->body_size;
		request->body = body;
		request->body_size = size;
	}
	memcpy(request->body + request->body_len, at, len);
	request->body_len += len;
	request->body[request->body_len] = '\0';
	return HPE_OK;
}

static int on_message_complete(llhttp_t *llhttp)
{
	parser_of(llhttp)->state = PARSE_COMPLETE;
	return HPE_PAUSED;
}

static const llhttp_settings_t *settings(void)
{
	static llhttp_settings_t table;

	if (table.on_message_begin == NULL) {
		llhttp_settings_init(&table);
		table.on_method = on_method;
		table.on_url = on_url;
		table.on_url_complete = on_url_complete;
		table.on_header_field = on_header_field;
		table.on_header_field_complete = on_header_field_complete;
		table.on_header_value = on_header_value;
		table.on_header_value_complete = on_header_value_complete;
		table.on_headers_complete = on_headers_complete;
		table.on_body = on_body;
		table.on_message_complete = on_message_complete;
		table.on_message_begin = on_message_begin;
	}
	return &table;
}

void parser_init(struct parser *parser, size_t *body_budget)
{
	memset(parser, 0, sizeof(*parser));
	parser->body_budget = body_budget;
	llhttp_init(&parser->llhttp, HTTP_REQUEST, settings());
	parser->llhttp.data = parser;
}

/* What llhttp found wrong, as a status. */
static struct http_fault fault_of(const llhttp_t *llhttp)
{
	llhttp_errno_t error = llhttp_get_errno(llhttp);

	if (error == HPE_INVALID_METHOD)
		return (struct http_fault){501, "this method is not implemented"};
	if (error == HPE_INVALID_VERSION &&
	    strcmp(llhttp_get_error_reason(llhttp), "Invalid HTTP version") == 0)
		return (struct http_fault){505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
	return (struct http_fault){400, "this is not a well-formed HTTP request"};
}

size_t parser_feed(struct parser *parser, const char *data, size_t len)
{
	size_t taken = len;

	parser->feed = data;
	llhttp_errno_t status = llhttp_execute(&parser->llhttp, data, len);

	if (status == HPE_PAUSED) {
		taken = (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
		llhttp_resume(&parser->llhttp);
	} else if (status != HPE_OK) {
		parser->state = PARSE_REFUSED;
		if (parser->fault.status == 0)
			parser->fault = fault_of(&parser->llhttp);
	}
	parser->fed += taken;
	return taken;
}

struct http_request *parser_take(struct parser *parser)
{
	struct http_request *request = parser->request;

	parser->request = NULL;
	parser->state = PARSE_IDLE;
	return request;
}

void parser_fini(struct parser *parser)
{
	http_request_free(parser->request, parser->body_budget);
	parser->request = NULL;
}

void http_request_free(struct http_request *request, size_t *body_budget)
{
	if (request == NULL)
		return;
	*body_budget -= request->body_size;
	free(request->block);
	free(request->body);
	free(request);
}

const char *http_request_header(
    const struct http_request *request, const char *name, unsigned *copies)
{
	const char *value = NULL;
	unsigned count = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		if (strcmp(request->block + request->headers[i].name, name) != 0)
			continue;
		if (count++ == 0)
			value = request->block + request->headers[i].value;
	}
	if (copies != NULL)
		*copies = count;
	return value;
}
