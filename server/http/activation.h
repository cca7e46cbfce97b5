/*
 * activation: listening sockets that a service manager opened before the process began (sd_listen_fds).
 *
 * Such a socket outlives the process, so clients that connect while it is replaced wait instead
 * of being refused.
 */
#pragma once

struct sockaddr;

/* A descriptor that listens on this address, the caller's to close; -1: none was handed over. */
int activation_take(const struct sockaddr *wanted);
