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

static size_t write_head(
    char head[HEAD_BYTES], const struct output_head *about, const struct reply *reply)
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
	if (may_have_body(reply->status))
		len += snprintf(head + len, HEAD_BYTES - (size_t)len, "Content-Length: %zu\r\n",
		    reply->body_len);
	len += write_more(head + len, HEAD_BYTES - len - 2, reply->headers);
	head[len++] = '\r';
	head[len++] = '\n';
	return (size_t)len;
}

/* Keeps what the kernel did not take. */
static enum output_state keep(struct output *output, const struct iovec *parts, size_t taken)
{
	output->left = evbuffer_new();
	output->progress_ms = clock_ms();
	if (output->left == NULL)
		return OUTPUT_BROKEN;
	for (int i = 0; i < 2; i++) {
		size_t skip = taken < parts[i].iov_len ? taken : parts[i].iov_len;

		taken -= skip;
		if (evbuffer_add(output->left, (const char *)parts[i].iov_base + skip,
		        parts[i].iov_len - skip) != 0)
			return OUTPUT_BROKEN;
	}
	return OUTPUT_LEFT;
}

static enum output_state send_parts(struct output *output, int fd, struct iovec parts[2])
{
	ssize_t taken = writev(fd, parts, 2);

	if (taken < 0 && errno != EAGAIN && errno != EINTR)
		return OUTPUT_BROKEN;
	if (taken < 0)
		taken = 0;
	if ((size_t)taken == parts[0].iov_len + parts[1].iov_len)
		return OUTPUT_DONE;
	return keep(output, parts, (size_t)taken);
}

enum output_state output_reply(
    struct output *output, int fd, const struct output_head *head, const struct reply *reply)
{
	char text[HEAD_BYTES];
	struct iovec parts[2] = {
	    {.iov_base = text, .iov_len = write_head(text, head, reply)},
	    /* writev() does not write to it. */
	    {.iov_base = (void *)(uintptr_t)reply->body, .iov_len = reply->body_len},
	};

	if (head->without_body || !may_have_body(reply->status))
		parts[1].iov_len = 0;
	return send_parts(output, fd, parts);
}

enum output_state output_text(struct output *output, int fd, const char *text)
{
	struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)},
	    {.iov_base = NULL, .iov_len = 0}};

	return send_parts(output, fd, parts);
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
