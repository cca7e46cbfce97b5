/*
 * markdown: memories for people to read, one section each. It is not read back (export.h is).
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "ingest/item.h"

/* "# TITLE". False, here and below: to has an error. */
bool markdown_begin(FILE *to, const char *title) __attribute__((warn_unused_result));

/* A section: when, who and where, then what was said and answered, each as a quotation. */
bool markdown_item(FILE *to, const struct item *item) __attribute__((warn_unused_result));
