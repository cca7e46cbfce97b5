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

#include <jansson.h>

#include "auth.h"
#include "exchange.h"
#include "jsonrpc.h"
#include "mcp.h"

struct call;
struct service;

struct request {
	struct service *service;
	struct exchange *x; /* NULL when the client has gone (legacy: the call goes on) */
	struct auth_check auth;
	bool verified; /* auth.who is known; else only what needs no identity is answered */
	struct rpc_message message;
	struct mcp_request mcp;
	struct call *call; /* the tool call that is waited for, or NULL */
};

/* 200 with a result; takes the object. Era decides what is added to it. */
void request_result(struct request *r, json_t *result);

/* 200 with a result that is JSON text already. */
void request_result_text(struct request *r, const char *result, size_t len);

/* 202: a notification was taken. */
void request_accepted(struct request *r);

/* The JSON-RPC error with its HTTP status. */
void request_error(struct request *r, struct rpc_error *error);

/* An HTTP status of its own (401, 406, 415), with a JSON-RPC error as body. */
void request_refuse(
    struct request *r, int status, const char *text, const struct header *headers);

/* Frees without an answer: nobody is there to take it. */
void request_free(struct request *r);

/* Answers r->message by the table of methods. */
void methods_dispatch(struct request *r);

/* Builds the answers that never change. Call once, before the first request. */
bool methods_init(void);
void methods_fini(void);
