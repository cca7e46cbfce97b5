/*
 * run: a work for a request, and what its client is told and asked meanwhile.
 */
#pragma once

#include <jansson.h>

struct call;
struct request;
struct work;

/*
 * Runs a work; takes arguments. done must end the request by one of the functions
 * of request.h; before it looks elsewhere, it ends the call (request_call_ended).
 * Questions of the work are put to the client; done does not see them.
 */
void request_run(struct request *r, const struct work *work, json_t *arguments,
    void (*done)(struct request *r, struct call *call));

/* -32021: the client must declare this capability, or the extension MCP_TASKS. */
void request_needs(struct request *r, const char *capability);

/* What a client said it can be asked for, as a mask of enum client_ability. */
unsigned client_abilities(const json_t *capabilities);
