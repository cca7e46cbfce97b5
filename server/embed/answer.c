/* answer: a JSON reader of one pass that keeps the vectors and forgets the rest. */
#include "embed/answer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define BASE64_ROOM (BASE64_LEN(EMBEDDING_DIMENSIONS * sizeof(float)) + 4)

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

#define ESCAPE_HEX 4 /* digits behind \u */

static const struct {
	const char *key;
	enum role in, gives;
} roles[] = {
    {"data", ROLE_ROOT, ROLE_DATA},
    {"error", ROLE_ROOT, ROLE_ERROR},
    {"message", ROLE_ROOT, ROLE_MESSAGE},
    {"message", ROLE_ERROR, ROLE_MESSAGE},
    {"embedding", ROLE_ITEM, ROLE_EMBEDDING},
    {"index", ROLE_ITEM, ROLE_INDEX},
};

bool answer_init(struct answer *a, float *vectors, size_t wanted, size_t dimensions)
{
	memset(a, 0, sizeof(*a));
	a->vectors = vectors;
	a->wanted = wanted;
	a->dimensions = dimensions;
	a->value_role = ROLE_ROOT;
	a->expects = WANT_VALUE;
	a->seen = calloc(wanted, sizeof(*a->seen));
	a->vector = malloc(EMBEDDING_DIMENSIONS * sizeof(*a->vector));
	a->base64 = malloc(BASE64_ROOM);
	if (a->seen != NULL && a->vector != NULL && a->base64 != NULL)
		return true;
	answer_fini(a);
	return false;
}

void answer_fini(struct answer *a)
{
	free(a->seen);
	free(a->vector);
	free(a->base64);
	a->seen = NULL;
	a->vector = NULL;
	a->base64 = NULL;
}

static bool fail(struct answer *a, enum answer_fault fault)
{
	if (a->fault == ANSWER_OK)
		a->fault = fault;
	return false;
}

static enum role role_of_container(const struct answer *a)
{
	return a->depth > 0 ? (enum role)a->open[a->depth - 1].role : ROLE_NONE;
}

static bool in_object(const struct answer *a)
{
	return a->depth > 0 && a->open[a->depth - 1].kind == '{';
}

/* --- vectors ------------------------------------------------------------- */

static void add_number(struct answer *a, double value)
{
	if (a->length == EMBEDDING_DIMENSIONS) {
		a->shape = ANSWER_TOO_LARGE;
		return;
	}
	a->vector[a->length++] = (float)value;
}

static void decode_base64(struct answer *a)
{
	size_t bytes;

	if (a->base64_len >= BASE64_ROOM) {
		a->shape = ANSWER_TOO_LARGE;
		return;
	}
	if (!base64_decode(BASE64_STANDARD, a->base64, a->base64_len, a->vector,
	        EMBEDDING_DIMENSIONS * sizeof(float), &bytes) ||
	    bytes % sizeof(float) != 0) {
		a->shape = ANSWER_BASE64;
		return;
	}
	a->length = bytes / sizeof(float);
	for (size_t i = 0; __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && i < a->length; i++) {
		uint32_t bits;

		memcpy(&bits, &a->vector[i], sizeof(bits));
		bits = __builtin_bswap32(bits);
		memcpy(&a->vector[i], &bits, sizeof(bits));
	}
}

static void judge_vector(struct answer *a)
{
	double sum = 0;

	a->has_vector = true;
	if (a->shape != ANSWER_OK)
		return;
	for (size_t i = 0; i < a->length; i++)
		sum += (double)a->vector[i] * (double)a->vector[i];
	if (!isfinite(sum))
		a->shape = ANSWER_NOT_FINITE;
	else if (a->length > 0 && sum < (double)__FLT_MIN__)
		a->shape = ANSWER_ZERO;
	if (a->shape == ANSWER_OK && a->dimensions == 0)
		a->dimensions = a->length;
	if (a->length == 0 || (a->shape == ANSWER_OK && a->length != a->dimensions))
		a->shape = ANSWER_DIMENSIONS;
}

/* The object of a vector ends: now its place is known. */
static bool end_item(struct answer *a)
{
	size_t place = a->has_index ? a->index : a->arrived;

	if (!a->has_vector)
		return fail(a, ANSWER_NO_VECTORS);
	if (a->shape != ANSWER_OK)
		return fail(a, a->shape);
	if (place >= a->wanted || a->seen[place])
		return fail(a, ANSWER_COUNT);
	a->seen[place] = true;
	a->arrived++;
	float *to = a->vectors + place * EMBEDDING_DIMENSIONS;

	memcpy(to, a->vector, a->length * sizeof(*to));
	memset(to + a->length, 0, (EMBEDDING_DIMENSIONS - a->length) * sizeof(*to));
	return true;
}

static void begin_item(struct answer *a)
{
	a->has_vector = a->has_index = false;
	a->shape = ANSWER_OK;
	a->length = a->base64_len = 0;
}

/* --- values -------------------------------------------------------------- */

static void end_value(struct answer *a)
{
	a->expects = a->depth == 0 ? WANT_NOTHING : WANT_MORE;
}

static bool open_container(struct answer *a, char kind)
{
	enum role role = (enum role)a->value_role;

	if (a->depth == ANSWER_DEPTH)
		return fail(a, ANSWER_NOT_JSON);
	if (role == ROLE_ITEM && kind == '{')
		begin_item(a);
	else if (role == ROLE_EMBEDDING && kind == '[')
		a->length = a->base64_len = 0;
	else if (role == ROLE_EMBEDDING || role == ROLE_ITEM)
		return fail(a, ANSWER_NO_VECTORS);
	if ((role == ROLE_DATA && kind != '[') || (role == ROLE_ROOT && kind != '{'))
		return fail(a, ANSWER_NO_VECTORS);
	a->open[a->depth].kind = (unsigned char)kind;
	a->open[a->depth++].role = (unsigned char)role;
	a->expects = kind == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
	/* Numbers in the array of a vector are its numbers, objects in the array "data" are items. */
	a->value_role =
	    (unsigned char)(role == ROLE_DATA && kind == '[' ? ROLE_ITEM : ROLE_NONE);
	return true;
}

static bool close_container(struct answer *a, char kind)
{
	enum role role = role_of_container(a);

	if (a->depth == 0 || a->open[a->depth - 1].kind != (kind == '}' ? '{' : '['))
		return fail(a, ANSWER_NOT_JSON);
	a->depth--;
	end_value(a);
	if (role == ROLE_EMBEDDING)
		judge_vector(a);
	return role != ROLE_ITEM || end_item(a);
}

static bool end_number(struct answer *a)
{
	double value;

	a->token = TOKEN_NONE;
	if (!number_value(&a->number, &value))
		return fail(a, ANSWER_NOT_JSON);
	if (role_of_container(a) == ROLE_EMBEDDING) {
		add_number(a, value);
	} else if (a->value_role == ROLE_INDEX) {
		a->has_index = true;
		a->index = value >= 0 && value < (double)a->wanted ? (size_t)value : a->wanted;
	} else if (a->value_role == ROLE_EMBEDDING || a->value_role == ROLE_ITEM ||
	           a->value_role == ROLE_ROOT) {
		return fail(a, ANSWER_NO_VECTORS);
	}
	end_value(a);
	return true;
}

static bool end_literal(struct answer *a)
{
	a->token = TOKEN_NONE;
	if (role_of_container(a) == ROLE_EMBEDDING)
		a->shape = ANSWER_NOT_FINITE;
	else if (a->value_role == ROLE_EMBEDDING || a->value_role == ROLE_ITEM ||
	         a->value_role == ROLE_ROOT)
		return fail(a, ANSWER_NO_VECTORS);
	end_value(a);
	return true;
}

static bool end_string(struct answer *a)
{
	a->token = TOKEN_NONE;
	if (a->is_key) {
		enum role in = role_of_container(a);

		a->value_role = ROLE_NONE;
		a->key[a->key_len < sizeof(a->key) ? a->key_len : 0] = '\0';
		for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
			if (roles[i].in == in && strcmp(roles[i].key, a->key) == 0)
				a->value_role = (unsigned char)roles[i].gives;
		}
		a->expects = WANT_COLON;
		return true;
	}
	if (role_of_container(a) == ROLE_EMBEDDING) {
		a->shape = ANSWER_NOT_FINITE; /* "NaN", or other words among numbers */
	} else if (a->value_role == ROLE_EMBEDDING) {
		decode_base64(a);
		judge_vector(a);
	} else if (a->value_role == ROLE_ITEM || a->value_role == ROLE_ROOT) {
		return fail(a, ANSWER_NO_VECTORS);
	}
	end_value(a);
	return true;
}

static bool keeps_message(const struct answer *a)
{
	return a->value_role == ROLE_MESSAGE || a->value_role == ROLE_ERROR;
}

static void take_character(struct answer *a, char c)
{
	if (a->is_key) {
		if (a->key_len < sizeof(a->key))
			a->key[a->key_len++] = c;
	} else if (keeps_message(a) && !a->message_taken) {
		if (a->message_len + 1 < sizeof(a->message))
			a->message[a->message_len++] = (unsigned char)c < ' ' ? ' ' : c;
		a->message[a->message_len] = '\0';
	} else if (a->value_role == ROLE_EMBEDDING) {
		if (a->base64_len < BASE64_ROOM)
			a->base64[a->base64_len++] = c;
	}
}

/* --- characters ---------------------------------------------------------- */

static const char *escaped(char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found = c != '\0' ? strchr(from, c) : NULL;

	return found != NULL ? to + (found - from) : NULL;
}

/* Up to the end of the string, or of what there is. */
static bool feed_string(struct answer *a, const char **at, const char *end)
{
	while (*at < end) {
		char c = *(*at)++;

		if (a->escape >
		    1) { /* the digits of \u: a message is read well enough without */
			if (--a->escape == 1) {
				a->escape = 0;
				take_character(a, '?');
			}
		} else if (a->escape == 1) {
			const char *meant = escaped(c);

			if (meant == NULL && c != 'u')
				return fail(a, ANSWER_NOT_JSON);
			a->escape = c == 'u' ? ESCAPE_HEX + 1 : 0;
			if (meant != NULL)
				take_character(a, *meant);
		} else if (c == '\\') {
			a->escape = 1;
		} else if (c == '"') {
			if (keeps_message(a) && !a->is_key && a->message_len > 0)
				a->message_taken = true;
			return end_string(a);
		} else {
			take_character(a, c);
		}
	}
	return true;
}

static bool feed_number(struct answer *a, const char **at, const char *end)
{
	while (*at < end) {
		if (!number_feed(&a->number, **at))
			return end_number(a);
		(*at)++;
	}
	return true;
}

static bool feed_literal(struct answer *a, const char **at, const char *end)
{
	while (*at < end && *a->literal != '\0') {
		if (*(*at)++ != *a->literal++)
			return fail(a, ANSWER_NOT_JSON);
	}
	return *a->literal != '\0' || end_literal(a);
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
		return open_container(a, c);
	if (c == '"') {
		begin_string(a, false);
		return true;
	}
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		if (*literals[i] == c) {
			a->token = TOKEN_LITERAL;
			a->literal = literals[i] + 1;
			return true;
		}
	}
	memset(&a->number, 0, sizeof(a->number));
	a->token = TOKEN_NUMBER;
	return number_feed(&a->number, c) || fail(a, ANSWER_NOT_JSON);
}

static bool feed_structure(struct answer *a, char c)
{
	int expects = a->expects;

	if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
		return true;
	if ((c == '}' && (expects == WANT_KEY_OR_END || expects == WANT_MORE)) ||
	    (c == ']' && (expects == WANT_VALUE_OR_END || expects == WANT_MORE)))
		return close_container(a, c);
	if (c == ',' && expects == WANT_MORE) {
		a->expects = in_object(a) ? WANT_KEY : WANT_VALUE;
		a->value_role = role_of_container(a) == ROLE_DATA ? ROLE_ITEM : ROLE_NONE;
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
	return fail(a, ANSWER_NOT_JSON);
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

enum answer_fault answer_end(struct answer *a)
{
	if (a->fault == ANSWER_OK && a->expects != WANT_NOTHING)
		fail(a, ANSWER_NOT_JSON);
	if (a->fault == ANSWER_OK && a->arrived == 0)
		fail(a, ANSWER_NO_VECTORS);
	if (a->fault == ANSWER_OK && a->arrived != a->wanted)
		fail(a, ANSWER_COUNT);
	return a->fault;
}

const char *answer_fault_text(enum answer_fault fault)
{
	static const char *const texts[] = {
	    [ANSWER_OK] = "is fine",
	    [ANSWER_NOT_JSON] = "is not complete JSON",
	    [ANSWER_NO_VECTORS] = "has no embeddings in it",
	    [ANSWER_COUNT] = "has not one embedding for each text",
	    [ANSWER_DIMENSIONS] = "has embeddings of another dimension than before",
	    [ANSWER_TOO_LARGE] =
	        "has embeddings of more than 4096 dimensions, the most that is stored",
	    [ANSWER_NOT_FINITE] = "has an embedding with something that is no finite number",
	    [ANSWER_ZERO] = "has an embedding that is all zeros",
	    [ANSWER_BASE64] = "has an embedding that is not base64 of 32-bit floats",
	};

	return texts[fault];
}
