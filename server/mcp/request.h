/*
 * request: one MCP message on its way from the POST to the answer.
 *
 *	endpoint.c: credential -> JSON-RPC message -> era -> methods.c: method -> request_*()
 *
 * A request ends by exactly one of the functions below, which also frees it.
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

struct call;
struct service;
struct work;

struct request {
	struct service *service;
	struct exchange *x; /* NULL when the client has gone (legacy: the call goes on) */
	struct auth_check auth;
	bool verified; /* auth.who is known; else only what needs no identity is answered */
	struct rpc_message message;
	struct mcp_request mcp;
	struct call *call; /* the work that is waited for, or NULL */
	json_t *arguments; /* of that work; owned */
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

/* An answer that is the same for everyone as long as the process lives: its text, by era. */
struct fixed_result {
	json_t *(*make)(void);
	char *text[2];
	size_t len[2];
};

/* 200 with it, made at its first use, with caching hints. */
void request_result_fixed(struct request *r, struct fixed_result *fixed);

/* 202: a notification was taken. */
void request_accepted(struct request *r);

/* The JSON-RPC error with its HTTP status. */
void request_error(struct request *r, struct rpc_error *error);

/* Params that are wrong in a right envelope: -32602, in-band. Takes data. */
void request_invalid(struct request *r, json_t *data, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* No such resource: the code differs by era, the URI is in the data. */
void request_not_found(struct request *r, const char *uri, const char *text);

/*
 * Runs a work for this request; takes arguments. done must end with one of the
 * functions here; before it looks elsewhere, it ends the call.
 */
void request_run(struct request *r, const struct work *work, json_t *arguments,
    void (*done)(void *arg, struct call *call));

/* In done: the call's answer has been read. */
void request_call_ended(struct request *r);

/* In done: a JSON-RPC error out of a failed call; uri for resources, or NULL. */
void request_call_failed(struct request *r, const char *uri);

/* An HTTP status of its own (401, 406, 415), with a JSON-RPC error as body. */
void request_refuse(
    struct request *r, int status, const char *text, const struct header *headers);

/* Frees without an answer: nobody is there to take it. */
void request_free(struct request *r);

/* Answers r->message by the table of methods. */
void methods_dispatch(struct request *r);
