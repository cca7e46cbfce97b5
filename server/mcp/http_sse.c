/*
 * http_sse: GET -> stream with "endpoint"; POST -> 202, and a request on an exchange whose
 * answer is written to the stream.
 */
#include "mcp/http_sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "auth.h"
#include "mcp/request.h"
#include "service.h"
#include "sse.h"

/* One client: its stream. */
struct sse_client {
	struct exchange *x; /* NULL: gone; the struct waits for its last message */
	struct principal who;
	struct client_session session;
	unsigned open; /* messages under way */
	LIST_ENTRY(sse_client) link;
};

/* One message of it, as an exchange. */
struct sse_message_exchange {
	struct exchange x; /* first */
	struct sse_client *client;
	char *body;
};

static LIST_HEAD(sse_clients, sse_client) clients = LIST_HEAD_INITIALIZER(clients);

static void release(struct sse_client *client)
{
	if (client->x == NULL && client->open == 0)
		free(client);
}

static void message_free(struct sse_message_exchange *m)
{
	m->client->open--;
	release(m->client);
	free(m->body);
	free(m);
}

static void send_bytes(struct sse_client *client, const char *bytes, size_t len)
{
	if (client->x != NULL)
		exchange_send(client->x, bytes, len);
}

static void message_reply(struct exchange *x, const struct reply *reply)
{
	struct sse_message_exchange *m = (struct sse_message_exchange *)x;
	size_t len = 0;
	char *event =
	    reply->body_len > 0 ? sse_message(NULL, reply->body, reply->body_len, &len) : NULL;

	if (event != NULL)
		send_bytes(m->client, event, len);
	free(event);
	message_free(m);
}

/* What is said before the answer goes the same way. */
static void message_start(struct exchange *x, const struct header *headers)
{
	(void)x;
	(void)headers;
}

static bool message_send(struct exchange *x, const char *bytes, size_t len)
{
	struct sse_client *client = ((struct sse_message_exchange *)x)->client;

	send_bytes(client, bytes, len);
	return client->x != NULL;
}

static void message_finish(struct exchange *x)
{
	message_free((struct sse_message_exchange *)x);
}

static const char *message_header(const struct exchange *x, const char *name, unsigned *copies)
{
	(void)x;
	(void)name;
	if (copies != NULL)
		*copies = 0;
	return NULL;
}

static const struct exchange_ops message_ops = {
    .reply = message_reply,
    .start = message_start,
    .send = message_send,
    .finish = message_finish,
    .header = message_header,
};

/* --- GET --- */

static void on_gone(void *arg)
{
	struct sse_client *client = arg;

	LIST_REMOVE(client, link);
	client->x = NULL;
	release(client);
}

static void begin(struct request *r)
{
	static const struct header headers[] = {{"Cache-Control", "no-cache, no-transform"},
	    {"X-Accel-Buffering", "no"}, {NULL, NULL}};
	struct sse_client *client = calloc(1, sizeof(*client));
	char text[256];

	if (client != NULL && r->verified) {
		client->who = r->auth.who;
		client->session.version = MCP_OLDEST;
	}
	if (client == NULL || !r->verified ||
	    !client_session_mint(r->service, &client->who, &client->session)) {
		free(client);
		request_refuse_unverified(r);
		return;
	}
	client->x = request_release(r);
	client->x->gone = on_gone;
	client->x->gone_arg = client;
	LIST_INSERT_HEAD(&clients, client, link);
	exchange_start(client->x, headers);
	int len = snprintf(text, sizeof(text),
	    "event: endpoint\ndata: /messages?sessionId=%s\n\n", client->session.id);

	exchange_send(client->x, text, (size_t)len);
}

void http_sse_open(struct service *service, struct exchange *x)
{
	request_after_credential(service, x, begin);
}

void http_sse_end_all(void)
{
	struct sse_client *client;

	while ((client = LIST_FIRST(&clients)) != NULL) {
		struct exchange *x = client->x;

		x->gone = NULL;
		on_gone(client);
		exchange_finish(x);
	}
}

/* --- POST --- */

static struct sse_client *find(const struct request *r)
{
	static const char name[] = "sessionId=";
	const char *id = strstr(r->x->query, name);
	struct sse_client *client;

	LIST_FOREACH (client, &clients, link) {
		size_t len = strlen(client->session.id);

		if (id != NULL &&
		    strncmp(id + sizeof(name) - 1, client->session.id, len) == 0 &&
		    strchr("&", id[sizeof(name) - 1 + len]) != NULL &&
		    strcmp(client->who.namespace, r->auth.who.namespace) == 0 &&
		    strcmp(client->who.agent, r->auth.who.agent) == 0)
			return client;
	}
	return NULL;
}

/* The message as an exchange of its own, which outlives the POST. */
static struct exchange *detach_message(struct sse_client *client, const struct exchange *x)
{
	struct sse_message_exchange *m = calloc(1, sizeof(*m));

	if (m == NULL || (m->body = malloc(x->body_len + 1)) == NULL) {
		free(m);
		return NULL;
	}
	memcpy(m->body, x->body, x->body_len + 1);
	m->client = client;
	client->open++;
	m->x = (struct exchange){.ops = &message_ops,
	    .method = "POST",
	    .path = "/messages",
	    .query = "",
	    .body = m->body,
	    .body_len = x->body_len,
	    .id = "-",
	    .peer = "-"};
	return &m->x;
}

static void take(struct request *r)
{
	static const struct reply accepted = {
	    .status = 202, .content_type = "text/plain", .body = "Accepted", .body_len = 8};
	struct sse_client *client = r->verified ? find(r) : NULL;
	struct exchange *message = client != NULL ? detach_message(client, r->x) : NULL;
	struct rpc_error error = {0};

	if (client == NULL) {
		request_refuse(r, 404,
		    "no stream of this process has this sessionId; open GET /sse again", NULL);
		return;
	}
	if (message == NULL) {
		request_refuse(r, 503, "out of memory; try again later", NULL);
		return;
	}
	exchange_reply(r->x, &accepted);
	r->x = message;
	r->has_own_stream = true;
	r->session = client->session;
	if (rpc_parse(message->body, message->body_len, &r->message, &error))
		endpoint_accept_parsed(r);
	else
		request_error(r, &error);
}

void http_sse_post(struct service *service, struct exchange *x)
{
	request_after_credential(service, x, take);
}
