/* fnv: the 32-bit FNV-1a hash, for tables in memory and for terms. */
#pragma once

#include <stdint.h>

#define FNV_OFFSET 2166136261U
#define FNV_PRIME  16777619U

static inline uint32_t fnv_byte(uint32_t hash, uint32_t byte)
{
	return (hash ^ byte) * FNV_PRIME;
}

static inline uint32_t fnv_text(const char *text)
{
	uint32_t hash = FNV_OFFSET;

	for (; *text != '\0'; text++)
		hash = fnv_byte(hash, (unsigned char)*text);
	return hash;
}
