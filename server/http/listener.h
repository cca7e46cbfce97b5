/*
 * listener: accepts connections, and stops while there are no descriptors for them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_server;

bool listener_open(
    struct http_server *server, const char *address, char *error, size_t error_len);
unsigned listener_port(const struct http_server *server);

/* A connection ended: there is room again. */
void listener_resume(struct http_server *server);

void listener_close_all(struct http_server *server);

/* The timer behind server->resume. */
void listener_on_resume(int fd, short what, void *arg);
