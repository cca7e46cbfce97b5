/*
 * batch: each message gets a request on an exchange of its own, whose reply is collected.
 */
#include "mcp/batch.h"

#include <stdlib.h>
#include <string.h>

#include "mcp/request.h"
#include "server_limits.h"

struct batch;

struct part {
	struct exchange x; /* first */
	struct batch *batch;
	char *body; /* the answer; NULL: none, or not yet */
	size_t len;
};

struct batch {
	struct exchange *x; /* NULL: the client has gone */
	size_t count, open; /* messages, and those without an answer yet */
	struct part parts[];
};

bool batch_is(const struct exchange *x)
{
	return x->body_len > 0 && x->body[strspn(x->body, " \t\r\n")] == '[';
}

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->parts[i].body);
	free(b);
}

/* 202 when there is nothing to say. */
static void answer(struct batch *b)
{
	struct reply reply = {.status = 202};
	char *text;
	size_t len = 2;

	for (size_t i = 0; i < b->count; i++)
		len += b->parts[i].len + 1;
	text = malloc(len);
	len = 0;
	for (size_t i = 0; i < b->count && text != NULL; i++) {
		if (b->parts[i].body == NULL)
			continue;
		text[len] = len == 0 ? '[' : ',';
		memcpy(text + len + 1, b->parts[i].body, b->parts[i].len);
		len += b->parts[i].len + 1;
	}
	if (text == NULL) {
		reply.status = 503;
	} else if (len > 0) {
		text[len++] = ']';
		reply = (struct reply){.status = 200,
		    .content_type = "application/json",
		    .body = text,
		    .body_len = len};
	}
	if (b->x != NULL)
		exchange_reply(b->x, &reply);
	free(text);
	batch_free(b);
}

static void reply_part(struct exchange *x, const struct reply *reply)
{
	struct part *part = (struct part *)x;

	if (reply->body_len > 0)
		part->body = malloc(reply->body_len);
	if (part->body != NULL) {
		memcpy(part->body, reply->body, reply->body_len);
		part->len = reply->body_len;
	}
	if (--part->batch->open == 0)
		answer(part->batch);
}

static const char *header_of_part(const struct exchange *x, const char *name, unsigned *copies)
{
	const struct part *part = (const struct part *)x;

	return part->batch->x != NULL ? exchange_header(part->batch->x, name, copies) : NULL;
}

/* No start: a part cannot be a stream. */
static const struct exchange_ops part_ops = {.reply = reply_part, .header = header_of_part};

static void on_gone(void *arg)
{
	struct batch *b = arg;

	b->x = NULL; /* its messages run to their end: legacy */
}

/* Does any message belong to a revision that has no batches? */
static bool has_modern(const json_t *messages)
{
	const json_t *message;
	size_t i;

	json_array_foreach (messages, i, message) {
		const json_t *meta =
		    json_object_get(json_object_get(message, "params"), "_meta");

		if (json_object_get(meta, "io.modelcontextprotocol/protocolVersion") != NULL)
			return true;
	}
	return false;
}

/* The batch, with the exchange of r, which is freed. NULL: the same, answered. */
static struct batch *batch_new(struct request *r, size_t count)
{
	struct batch *b = calloc(1, sizeof(*b) + count * sizeof(*b->parts));

	if (b == NULL) {
		request_refuse(r, 503, "out of memory; try again later", NULL);
		return NULL;
	}
	b->x = request_release(r);
	b->x->gone = on_gone;
	b->x->gone_arg = b;
	b->count = b->open = count;
	for (size_t i = 0; i < count; i++) {
		b->parts[i].x = *b->x;
		b->parts[i].x.ops = &part_ops;
		b->parts[i].batch = b;
	}
	return b;
}

static void accept_one(struct service *service, struct part *part,
    const struct auth_check *auth, bool verified, json_t *message)
{
	struct request *r = request_new(service, &part->x);
	struct rpc_error error = {0};

	if (r == NULL) {
		json_decref(message);
		exchange_reply(&part->x, &(struct reply){.status = 503});
		return;
	}
	r->verified = verified;
	r->auth.who = auth->who;
	r->in_batch = true;
	if (rpc_read(message, &r->message, &error))
		endpoint_accept_parsed(r);
	else
		request_error(r, &error);
}

void batch_accept(struct request *r)
{
	struct rpc_error error = {0};
	json_t *messages = rpc_parse_batch(r->x->body, r->x->body_len, MAX_BATCH, &error);
	const char *version = exchange_header(r->x, "mcp-protocol-version", NULL);
	struct service *service = r->service;
	const struct auth_check auth = {.who = r->auth.who};
	bool verified = r->verified;
	struct batch *b;

	if (messages == NULL) {
		request_error(r, &error);
		return;
	}
	if (!endpoint_read_session(r)) {
		json_decref(messages);
		return;
	}
	if (r->session.version != NULL)
		version = r->session.version;
	if (has_modern(messages) || (version != NULL && strcmp(version, MCP_BATCHES) != 0)) {
		json_decref(messages);
		request_refuse(r, 400,
		    "only revision " MCP_BATCHES " has batches; send one message", NULL);
		return;
	}
	b = batch_new(r, json_array_size(messages));
	for (size_t i = 0, count = b != NULL ? b->count : 0; i < count; i++)
		accept_one(service, &b->parts[i], &auth, verified,
		    json_incref(json_array_get(messages, i)));
	json_decref(messages);
}
