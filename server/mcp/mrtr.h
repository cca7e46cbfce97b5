/*
 * mrtr: multi round-trip requests (2026-07-28 basic/patterns/mrtr).
 *
 * A result "input_required" carries the questions and a requestState; the client sends its
 * request again with both the answers and the state. The state holds the answers of earlier
 * rounds and is signed, bound to the principal and to the request, and expires.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct call;
struct request;

/*
 * What the client has answered so far; *answers gets a new reference, or NULL for a first
 * round. An answer proves no more than that the client sent it. False: the request was answered, its state or its answers are not right.
 */
bool mrtr_read(struct request *r, json_t **answers);

/* Ends the request with the questions of its call. */
void mrtr_ask(struct request *r, const struct call *call);
