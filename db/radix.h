/* radix: sorting whose time grows with the count alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Ascending. scratch has room for as many. */
void radix_sort(uint64_t *keys, uint64_t *scratch, size_t count);
