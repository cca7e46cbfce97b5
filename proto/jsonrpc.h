/*
 * jsonrpc: one JSON-RPC 2.0 message: bytes in, struct out, and back.
 *
 * Pure functions. A message is parsed strictly: duplicate keys, a missing or
 * fractional id, a wrong "jsonrpc" are refused, and so is what PostgreSQL or
 * JavaScript clients cannot hold (guard.h). Refusals name the place
 * (params.arguments.user_input) and the limit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum rpc_code {
#define RPC_ERROR(name, code, http, text) RPC_##name,
#include "errors.def"
#undef RPC_ERROR
	RPC_CODE_COUNT
};

struct rpc_error {
	enum rpc_code code;
	int http_status; /* preset from the table; the era may change it */
	char text[512];  /* one sentence: what is wrong, where, and the limit */
	json_t *data;    /* owned; may be NULL */
};

/* Fills e: the code's title, then ": " and the formatted detail. Takes data (may be NULL). */
void rpc_error_set(struct rpc_error *e, enum rpc_code code, json_t *data, const char *format,
    ...) __attribute__((format(printf, 4, 5)));
void rpc_error_fini(struct rpc_error *e);

enum rpc_kind {
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESPONSE, /* a client's answer to a request of the server */
};

struct rpc_message {
	enum rpc_kind kind;
	json_t *root;       /* owned; all below are borrowed from it */
	const json_t *id;   /* string or integer; NULL for notifications */
	const char *method; /* NULL for responses */
	json_t *params;     /* object, or NULL when absent */
};

/*
 * Parses one message. On failure returns false and fills error; msg->id is
 * then still set when it could be read, so that the answer can carry it
 * (msg must be finished in both cases).
 */
bool rpc_parse(const char *body, size_t len, struct rpc_message *msg, struct rpc_error *error)
    __attribute__((warn_unused_result));

/* The same for a plain object, not a message: within the guard's limits. NULL: error says what is wrong. */
json_t *rpc_parse_object(const char *body, size_t len, struct rpc_error *error);

/* The same for a message that was parsed before, as part of a batch; takes root. */
bool rpc_read(json_t *root, struct rpc_message *msg, struct rpc_error *error)
    __attribute__((warn_unused_result));

/*
 * Reads an array of messages (a batch). NULL: error is filled; also when
 * it is empty, has more than most elements, or one that is no object. The caller owns the array.
 */
json_t *rpc_parse_batch(const char *body, size_t len, size_t most, struct rpc_error *error);

/* Frees what msg owns; a zeroed msg is fine. */
void rpc_message_fini(struct rpc_message *msg);

/*
 * {"jsonrpc":"2.0","id":ID,"result":RESULT} with RESULT given as JSON text.
 * The caller frees the text with free(); *len gets its length.
 */
char *rpc_result_text(const json_t *id, const char *result, size_t result_len, size_t *len);

/* The error message; id NULL is written as null. Same ownership. */
char *rpc_error_text(const json_t *id, const struct rpc_error *error, size_t *len);
