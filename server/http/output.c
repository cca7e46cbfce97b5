/* output: writes heads and bodies. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>
#include <time.h>

#include <event2/buffer.h>

#include "clock.h"
#include "server_limits.h"

#define HEAD_BYTES 2048

/* clang-format off */
static const struct {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" }, { 202, "Accepted" }, { 204, "No Content" }, { 304, "Not Modified" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 406, "Not Acceptable" }, { 408, "Request Timeout" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" }, { 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
	{ 501, "Not Implemented" }, { 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};
/* clang-format on */

static const char *reason_of(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return "";
}

/* The Date header's value, made once a second. */
static const char *date(void)
{
	static char text[32];
	static time_t made;
	time_t now = time(NULL);

	if (now != made) {
		struct tm utc;

		gmtime_r(&now, &utc);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		made = now;
	}
	return text;
}

/* RFC 9110 8.6: no Content-Length where there can be no content. */
static bool may_have_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

/* Headers of the reply are ours and short; one that does not fit is left out whole. */
static int write_more(char *out, int room, const struct header *h)
{
	int len = 0;

	for (; h != NULL && h->name != NULL; h++) {
		int added =
		    snprintf(out + len, (size_t)(room - len), "%s: %s\r\n", h->name, h->value);

		if (added < room - len)
			len += added;
	}
	return len;
}

/* framing: the header line that says where the body ends; NULL: Content-Length. */
static size_t write_head(char head[HEAD_BYTES], const struct output_head *about,
    const struct reply *reply, const char *framing)
{
	const char *connection = about->keep_alive
	                             ? (about->is_http_1_0 ? "Connection: keep-alive\r\n" : "")
	                             : "Connection: close\r\n";
	int len =
	    snprintf(head, HEAD_BYTES, "HTTP/1.1 %d %s\r\nDate: %s\r\nX-Request-Id: %s\r\n%s",
	        reply->status, reason_of(reply->status), date(), about->request_id, connection);

	if (reply->content_type != NULL)
		len += snprintf(head + len, HEAD_BYTES - (size_t)len, "Content-Type: %s\r\n",
		    reply->content_type);
	if (framing != NULL)
		len += snprintf(head + len, HEAD_BYTES - (size_t)len, "%s", framing);
	else if (may_have_body(reply->status))
		len += snprintf(head + len, HEAD_BYTES - (size_t)len, "Content-Length: %zu\r\n",
		    reply->body_len);
	len += write_more(head + len, HEAD_BYTES - len - 2, reply->headers);
	head[len++] = '\r';
	head[len++] = '\n';
	return (size_t)len;
}

#define MAX_PARTS 3

/* Keeps what the kernel did not take. */
static enum output_state keep(
    struct output *output, const struct iovec *parts, int count, size_t taken)
{
	if (output->left == NULL) {
		output->left = evbuffer_new();
		output->progress_ms = clock_ms();
	}
	if (output->left == NULL)
		return OUTPUT_BROKEN;
	for (int i = 0; i < count; i++) {
		size_t skip = taken < parts[i].iov_len ? taken : parts[i].iov_len;

		taken -= skip;
		if (evbuffer_add(output->left, (const char *)parts[i].iov_base + skip,
		        parts[i].iov_len - skip) != 0)
			return OUTPUT_BROKEN;
	}
	return OUTPUT_LEFT;
}

static enum output_state send_parts(
    struct output *output, int fd, const struct iovec *parts, int count)
{
	size_t len = 0;
	ssize_t taken;

	if (output->left != NULL) /* it has to wait behind what is left */
		return keep(output, parts, count, 0);
	for (int i = 0; i < count; i++)
		len += parts[i].iov_len;
	taken = writev(fd, parts, count);
	if (taken < 0 && errno != EAGAIN && errno != EINTR)
		return OUTPUT_BROKEN;
	if (taken < 0)
		taken = 0;
	return (size_t)taken == len ? OUTPUT_DONE : keep(output, parts, count, (size_t)taken);
}

/* writev() does not write to it. */
static struct iovec part(const char *bytes, size_t len)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
}

enum output_state output_reply(
    struct output *output, int fd, const struct output_head *head, const struct reply *reply)
{
	char text[HEAD_BYTES];
	bool without_body = head->without_body || !may_have_body(reply->status);
	const struct iovec parts[] = {part(text, write_head(text, head, reply, NULL)),
	    part(reply->body, without_body ? 0 : reply->body_len)};

	return send_parts(output, fd, parts, 2);
}

enum output_state output_start(
    struct output *output, int fd, const struct output_head *head, const struct header *headers)
{
	static const char chunked[] = "Transfer-Encoding: chunked\r\n";
	const struct reply reply = {
	    .status = 200, .content_type = "text/event-stream", .headers = headers};
	char text[HEAD_BYTES];
	const struct iovec parts[] = {
	    part(text, write_head(text, head, &reply, head->is_http_1_0 ? "" : chunked))};

	return send_parts(output, fd, parts, 1);
}

enum output_state output_piece(
    struct output *output, int fd, bool chunked, const char *bytes, size_t len)
{
	char size[24];
	size_t size_len = chunked ? (size_t)snprintf(size, sizeof(size), "%zx\r\n", len) : 0;
	const struct iovec parts[MAX_PARTS] = {
	    part(size, size_len), part(bytes, len), part("\r\n", chunked ? 2 : 0)};

	if (output->left != NULL &&
	    evbuffer_get_length(output->left) + size_len + len + 2 > STREAM_QUEUE_BYTES)
		return OUTPUT_FULL;
	return send_parts(output, fd, parts, MAX_PARTS);
}

enum output_state output_end(struct output *output, int fd, bool chunked)
{
	return chunked ? output_text(output, fd, "0\r\n\r\n") : output_continue(output, fd);
}

enum output_state output_text(struct output *output, int fd, const char *text)
{
	const struct iovec parts[] = {part(text, strlen(text))};

	return send_parts(output, fd, parts, 1);
}

enum output_state output_continue(struct output *output, int fd)
{
	int taken = output->left != NULL ? evbuffer_write(output->left, fd) : 0;

	if (taken < 0 && errno != EAGAIN && errno != EINTR)
		return OUTPUT_BROKEN;
	if (taken > 0)
		output->progress_ms = clock_ms();
	if (output->left != NULL && evbuffer_get_length(output->left) > 0)
		return OUTPUT_LEFT;
	output_fini(output);
	return OUTPUT_DONE;
}

void output_fini(struct output *output)
{
	if (output->left != NULL)
		evbuffer_free(output->left);
	output->left = NULL;
}
