/*
 * address: "host:port" and "[v6]:port", as LISTEN has it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_HOST_BYTES 256
#define ADDRESS_BYTES      280

/* port is borrowed from address; it is all digits. False: it is no such address. */
bool address_split(const char *address, char host[ADDRESS_HOST_BYTES], const char **port);

/* A bare IPv6 address gets brackets. */
void address_join(char address[ADDRESS_BYTES], const char *host, unsigned port);

/* Where a server on every address is asked on this machine: "0.0.0.0" and "*" are 127.0.0.1, "::" is ::1. */
void address_make_local(char host[ADDRESS_HOST_BYTES]);
