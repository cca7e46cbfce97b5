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
#include "mcp/session_stream.h"
#include "mcp/stream.h"
#include "service.h"
#include "sse.h"

/* One client: its stream. */
struct sse_client {
	struct stream *stream; /* NULL: gone; the struct waits for its last message */
	struct session_stream *changes;
	bool ending; /* drain: with its last answer */
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

static void leave(struct sse_client *client)
{
	LIST_REMOVE(client, link);
	session_stream_detach(client->changes);
	client->changes = NULL;
	client->stream = NULL;
}

static void end_stream(struct sse_client *client)
{
	struct stream *stream = client->stream;

	leave(client);
	stream_end(stream);
}

static void release(struct sse_client *client)
{
	if (client->open > 0)
		return;
	if (client->stream != NULL && client->ending)
		end_stream(client);
	if (client->stream == NULL)
		free(client);
}

static void message_free(struct sse_message_exchange *m)
{
	m->client->open--;
	release(m->client);
	free(m->body);
	free(m);
}

static void send_framed(struct sse_client *client, const char *bytes, size_t len)
{
	if (client->stream != NULL)
		stream_send_framed(client->stream, bytes, len);
}

static void message_reply(struct exchange *x, const struct reply *reply)
{
	struct sse_message_exchange *m = (struct sse_message_exchange *)x;
	size_t len = 0;
	char *event =
	    reply->body_len > 0 ? sse_message(NULL, reply->body, reply->body_len, &len) : NULL;

	if (event != NULL)
		send_framed(m->client, event, len);
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

	send_framed(client, bytes, len);
	return client->stream != NULL;
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

	leave(client);
	release(client);
}

static void begin(struct request *r)
{
	struct service *service = r->service;
	struct sse_client *client = calloc(1, sizeof(*client));
	char greeting[256];

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
	snprintf(greeting, sizeof(greeting),
	    "event: endpoint\ndata: /messages?sessionId=%s\n\n", client->session.id);
	client->stream = stream_open(service->streams,
	    &(struct stream_order){
	        .x = request_release(r), .greeting = greeting, .gone = on_gone, .arg = client});
	if (client->stream == NULL) {
		free(client);
		return;
	}
	LIST_INSERT_HEAD(&clients, client, link);
	client->changes =
	    session_stream_attach(service, &client->who, &client->session, client->stream);
}

void http_sse_open(struct service *service, struct exchange *x)
{
	request_after_credential(service, x, begin);
}

void http_sse_end_all(void)
{
	struct sse_client *client = LIST_FIRST(&clients), *next;

	for (; client != NULL; client = next) {
		next = LIST_NEXT(client, link);
		client->ending = true;
		release(client);
	}
}

/* --- POST --- */

/* The value of sessionId in a query, up to its end or '&'; NULL: it is not there. */
static const char *find_id(const char *query)
{
	static const char name[] = "sessionId=";

	while (strncmp(query, name, sizeof(name) - 1) != 0) {
		query += strcspn(query, "&");
		if (*query++ == '\0')
			return NULL;
	}
	return query + sizeof(name) - 1;
}

static struct sse_client *find(const struct request *r)
{
	const char *id = find_id(r->x->query);
	struct sse_client *client;

	LIST_FOREACH (client, &clients, link) {
		size_t len = strlen(client->session.id);

		if (id != NULL && strcspn(id, "&") == len &&
		    strncmp(id, client->session.id, len) == 0 &&
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
	r->own_session = &client->session;
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
