/* reranker_send: one request on the wire: its JSON, its limits, and what the answer means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "embed/ranks.h"
#include "embed/reranker_impl.h"
#include "utf8.h"

/* --- what is sent --- */

static void write_string(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	post_write_text(out, text, len);
	fputc('"', out);
}

static void write_one(FILE *out, const struct rerank_text *text)
{
	const char *between = "";

	fputc('"', out);
	for (size_t i = 0; i < 2; i++) {
		if (text->parts[i] == NULL || text->lens[i] == 0)
			continue;
		fputs(between, out);
		post_write_text(out, text->parts[i],
		    (size_t)utf8_cut(text->parts[i], text->lens[i], RERANK_TEXT_BYTES));
		between = "\\n\\n";
	}
	fputc('"', out);
}

bool rerank_send_copy(
    struct rerank *q, const char *query, size_t query_len, const struct rerank_text *texts)
{
	size_t len;
	FILE *out = open_memstream(&q->query, &len);

	if (out == NULL)
		return false;
	write_string(out, query, (size_t)utf8_cut(query, query_len, RERANK_QUERY_BYTES));
	if (!post_end_text(out))
		return false;
	out = open_memstream(&q->texts, &q->sent_bytes);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < q->count; i++) {
		fputc(i > 0 ? ',' : '[', out);
		write_one(out, &texts[i]);
	}
	fputc(']', out);
	return post_end_text(out);
}

static bool write_body(const struct reranker *r, struct rerank *q)
{
	FILE *out = open_memstream(&q->wire->post.body, &q->wire->post.body_len);

	if (out == NULL)
		return false;
	fprintf(out, "{\"query\":%s,\"%s\":%s", q->query,
	    q->wire->texts ? "texts" : "documents", q->texts);
	if (q->wire->texts) {
		fputs(",\"truncate\":true}", out);
		return post_end_text(out);
	}
	fputs(",\"model\":", out);
	write_string(out, r->model, strlen(r->model));
	fprintf(out, ",\"top_n\":%zu}", q->count);
	return post_end_text(out);
}

/* --- what comes back --- */

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct rerank_wire *wire = arg;
	size_t len = size * count;
	char *more;

	if (wire->received + len > wire->most)
		return CURL_WRITEFUNC_ERROR;
	more = realloc(wire->answer, wire->received + len + 1);
	if (more == NULL)
		return CURL_WRITEFUNC_ERROR;
	wire->answer = more;
	memcpy(wire->answer + wire->received, bytes, len);
	wire->received += len;
	return len;
}

bool rerank_send_prepare(struct reranker *r, struct rerank *q, bool texts)
{
	const struct post_target target = {r->url, r->key};
	struct rerank_wire *wire = calloc(1, sizeof(*wire));

	q->wire = wire;
	if (wire == NULL)
		return false;
	wire->texts = texts;
	wire->most = RERANK_ANSWER_BYTES + 2 * q->sent_bytes;
	if (write_body(r, q) &&
	    post_prepare(&wire->post, &target, q->deadline_ms - clock_ms(), on_bytes, wire))
		return true;
	rerank_send_fini(q);
	return false;
}

void rerank_send_fini(struct rerank *q)
{
	post_fini(&q->wire->post);
	free(q->wire->answer);
	free(q->wire);
	q->wire = NULL;
}

static enum rerank_outcome read_answer(struct rerank *q)
{
	struct rerank_wire *wire = q->wire;
	double *scores = calloc(q->count, sizeof(*scores));
	enum ranks_fault fault;

	if (scores == NULL) {
		snprintf(q->why, sizeof(q->why), "out of memory");
		return RERANK_FAILED;
	}
	fault = ranks_read(
	    wire->answer != NULL ? wire->answer : "", wire->received, scores, q->count);
	if (fault == RANKS_OK) {
		q->scores = scores;
		return RERANK_OK;
	}
	free(scores);
	snprintf(q->why, sizeof(q->why), "the answer %s", ranks_fault_text(fault));
	return RERANK_FAILED;
}

/* For the log, where the texts are our own: what an error says, but for the key. */
static void take_said(struct reranker *r, const struct rerank_wire *wire)
{
	size_t len = wire->received;
	int cut = utf8_cut(wire->answer, len, RERANK_SAID_BYTES);

	snprintf(r->said, sizeof(r->said), "%.*s", cut, len > 0 ? wire->answer : "");
	utf8_repair(r->said);
	if (post_quotes_key(r->said, strlen(r->said), r->key))
		snprintf(r->said, sizeof(r->said), "(it quotes the key)");
}

static enum rerank_outcome judge_status(struct reranker *r, struct rerank *q, long status)
{
	if (q == &r->probe)
		take_said(r, q->wire);
	post_tell_status(status, q->why, sizeof(q->why));
	return r->proven && (status == 400 || status == 413 || status == 422) ? RERANK_REFUSED
	                                                                      : RERANK_FAILED;
}

enum rerank_outcome rerank_send_judge(struct reranker *r, struct rerank *q, CURLcode code)
{
	long status = post_status(&q->wire->post);

	if (code == CURLE_OPERATION_TIMEDOUT) {
		snprintf(q->why, sizeof(q->why), "it did not answer within %lld ms",
		    (long long)(q->deadline_ms - q->began_ms));
		return RERANK_LATE;
	}
	if (code == CURLE_WRITE_ERROR) {
		snprintf(q->why, sizeof(q->why), "the answer is longer than %zu bytes",
		    q->wire->most);
		return RERANK_FAILED;
	}
	if (code != CURLE_OK) {
		snprintf(q->why, sizeof(q->why), "%s", curl_easy_strerror(code));
		return RERANK_FAILED;
	}
	return status == 200 ? read_answer(q) : judge_status(r, q, status);
}
