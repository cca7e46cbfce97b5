/* answer_json: one pass over the characters, which may be cut anywhere. */
#include <string.h>

#include "embed/answer_impl.h"

#define ESCAPE_HEX 4 /* digits behind \u */

static const char *escaped(char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found = c != '\0' ? strchr(from, c) : NULL;

	return found != NULL ? to + (found - from) : NULL;
}

/* Up to the first quote or backslash. */
static size_t plain_length(const char *at, const char *end)
{
	const char *quote = memchr(at, '"', (size_t)(end - at));
	const char *stop = quote != NULL ? quote : end;
	const char *backslash = memchr(at, '\\', (size_t)(stop - at));

	return (size_t)((backslash != NULL ? backslash : stop) - at);
}

/* Behind a backslash. The digits of \u are skipped: a message is read well enough without. */
static bool feed_escape(struct answer *a, char c)
{
	const char *meant;

	if (a->escape > 1) {
		a->escape = a->escape > 2 ? a->escape - 1 : 0;
		if (a->escape == 0)
			answer_character(a, '?');
		return true;
	}
	meant = escaped(c);
	a->escape = c == 'u' ? ESCAPE_HEX + 1 : 0;
	if (meant != NULL)
		answer_character(a, *meant);
	return meant != NULL || c == 'u' || answer_fail(a, ANSWER_NOT_JSON);
}

/* Up to the end of the string, or of what there is. */
static bool feed_string(struct answer *a, const char **at, const char *end)
{
	bool ok = true;

	while (ok && *at < end) {
		if (a->escape > 0) {
			ok = feed_escape(a, *(*at)++);
			continue;
		}
		*at += answer_characters(a, *at, plain_length(*at, end));
		if (*at == end)
			break;
		if (*(*at)++ == '"')
			return answer_string(a);
		a->escape = 1;
	}
	return ok;
}

static bool feed_number(struct answer *a, const char **at, const char *end)
{
	for (;;) {
		*at = number_digits(&a->number, *at, end);
		if (*at == end)
			return true;
		if (!number_feed(&a->number, **at))
			return answer_number(a);
		(*at)++;
	}
}

static bool feed_literal(struct answer *a, const char **at, const char *end)
{
	while (*at < end && *a->literal != '\0') {
		if (*(*at)++ != *a->literal++)
			return answer_fail(a, ANSWER_NOT_JSON);
	}
	return *a->literal != '\0' || answer_literal(a);
}

static void begin_string(struct answer *a, bool is_key)
{
	a->token = TOKEN_STRING;
	a->is_key = is_key;
	a->key_len = a->base64_len = 0;
	a->escape = 0;
}

/* NaN and Infinity are no JSON, but what some programs write; here they end as "not finite". */
static bool begin_value(struct answer *a, char c)
{
	static const char *const literals[] = {"true", "false", "null", "NaN", "Infinity"};

	if (c == '{' || c == '[')
		return answer_open(a, c);
	if (c == '"') {
		begin_string(a, false);
		return true;
	}
	for (size_t i = 0; c > '9' && i < sizeof(literals) / sizeof(*literals); i++) {
		if (*literals[i] == c) {
			a->token = TOKEN_LITERAL;
			a->literal = literals[i] + 1;
			return true;
		}
	}
	memset(&a->number, 0, sizeof(a->number));
	a->token = TOKEN_NUMBER;
	return number_feed(&a->number, c) || answer_fail(a, ANSWER_NOT_JSON);
}

static bool may_close(int expects, char c)
{
	return (c == '}' && (expects == WANT_KEY_OR_END || expects == WANT_MORE)) ||
	       (c == ']' && (expects == WANT_VALUE_OR_END || expects == WANT_MORE));
}

static bool feed_structure(struct answer *a, char c)
{
	int expects = a->expects;

	if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
		return true;
	if (may_close(expects, c))
		return answer_close(a, c);
	if (c == ',' && expects == WANT_MORE) {
		a->expects = answer_in_object(a) ? WANT_KEY : WANT_VALUE;
		a->value_role = answer_role(a) == ROLE_DATA ? ROLE_ITEM : ROLE_NONE;
		return true;
	}
	if (c == ':' && expects == WANT_COLON) {
		a->expects = WANT_VALUE;
		return true;
	}
	if (c == '"' && (expects == WANT_KEY || expects == WANT_KEY_OR_END)) {
		begin_string(a, true);
		return true;
	}
	if (expects == WANT_VALUE || expects == WANT_VALUE_OR_END)
		return begin_value(a, c);
	return answer_fail(a, ANSWER_NOT_JSON);
}

bool answer_feed(struct answer *a, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len;
	bool ok = a->fault == ANSWER_OK;

	while (ok && at < end) {
		switch (a->token) {
		case TOKEN_STRING:
			ok = feed_string(a, &at, end);
			break;
		case TOKEN_NUMBER:
			ok = feed_number(a, &at, end);
			break;
		case TOKEN_LITERAL:
			ok = feed_literal(a, &at, end);
			break;
		default:
			ok = feed_structure(a, *at++);
			break;
		}
	}
	return ok;
}
