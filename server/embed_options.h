/*
 * embed_options: the embedder as the options describe it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct embedder;
struct event_base;
struct options;

/* A provider is configured. */
bool embed_options_given(const struct options *o);

/* NULL: error says why. The options must outlive it. */
struct embedder *embed_options_embedder(
    struct event_base *base, const struct options *o, char *error, size_t error_len);

/* The same for another model of the same provider, of so many dimensions (0: as it gives them). */
struct embedder *embed_options_other(struct event_base *base, const struct options *o,
    const char *model, size_t dimensions, char *error, size_t error_len);
