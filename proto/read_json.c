/* read_json: one pass, recursive; a string without escapes is copied once, as a whole. */
#include "read_json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "utf8.h"

#define MAX_DIGITS 15 /* of an integer: always within 2^53 */

struct reader {
	const char *at, *end;
	int depth;
};

static json_t *read_value(struct reader *r);

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

/* Takes c, after blanks. */
static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* --- strings --- */

static bool is_plain(char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

/* Behind the opening quote: the closing one, or NULL. *escapes: how many there are before it. */
static const char *string_end(const struct reader *r, size_t *escapes)
{
	const char *s = r->at;

	*escapes = 0;
	for (;;) {
		while (s < r->end && is_plain(*s))
			s++;
		size_t left = (size_t)(r->end - s);

		if (left == 0 || *s == '"')
			return left > 0 ? s : NULL;
		size_t len = *s == '\\'                 ? 2
		             : (unsigned char)*s < 0x80 ? 0
		                                        : utf8_sequence(s, left);

		if (len == 0 || len > left) /* which escape it is, unescape() looks at */
			return NULL;
		*escapes += *s == '\\';
		s += len;
	}
}

/* Four hexadecimal digits at s, which has at least so many bytes before its quote; or -1. */
static int32_t hex4(const char *s, const char *end)
{
	int32_t value = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
		            : c >= 'a' && c <= 'f' ? c - 'a' + 10
		            : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                   : -1;

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static char *put_utf8(char *out, int32_t c)
{
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (int i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(first[len] | c);
	return out + len;
}

/* \uXXXX at *s, a pair of them where it takes two; NULL for U+0000 and lone surrogates. */
static char *unescape_unicode(const char **s, const char *end, char *out)
{
	int32_t c = hex4(*s + 2, end);

	*s += 6;
	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	if (c >= 0xd800 && c <= 0xdbff) {
		int32_t low =
		    end - *s >= 6 && (*s)[0] == '\\' && (*s)[1] == 'u' ? hex4(*s + 2, end) : -1;

		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*s += 6;
	}
	return put_utf8(out, c);
}

/* One escape at *s; the end of what was written, or NULL. */
static char *unescape_one(const char **s, const char *end, char *out)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if ((*s)[1] == 'u')
		return unescape_unicode(s, end, out);
	name = memchr(names, (*s)[1], sizeof(names) - 1);
	if (name == NULL)
		return NULL;
	*s += 2;
	*out = meanings[name - names];
	return out + 1;
}

/* An escape is never shorter than what it stands for, so there is room. */
static json_t *unescape(const char *s, const char *end)
{
	char *text = malloc((size_t)(end - s));
	char *out = text;
	json_t *value = NULL;

	while (out != NULL && s < end) {
		const char *escape = memchr(s, '\\', (size_t)(end - s));
		size_t plain = (size_t)((escape != NULL ? escape : end) - s);

		memcpy(out, s, plain);
		out += plain;
		s += plain;
		if (escape != NULL)
			out = unescape_one(&s, end, out);
	}
	if (out != NULL)
		value = json_stringn_nocheck(text, (size_t)(out - text));
	free(text);
	return value;
}

static json_t *read_string(struct reader *r)
{
	const char *start = ++r->at;
	size_t escapes;
	const char *end = string_end(r, &escapes);

	if (end == NULL)
		return NULL;
	r->at = end + 1;
	return escapes > 0 ? unescape(start, end)
	                   : json_stringn_nocheck(start, (size_t)(end - start));
}

/* --- numbers and names --- */

/* Steps over digits; how many there were. */
static size_t skip_digits(struct reader *r)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - start);
}

static bool at_any(const struct reader *r, char a, char b)
{
	return r->at < r->end && (*r->at == a || *r->at == b);
}

/* Behind the digits before the point. */
static json_t *read_real(struct reader *r, const char *start)
{
	double value;

	if (at_any(r, '.', '.')) {
		r->at++;
		if (skip_digits(r) == 0)
			return NULL;
	}
	if (at_any(r, 'e', 'E')) {
		r->at++;
		if (at_any(r, '+', '-'))
			r->at++;
		if (skip_digits(r) == 0)
			return NULL;
	}
	if (r->at == r->end) /* strtod() would read on */
		return NULL;
	value = strtod(start, NULL);
	return isfinite(value) ? json_real(value) : NULL;
}

static json_t *read_number(struct reader *r)
{
	const char *start = r->at;
	bool negative = *start == '-';
	int64_t value = 0;

	r->at += negative;
	const char *digits = r->at;
	size_t count = skip_digits(r);

	if (count == 0 || (*digits == '0' && count > 1))
		return NULL;
	if (at_any(r, '.', '.') || at_any(r, 'e', 'E'))
		return read_real(r, start);
	if (count > MAX_DIGITS)
		return NULL;
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (digits[i] - '0');
	return json_integer(negative ? -value : value);
}

static json_t *read_name(struct reader *r, const char *name, json_t *value)
{
	size_t len = strlen(name);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, name, len) != 0)
		return NULL;
	r->at += len;
	return value;
}

/* --- objects and arrays --- */

/* Adds a member; false: what is here is none, or the key is there already. */
static bool read_member(struct reader *r, json_t *object)
{
	size_t before = json_object_size(object), escapes = 0;
	const char *end = take(r, '"') ? string_end(r, &escapes) : NULL;
	const char *key = r->at;
	json_t *value;

	if (end == NULL || escapes > 0)
		return false;
	r->at = end + 1;
	value = take(r, ':') ? read_value(r) : NULL;
	return value != NULL &&
	       json_object_setn_new_nocheck(object, key, (size_t)(end - key), value) == 0 &&
	       json_object_size(object) > before;
}

static bool read_element(struct reader *r, json_t *array)
{
	json_t *value = read_value(r);

	return value != NULL && json_array_append_new(array, value) == 0;
}

/* Into an empty object or array; NULL: it is freed. */
static json_t *read_list(struct reader *r, json_t *list,
    bool (*read_one)(struct reader *r, json_t *list), char close)
{
	r->at++;
	if (list == NULL || take(r, close))
		return list;
	while (read_one(r, list)) {
		if (take(r, close))
			return list;
		if (!take(r, ','))
			break;
	}
	json_decref(list);
	return NULL;
}

static json_t *read_value(struct reader *r)
{
	json_t *value = NULL;

	skip_blanks(r);
	if (r->at == r->end || r->depth == GUARD_MAX_DEPTH)
		return NULL;
	r->depth++;
	switch (*r->at) {
	case '{':
		value = read_list(r, json_object(), read_member, '}');
		break;
	case '[':
		value = read_list(r, json_array(), read_element, ']');
		break;
	case '"':
		value = read_string(r);
		break;
	case 't':
		value = read_name(r, "true", json_true());
		break;
	case 'f':
		value = read_name(r, "false", json_false());
		break;
	case 'n':
		value = read_name(r, "null", json_null());
		break;
	default:
		value = read_number(r);
		break;
	}
	r->depth--;
	return value;
}

json_t *read_json(const char *text, size_t len)
{
	struct reader r = {.at = text, .end = text + len};
	json_t *value;

	skip_blanks(&r);
	if (r.at == r.end || (*r.at != '{' && *r.at != '['))
		return NULL;
	value = read_value(&r);
	skip_blanks(&r);
	if (r.at == r.end)
		return value;
	json_decref(value);
	return NULL;
}
