/*
 * ask: questions to a client while its request is under way.
 *
 * Older revisions: requests of the server on the stream of the client's own request;
 * the answers arrive as separate POSTs of the same session (2025-11-25 basic/transports).
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct call;
struct request;

/* Sends call->questions on the request's stream. */
void asks_send(struct request *r, const struct call *call);

/* Forgets what has not been answered. */
void asks_forget(struct request *r);

/* r is the POST of a response. False: nobody in this process waits for it. */
bool asks_answer(const struct request *r);
