/*
 * show_breakers: the circuit breakers of the dependencies, for people and agents.
 */
#pragma once

#include <jansson.h>

struct service;

/* An array of {name, state, failures}; the caller owns it. */
json_t *show_breakers(struct service *service);

/* Resets one, or with NULL all: an array of {name, was, now}, empty when there is none of that name. */
json_t *reset_breakers(struct service *service, const char *name);
