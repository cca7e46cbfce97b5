/* provider_send: one request on the wire: its JSON, its limits, and what the answer means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "embed/provider_impl.h"

static bool write_body(const struct provider *p, struct provider_request *r)
{
	FILE *out = open_memstream(&r->wire->post.body, &r->wire->post.body_len);

	if (out == NULL)
		return false;
	fputs("{\"model\":\"", out);
	post_write_text(out, p->model, strlen(p->model));
	fputs("\",\"input\":[", out);
	for (size_t i = 0; i < r->count; i++) {
		fputs(i > 0 ? ",\"" : "\"", out);
		post_write_text(out, r->prefix, strlen(r->prefix));
		post_write_text(out, r->texts[i].s, r->texts[i].len);
		fputc('"', out);
	}
	fputc(']', out);
	if (p->config.dimensions > 0)
		fprintf(out, ",\"dimensions\":%zu", p->config.dimensions);
	fprintf(out, ",\"encoding_format\":\"%s\"}", p->floats ? "float" : "base64");
	return post_end_text(out);
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
	long status = post_status(&wire->post);

	wire->received += len;
	most = most_bytes(wire->request, status == 200);
	if (wire->received > most)
		return CURL_WRITEFUNC_ERROR;
	if (!answer_feed(&wire->answer, bytes, len) && status == 200)
		return CURL_WRITEFUNC_ERROR;
	return len;
}

bool provider_send_prepare(struct provider *p, struct provider_request *r)
{
	const struct post_target target = {p->url, p->key};
	struct provider_wire *wire = calloc(1, sizeof(*wire));
	int64_t left = r->deadline_ms - clock_ms();

	r->wire = wire;
	if (wire == NULL)
		return false;
	wire->request = r;
	if (left > p->config.timeout_ms)
		left = p->config.timeout_ms;
	if (write_body(p, r) && post_prepare(&wire->post, &target, left, on_bytes, wire) &&
	    answer_init(&wire->answer, r->vectors, r->count, r->dimensions))
		return true;
	provider_send_fini(r);
	return false;
}

void provider_send_fini(struct provider_request *r)
{
	struct provider_wire *wire = r->wire;

	post_fini(&wire->post);
	answer_fini(&wire->answer);
	free(wire);
	r->wire = NULL;
}

/* What the provider says may quote the key it was sent. */
static void take_message(const struct provider *p, struct provider_request *r)
{
	snprintf(r->message, sizeof(r->message), "%s", r->wire->answer.message);
	if (post_quotes_key(r->message, strlen(r->message), p->key))
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
	post_tell_status(status, r->error, sizeof(r->error));
	if (status == 400 || status == 413 || status == 422)
		return !p->floats && !p->proven ? SENT_FLOATS : SENT_REFUSED;
	return post_status_passes(status) ? SENT_TROUBLE : SENT_DENIED;
}

enum sent provider_send_judge(
    const struct provider *p, struct provider_request *r, CURLcode code, int64_t *retry_ms)
{
	long status = post_status(&r->wire->post);

	*retry_ms = post_retry_ms(&r->wire->post);
	*r->error = *r->message = '\0';
	r->fault = ANSWER_OK;
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
