/* semantics: the checks, in the order in which they answer. */
#include "semantics.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct http_fault fine = {0, NULL};

static struct http_fault refuse(int status, const char *text)
{
	return (struct http_fault){status, text};
}

/* RFC 9112 2.3, 2.6: only the versions this server speaks. */
static struct http_fault check_version(const llhttp_t *llhttp)
{
	if (llhttp->http_major == 1 && llhttp->http_minor <= 1)
		return fine;
	if (llhttp->http_major == 0)
		return refuse(400, "HTTP/0.9 is not spoken here");
	return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
}

/* RFC 9110 9.1: TRACE, CONNECT, WebDAV and the rest are not implemented. */
static struct http_fault check_method(const llhttp_t *llhttp)
{
	static const uint8_t known[] = {
	    HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS};

	return memchr(known, llhttp->method, sizeof(known)) != NULL
	           ? fine
	           : refuse(501, "this method is not implemented");
}

/* host[:port] of RFC 9110 7.2: no blanks, no path, no user. */
static bool is_host(const char *host)
{
	const char *port;

	if (*host == '[') {
		size_t len = strspn(host + 1, "0123456789abcdefABCDEF:.%");

		if (len == 0 || host[len + 1] != ']')
			return false;
		port = host + len + 2;
	} else {
		port = host + strcspn(host, ":");
		for (const char *c = host; c < port; c++) {
			if (!isalnum((unsigned char)*c) &&
			    strchr("-._~%!$&'()*+,;=", *c) == NULL)
				return false;
		}
		if (port == host)
			return false;
	}
	return *port == '\0' ||
	       (*port == ':' && strspn(port + 1, "0123456789") == strlen(port + 1));
}

/* RFC 9112 3.2: exactly one valid Host; HTTP/1.0 may do without. */
static struct http_fault check_host(const struct http_request *request)
{
	unsigned copies = 0;
	const char *host = http_request_header(request, "host", &copies);

	if (copies == 0 && request->is_http_1_0)
		return fine;
	if (copies == 0)
		return refuse(400, "the Host header is missing");
	if (copies > 1)
		return refuse(400, "the Host header was sent more than once");
	return is_host(host)
	           ? fine
	           : refuse(400, "the Host header is not a host name with an optional port");
}

/* RFC 9112 6.1: chunked needs HTTP/1.1, and anything else that was sent is not understood. */
static struct http_fault check_framing(const struct http_request *request)
{
	unsigned copies = 0;
	const char *coding = http_request_header(request, "transfer-encoding", &copies);

	if (copies == 0)
		return fine;
	if (request->is_http_1_0)
		return refuse(400, "Transfer-Encoding needs HTTP/1.1");
	if (copies > 1 || strcasecmp(coding, "chunked") != 0)
		return refuse(501, "the only Transfer-Encoding understood is chunked");
	if (http_request_header(request, "content-length", NULL) != NULL)
		return refuse(400, "Content-Length and Transfer-Encoding exclude each other");
	return fine;
}

static struct http_fault check_expect(struct http_request *request)
{
	const char *expect = http_request_header(request, "expect", NULL);

	if (expect == NULL)
		return fine;
	if (strcasecmp(expect, "100-continue") != 0)
		return refuse(417, "the only expectation that can be met is 100-continue");
	request->wants_continue = !request->is_http_1_0;
	return fine;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a path, percent-decoded; moves on. -1: broken, or a NUL. */
static int path_char(const char **s)
{
	int high, low;

	if (**s != '%')
		return (unsigned char)*(*s)++;
	high = hex((*s)[1]);
	low = high < 0 ? -1 : hex((*s)[2]);
	if (low < 0 || (high == 0 && low == 0))
		return -1;
	*s += 3;
	return high * 16 + low;
}

/* No NUL, no broken escapes, and no "." or ".." segments, plain or escaped. */
static bool is_plain_path(const char *path)
{
	int dots = 0; /* of this segment; -1 when it holds anything else */

	for (const char *s = path; *s != '\0';) {
		int c = path_char(&s);

		if (c < 0 || c == '#')
			return false;
		if (c == '/') {
			if (dots == 1 || dots == 2)
				return false;
			dots = 0;
		} else if (c == '.' && dots >= 0) {
			dots++;
		} else {
			dots = -1;
		}
	}
	return dots != 1 && dots != 2;
}

/* "http://host/path": the host must be the one of Host (RFC 9112 3.2.2), then only the path counts. */
static struct http_fault strip_authority(const struct http_request *request, char **uri)
{
	char *authority = strstr(*uri, "://");
	const char *host = http_request_header(request, "host", NULL);

	if (authority == NULL ||
	    (strncasecmp(*uri, "http:", 5) != 0 && strncasecmp(*uri, "https:", 6) != 0))
		return refuse(400, "the request target must begin with a slash");
	authority += 3;
	size_t len = strcspn(authority, "/?");

	if (host == NULL || strlen(host) != len || strncasecmp(host, authority, len) != 0)
		return refuse(
		    400, "the host in the request target differs from the Host header");
	*uri = authority + len;
	return fine;
}

static struct http_fault check_target(
    struct http_request *request, char *uri, const llhttp_t *llhttp)
{
	static char root[] = "/";
	char *query;

	if (strcmp(uri, "*") == 0 && llhttp->method == HTTP_OPTIONS) {
		request->path = uri;
		request->query = "";
		return fine;
	}
	if (*uri != '/') {
		struct http_fault fault = strip_authority(request, &uri);

		if (fault.status != 0)
			return fault;
	}
	query = strchr(uri, '?');
	if (query != NULL)
		*query++ = '\0';
	request->path = *uri != '\0' ? uri : root;
	request->query = query != NULL ? query : "";
	if (!is_plain_path(request->path))
		return refuse(400, "the path holds dot segments or broken escapes");
	return fine;
}

struct http_fault semantics_check(
    struct http_request *request, char *uri, const llhttp_t *llhttp)
{
	struct http_fault fault = check_version(llhttp);

	if (fault.status == 0)
		fault = check_method(llhttp);
	if (fault.status == 0)
		fault = check_host(request);
	if (fault.status == 0)
		fault = check_framing(request);
	if (fault.status == 0)
		fault = check_target(request, uri, llhttp);
	if (fault.status == 0)
		fault = check_expect(request);
	if (fault.status == 0 && llhttp->content_length > MAX_BODY_BYTES &&
	    (llhttp->flags & F_CONTENT_LENGTH) != 0)
		fault = refuse(413, "the body is larger than 16777216 bytes");
	return fault;
}
