/* provider_send: one request on the wire: its JSON, its limits, and what the answer means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "embed/provider_impl.h"

#define RESENT_AFTER_MOST_S 3600

static void write_escaped(FILE *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fputc('\\', out);
		if (c < ' ')
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
}

static bool write_body(const struct provider *p, struct provider_request *r, size_t *len)
{
	FILE *out = open_memstream(&r->wire->body, len);

	if (out == NULL)
		return false;
	fputs("{\"model\":\"", out);
	write_escaped(out, p->model, strlen(p->model));
	fputs("\",\"input\":[", out);
	for (size_t i = 0; i < r->count; i++) {
		fputs(i > 0 ? ",\"" : "\"", out);
		write_escaped(out, r->prefix, strlen(r->prefix));
		write_escaped(out, r->texts[i].s, r->texts[i].len);
		fputc('"', out);
	}
	fputc(']', out);
	if (p->config.dimensions > 0)
		fprintf(out, ",\"dimensions\":%zu", p->config.dimensions);
	fprintf(out, ",\"encoding_format\":\"%s\"}", p->floats ? "float" : "base64");
	bool ok = ferror(out) == 0;

	return fclose(out) == 0 && ok;
}

static bool add_header(struct provider_wire *wire, const char *text)
{
	struct curl_slist *more = curl_slist_append(wire->headers, text);

	if (more != NULL)
		wire->headers = more;
	return more != NULL;
}

static bool make_headers(const struct provider *p, struct provider_wire *wire)
{
	char *line = NULL;
	bool ok =
	    add_header(wire, "Content-Type: application/json") && add_header(wire, "Expect:");

	if (!ok || *p->key == '\0')
		return ok;
	ok = asprintf(&line, "Authorization: Bearer %s", p->key) > 0 && add_header(wire, line);
	free(line);
	return ok;
}

static size_t most_bytes(const struct provider_request *r, bool good)
{
	return PROVIDER_SPARE_BYTES +
	       (good ? r->count * EMBEDDING_DIMENSIONS * PROVIDER_NUMBER_BYTES : 0);
}

/* An answer that cannot become a good one is not read to its end. */
static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct provider_wire *wire = arg;
	size_t len = size * count, most;
	long status = 0;

	curl_easy_getinfo(wire->job.easy, CURLINFO_RESPONSE_CODE, &status);
	wire->received += len;
	most = most_bytes(wire->request, status == 200);
	if (wire->received > most)
		return CURL_WRITEFUNC_ERROR;
	if (!answer_feed(&wire->answer, bytes, len) && status == 200)
		return CURL_WRITEFUNC_ERROR;
	return len;
}

static void set_options(const struct provider *p, struct provider_request *r, size_t body_len)
{
	CURL *easy = r->wire->job.easy;
	int64_t left = r->deadline_ms - clock_ms();

	if (left > p->config.timeout_ms)
		left = p->config.timeout_ms;
	curl_easy_setopt(easy, CURLOPT_URL, p->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->wire->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->wire->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "sage-mcp");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)PROVIDER_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)PROVIDER_PIECE_BYTES);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r->wire);
}

bool provider_send_prepare(struct provider *p, struct provider_request *r)
{
	struct provider_wire *wire = calloc(1, sizeof(*wire));
	size_t body_len;

	r->wire = wire;
	if (wire == NULL)
		return false;
	wire->request = r;
	wire->job.easy = curl_easy_init();
	if (wire->job.easy != NULL && write_body(p, r, &body_len) && make_headers(p, wire) &&
	    answer_init(&wire->answer, r->vectors, r->count, r->dimensions)) {
		set_options(p, r, body_len);
		return true;
	}
	provider_send_fini(r);
	return false;
}

void provider_send_fini(struct provider_request *r)
{
	struct provider_wire *wire = r->wire;

	if (wire->job.easy != NULL)
		curl_easy_cleanup(wire->job.easy);
	curl_slist_free_all(wire->headers);
	free(wire->body);
	answer_fini(&wire->answer);
	free(wire);
	r->wire = NULL;
}

/* What the provider says may quote the key it was sent. */
static void take_message(const struct provider *p, struct provider_request *r)
{
	snprintf(r->message, sizeof(r->message), "%s", r->wire->answer.message);
	if (*p->key != '\0' && strstr(r->message, p->key) != NULL)
		snprintf(r->message, sizeof(r->message), "(it quotes the key)");
}

static enum sent judge_answer(struct provider_request *r)
{
	r->fault = answer_end(&r->wire->answer);
	if (r->fault == ANSWER_OK) {
		r->dimensions = r->wire->answer.dimensions;
		return SENT_OK;
	}
	snprintf(r->error, sizeof(r->error), "the answer %s", answer_fault_text(r->fault));
	if (r->fault == ANSWER_NOT_FINITE || r->fault == ANSWER_ZERO)
		return SENT_REFUSED;
	return r->fault == ANSWER_TOO_LARGE || r->fault == ANSWER_DIMENSIONS ? SENT_DENIED
	                                                                     : SENT_TROUBLE;
}

static enum sent judge_status(const struct provider *p, struct provider_request *r, long status)
{
	snprintf(r->error, sizeof(r->error), "HTTP status %ld%s", status,
	    status >= 300 && status < 400    ? ", a redirect, which is not followed"
	    : status == 401 || status == 403 ? ": the key is not accepted"
	                                     : "");
	if (status == 400 || status == 413 || status == 422)
		return !p->floats && !p->proven ? SENT_FLOATS : SENT_REFUSED;
	return status < 500 && status != 408 && status != 429 ? SENT_DENIED : SENT_TROUBLE;
}

enum sent provider_send_judge(
    const struct provider *p, struct provider_request *r, CURLcode code, int64_t *retry_ms)
{
	long status = 0;
	curl_off_t retry_s = 0;

	*retry_ms = 0;
	*r->error = *r->message = '\0';
	r->fault = ANSWER_OK;
	curl_easy_getinfo(r->wire->job.easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(r->wire->job.easy, CURLINFO_RETRY_AFTER, &retry_s);
	if (retry_s > 0)
		*retry_ms =
		    (retry_s < RESENT_AFTER_MOST_S ? retry_s : RESENT_AFTER_MOST_S) * 1000;
	take_message(p, r);
	if (code == CURLE_WRITE_ERROR && r->wire->received > most_bytes(r, status == 200)) {
		snprintf(r->error, sizeof(r->error), "the answer is longer than %zu bytes",
		    most_bytes(r, status == 200));
		return SENT_TROUBLE;
	}
	if (code != CURLE_OK && code != CURLE_WRITE_ERROR) {
		snprintf(r->error, sizeof(r->error), "%s", curl_easy_strerror(code));
		return SENT_TROUBLE;
	}
	return status == 200 ? judge_answer(r) : judge_status(p, r, status);
}
