/*
 * ask: one GET of a server on this machine, for commands, which may wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ASK_BODY_BYTES 1024

/*
 * GET path of the server that listens on this "host:port". The status, and the body as far as it
 * fits; 0: something answers that is no HTTP server, or nothing in time; -1: nobody is there.
 */
int ask(const char *address, const char *path, char body[ASK_BODY_BYTES]);
