/*
 * answer_impl: between the characters of an answer (answer_json.c) and what they mean (answer.c).
 */
#pragma once

#include "embed/answer.h"

/* What a container or a value is to us. */
enum role {
	ROLE_NONE,
	ROLE_ROOT,
	ROLE_DATA,      /* "data": the array of items */
	ROLE_ITEM,      /* {"index": 0, "embedding": ...} */
	ROLE_EMBEDDING, /* its value */
	ROLE_INDEX,
	ROLE_ERROR,   /* "error": an object with a message, or the message itself */
	ROLE_MESSAGE, /* a text worth keeping */
};

enum expects {
	WANT_VALUE,
	WANT_VALUE_OR_END,
	WANT_KEY,
	WANT_KEY_OR_END,
	WANT_COLON,
	WANT_MORE,
	WANT_NOTHING
};
enum token { TOKEN_NONE, TOKEN_STRING, TOKEN_NUMBER, TOKEN_LITERAL };

/* The first fault stays; returns false. */
bool answer_fail(struct answer *a, enum answer_fault fault);

/* Of the innermost container. */
enum role answer_role(const struct answer *a);
bool answer_in_object(const struct answer *a);

/* What was read. False: there is a fault. */
bool answer_open(struct answer *a, char kind);
bool answer_close(struct answer *a, char kind);
bool answer_number(struct answer *a);
bool answer_literal(struct answer *a);
bool answer_string(struct answer *a);

/* More of the string being read; returns len. */
size_t answer_characters(struct answer *a, const char *bytes, size_t len);
void answer_character(struct answer *a, char c);
