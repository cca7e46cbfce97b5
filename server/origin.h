/*
 * origin: may this request come from where it says, to the name it uses?
 *
 * The defence against DNS rebinding and foreign web pages (MCP basic/transports,
 * "Security"): Host must be a loopback name or listed in ALLOWED_HOSTS; Origin,
 * which only browsers send, must be loopback itself or listed in ALLOWED_ORIGINS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exchange.h"

struct options;

/* An address to listen on, HOST:PORT: can only this machine reach it? */
bool is_loopback_address(const char *address);

/* False: text says which header is wrong and which option would allow it. */
bool origin_allowed(
    const struct options *options, const struct exchange *x, char *text, size_t text_len);
