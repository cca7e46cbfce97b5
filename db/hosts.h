/*
 * hosts: the hosts that a connection string names (host, hostaddr and port are lists by comma).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HOSTS_MAX          8
#define HOST_NAME_BYTES    256
#define HOST_ADDRESS_BYTES 46 /* as INET6_ADDRSTRLEN */
#define HOST_PORT_BYTES    8

struct host {
	char name[HOST_NAME_BYTES];       /* or a socket directory, or "" for libpq's default */
	char address[HOST_ADDRESS_BYTES]; /* given as hostaddr, or "" */
	char port[HOST_PORT_BYTES];
};

struct hosts {
	struct host list[HOSTS_MAX];
	int count;
};

/* Each list may be NULL: PGHOST, PGPORT and the usual port take its place. False: too many, or
 * not as many of the one as of the other; error says what it takes. */
bool hosts_read(struct hosts *hosts, const char *names, const char *addresses,
    const char *ports, char *error, size_t error_len);

void hosts_keep_only(struct hosts *hosts, int index);
