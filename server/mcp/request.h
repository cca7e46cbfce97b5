/*
 * request: one MCP message on its way from the POST to the answer.
 *
 *	endpoint.c: credential -> JSON-RPC message -> era -> methods.c: method -> request_*()
 *
 * A request ends by exactly one of request_result(), request_error() and their kin, which
 * also free it. What has to be said before the result turns the answer into a stream.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <jansson.h>

#include "auth.h"
#include "exchange.h"
#include "jsonrpc.h"
#include "mcp.h"
#include "mcp/client_session.h"
#include "metrics.h"

struct call;
struct service;
struct stream;
struct task;
struct surface;
struct work;

struct request {
	struct service *service;
	struct exchange
	    *x; /* NULL: streamed, or the client has gone (legacy: the call goes on) */
	struct stream *stream; /* once something was said before the result */
	struct auth_check auth;
	bool verified; /* auth.who is known; else only what needs no identity is answered */
	void (*go_on)(struct request *r); /* behind the credential */
	struct rpc_message message;
	struct mcp_request mcp;
	struct client_session session; /* legacy */
	unsigned client_can;           /* of enum client_ability */
	bool in_batch;
	bool only_json;                     /* the client takes no event streams */
	struct client_session *own_session; /* HTTP+SSE: known by its stream; else NULL */

	/* The work that is waited for, see run.c. */
	struct call *call;
	json_t *arguments; /* owned */
	void (*done)(struct request *r, struct call *call);
	const struct work *work; /* behind another one that had to run first ... */
	void (*then)(struct request *r, struct call *call); /* ... and its done */
	double progress;                                    /* told last */
	int log_least;      /* severity of log messages to tell, see severity.h; -1: none */
	const char *cannot; /* the capability that a question needs and the client lacks */
	LIST_HEAD(asks, ask) asks;
	struct task *task; /* that the call is becoming, or NULL */

	/* For counting. */
	bool counts;     /* it is a message */
	unsigned method; /* its number (methods.h), 0: unknown */
	unsigned tool;   /* the same, for a tools/call */
	enum metrics_outcome outcome;
	LIST_ENTRY(request) link;
};

/* For how long clients may keep a result, and for whom (2026-07-28 utilities/caching). */
struct mcp_caching {
	int ttl_ms;
	const char *scope;
};

extern const struct mcp_caching mcp_for_one; /* somebody's own data */

/* NULL: out of memory. */
struct request *request_new(struct service *service, struct exchange *x);

/* 200 with a result; takes the object. Era decides what is added to it. */
void request_result(struct request *r, json_t *result);

/* The same with caching hints, where the era knows them. */
void request_result_cached(
    struct request *r, json_t *result, const struct mcp_caching *caching);

/* The same with more headers. */
void request_result_with(struct request *r, json_t *result, const struct header *headers);

/* A result of another type than "complete" (2026-07-28); takes the object. */
void request_result_typed(struct request *r, json_t *result, const char *type);

/* An answer that is the same for everyone as long as the process lives: its text, by era. */
struct fixed_result {
	json_t *(*make)(const struct surface *surface);
	char *text[2];
	size_t len[2];
};

/* 200 with it, made at its first use, with caching hints. */
void request_result_fixed(struct request *r, struct fixed_result *fixed);

/* 202: a notification was taken. */
void request_accepted(struct request *r);

/* A stream that ends without a message: the client has cancelled and wants no answer. */
void request_silence(struct request *r);

/* The JSON-RPC error with its HTTP status. */
void request_error(struct request *r, struct rpc_error *error);

/* Params that are wrong in a right envelope: -32602, in-band. Takes data. */
void request_invalid(struct request *r, json_t *data, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* No such resource: the code differs by era, the URI is in the data. */
void request_not_found(struct request *r, const char *uri, const char *text);

/* In done of a work: a JSON-RPC error out of a failed call; uri for resources, or NULL. */
void request_call_failed(struct request *r, const char *uri);

/* In done of a work: the call's answer has been read. */
void request_call_ended(struct request *r);

/* An HTTP status of its own (401, 406, 415), with a JSON-RPC error as body. */
void request_refuse(
    struct request *r, int status, const char *text, const struct header *headers);

/* 503: who asks is not known while the database is away. */
void request_refuse_unverified(struct request *r);

/* Frees without an answer: nobody is there to take it. */
void request_free(struct request *r);

/* The same, and the exchange is the caller's. */
struct exchange *request_release(struct request *r);

/* The client has gone: a modern call is cancelled, a legacy one runs to its end. */
void request_client_left(struct request *r);

/* The stream that is to carry the answer, opened at its first use. NULL: not possible here. */
struct stream *request_stream(struct request *r);

/* The request of a client session with this JSON-RPC id that is under way, or NULL. */
struct request *request_under_way(const struct client_session *session, const json_t *id);

/* Answers r->message by the table of methods. */
void methods_dispatch(struct request *r);

/* endpoint.c: a request for x, once it is known who asks; 401 when nobody may. */
void request_after_credential(
    struct service *service, struct exchange *x, void (*go_on)(struct request *r));

/* endpoint.c: reads MCP-Session-Id, if there is one. False: the request was answered. */
bool endpoint_read_session(struct request *r);

/* endpoint.c: answers r->message, of whatever era. */
void endpoint_accept_parsed(struct request *r);
