/*
 * public_address: serves on LISTEN, or on loopback until that is safe.
 */
#pragma once

#include <stddef.h>

struct public_address;
struct service;

/* service stays the caller's, and must outlive it. NULL: error says why. */
struct public_address *public_address_listen(
    struct service *service, char *error, size_t error_len);
void public_address_free(
    struct public_address *address); /* before the database; NULL is fine */
