/*
 * args_impl: shared by args.c and args_list.c.
 */
#pragma once

#include "args.h"

/* Where a complaint goes, and about which argument. */
struct complaint {
	char *text;
	size_t len;
	const char *name;
};

/* Writes "NAME: ..."; always false. */
bool complain(const struct complaint *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool load_enum(const struct arg *arg, const json_t *value, int *at, const struct complaint *c);
bool load_uuid(const json_t *value, struct arg_uuid *uuid, const struct complaint *c);
bool load_texts(const struct arg *arg, const json_t *value, struct arg_texts *at,
    const struct complaint *c);
bool load_uuids(const struct arg *arg, const json_t *value, struct arg_uuids *at,
    const struct complaint *c);
bool load_list(
    const struct arg *arg, const json_t *value, struct arg_list *at, const struct complaint *c);
