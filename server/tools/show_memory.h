/*
 * show_memory: a memory as results show it, and for a model to read.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

struct memory;
struct search_hit;

/* Of what was fetched; what is not set is left out. The caller owns the object. */
json_t *show_memory(const struct memory *memory);

/* lead, where it comes from and what to know about it, then its words, fenced. */
void show_memory_text(FILE *out, const char *lead, const struct memory *memory);

/* The same for a hit of a search. */
struct memory memory_of_hit(const struct search_hit *hit);
json_t *show_hit(const struct search_hit *hit);
void show_hit_text(FILE *out, int number, const struct search_hit *hit);
