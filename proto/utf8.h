/*
 * utf8: makes a text that may have been cut, or came from a header, fit for JSON.
 */
#pragma once

#include <stddef.h>

/* Length of the well-formed sequence at s, of which left bytes are there; 0: there is none. */
size_t utf8_sequence(const char *s, size_t left);

/* Replaces every byte that is not part of valid UTF-8 by '?', in place. */
void utf8_repair(char *text);

/* How many of the len bytes at s, at most max, can be quoted without cutting a character. */
int utf8_cut(const char *s, size_t len, int max);
