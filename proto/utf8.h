/*
 * utf8: makes a text that may have been cut, or came from a header, fit for JSON.
 */
#pragma once

#include <stddef.h>

/* Replaces every byte that is not part of valid UTF-8 by '?', in place. */
void utf8_repair(char *text);

/* How many of the len bytes at s, at most max, can be quoted without cutting a character. */
int utf8_cut(const char *s, size_t len, int max);
