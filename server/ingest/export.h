/*
 * export: the project's own format, JSON Lines that hold everything (reader.h reads it).
 *
 *	{"format":"sage-mcp","version":2,"namespace":"default","exported_at":"2026-..."}
 *	{"kind":"session","session_id":"...","name":"...","created_at":"...",...}
 *	{"kind":"memory","id":"...","session_id":"...","user_input":"...",...}
 *	{"kind":"version","id":"...","version":1,"user_input":"...",...}
 *	{"kind":"vector","id":"...","version":2,"part":1,"content_hash":"...","embedding":{...}}
 *	{"kind":"end","sessions":1,"memories":1,"versions":1,"vectors":1}
 *
 * One object a line, in UTF-8. What a thing does not have is left out. Times are RFC 3339 in
 * UTC. "embedding" is {"model", "dimensions", "data"}: data is base64 of the numbers as
 * 32-bit IEEE 754, least significant byte first; numbers behind the last are 0. A memory has the
 * embedding of the first piece of its text; those of the further pieces of a long one, counted by "part", are
 * vectors, with the version and the hash of the memory they were made from. Versions and vectors follow their memory,
 * not always at once. A reader
 * leaves out members it does not know; whoever adds one that must not be left out raises the
 * version: 2 has vectors, 1 had none. Without its last line an export was cut.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ingest/item.h"

#define EXPORT_FORMAT  "sage-mcp"
#define EXPORT_VERSION 2

struct exporter {
	FILE *to;                   /* borrowed */
	size_t written[ITEM_KINDS]; /* items of each kind */
};

/* Each writes one line. False: out of memory, or to has an error (errno says which). */
bool export_begin(struct exporter *exporter, FILE *to, const char *namespace, int64_t now_us)
    __attribute__((warn_unused_result));
bool export_item(struct exporter *exporter, const struct item *item)
    __attribute__((warn_unused_result));
bool export_end(struct exporter *exporter) __attribute__((warn_unused_result));
