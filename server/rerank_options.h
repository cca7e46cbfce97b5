/*
 * rerank_options: the reranker as the options describe it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct options;
struct reranker;

/* A provider is configured. */
bool rerank_options_given(const struct options *o);

/* NULL: error says why. */
struct reranker *rerank_options_reranker(
    struct event_base *base, const struct options *o, char *error, size_t error_len);
