/*
 * export: the project's own format, JSON Lines that hold everything (reader.h reads it).
 *
 *	{"format":"sage-mcp","version":1,"namespace":"default","exported_at":"2026-..."}
 *	{"kind":"session","session_id":"...","name":"...","created_at":"...",...}
 *	{"kind":"memory","id":"...","session_id":"...","user_input":"...",...}
 *	{"kind":"version","id":"...","version":1,"user_input":"...",...}
 *	{"kind":"end","sessions":1,"memories":1,"versions":1}
 *
 * One object a line, in UTF-8. What a thing does not have is left out. Times are RFC 3339 in
 * UTC. "embedding" is {"model", "dimensions", "data"}: data is base64 of the numbers as
 * 32-bit IEEE 754, least significant byte first. Versions follow their memory. A reader
 * leaves out members it does not know; whoever adds one that must not be left out raises the
 * version. Without its last line an export was cut.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ingest/item.h"

#define EXPORT_FORMAT  "sage-mcp"
#define EXPORT_VERSION 1

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
