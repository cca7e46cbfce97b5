/*
 * batch: several messages in one POST. Only revision 2025-03-26 has them (basic, "Batching").
 */
#pragma once

#include <stdbool.h>

struct exchange;
struct request;

/* Is the body an array? */
bool batch_is(const struct exchange *x);

/* Answers all its messages, in one array. */
void batch_accept(struct request *r);
