/*
 * admin: the second listener, for who runs the server: metrics, the pools, and what to do
 * with them. It asks nobody for a key, so it belongs on loopback or on an inner network; what
 * changes something is refused to foreign web pages (origin.h).
 *
 * With "Accept: text/plain" it answers in tables for people, else in JSON.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_server;
struct service;

/*
 * Listens as the options say; *http is the caller's to http_free(). It stays NULL without
 * ENABLE_MONITORING, and when the port that nobody chose is taken. False: the port that
 * somebody chose cannot be had, error says why.
 */
bool admin_listen(
    struct service *service, struct http_server **http, char *error, size_t error_len);
