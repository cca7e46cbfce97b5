/* answer: what the values of the JSON mean; answer_json.c reads it. */
#include "embed/answer_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define BASE64_ROOM (BASE64_LEN(EMBEDDING_DIMENSIONS * sizeof(float)) + 4)

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

bool answer_fail(struct answer *a, enum answer_fault fault)
{
	if (a->fault == ANSWER_OK)
		a->fault = fault;
	return false;
}

enum role answer_role(const struct answer *a)
{
	return a->depth > 0 ? (enum role)a->open[a->depth - 1].role : ROLE_NONE;
}

bool answer_in_object(const struct answer *a)
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
		return answer_fail(a, ANSWER_NO_VECTORS);
	if (a->shape != ANSWER_OK)
		return answer_fail(a, a->shape);
	if (place >= a->wanted || a->seen[place])
		return answer_fail(a, ANSWER_COUNT);
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

bool answer_open(struct answer *a, char kind)
{
	enum role role = (enum role)a->value_role;

	if (a->depth == ANSWER_DEPTH)
		return answer_fail(a, ANSWER_NOT_JSON);
	if (role == ROLE_ITEM && kind == '{')
		begin_item(a);
	else if (role == ROLE_EMBEDDING && kind == '[')
		a->length = a->base64_len = 0;
	else if (role == ROLE_EMBEDDING || role == ROLE_ITEM)
		return answer_fail(a, ANSWER_NO_VECTORS);
	if ((role == ROLE_DATA && kind != '[') || (role == ROLE_ROOT && kind != '{'))
		return answer_fail(a, ANSWER_NO_VECTORS);
	a->open[a->depth].kind = (unsigned char)kind;
	a->open[a->depth++].role = (unsigned char)role;
	a->expects = kind == '{' ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
	/* Numbers in the array of a vector are its numbers, objects in the array "data" are items. */
	a->value_role =
	    (unsigned char)(role == ROLE_DATA && kind == '[' ? ROLE_ITEM : ROLE_NONE);
	return true;
}

bool answer_close(struct answer *a, char kind)
{
	enum role role = answer_role(a);

	if (a->depth == 0 || a->open[a->depth - 1].kind != (kind == '}' ? '{' : '['))
		return answer_fail(a, ANSWER_NOT_JSON);
	a->depth--;
	end_value(a);
	if (role == ROLE_EMBEDDING)
		judge_vector(a);
	return role != ROLE_ITEM || end_item(a);
}

bool answer_number(struct answer *a)
{
	double value;

	a->token = TOKEN_NONE;
	if (!number_value(&a->number, &value))
		return answer_fail(a, ANSWER_NOT_JSON);
	if (answer_role(a) == ROLE_EMBEDDING) {
		add_number(a, value);
	} else if (a->value_role == ROLE_INDEX) {
		a->has_index = true;
		a->index = value >= 0 && value < (double)a->wanted ? (size_t)value : a->wanted;
	} else if (a->value_role == ROLE_EMBEDDING || a->value_role == ROLE_ITEM ||
	           a->value_role == ROLE_ROOT) {
		return answer_fail(a, ANSWER_NO_VECTORS);
	}
	end_value(a);
	return true;
}

bool answer_literal(struct answer *a)
{
	a->token = TOKEN_NONE;
	if (answer_role(a) == ROLE_EMBEDDING)
		a->shape = ANSWER_NOT_FINITE;
	else if (a->value_role == ROLE_EMBEDDING || a->value_role == ROLE_ITEM ||
	         a->value_role == ROLE_ROOT)
		return answer_fail(a, ANSWER_NO_VECTORS);
	end_value(a);
	return true;
}

static bool keeps_message(const struct answer *a)
{
	return !a->is_key && (a->value_role == ROLE_MESSAGE || a->value_role == ROLE_ERROR);
}

bool answer_string(struct answer *a)
{
	a->token = TOKEN_NONE;
	if (keeps_message(a) && a->message_len > 0)
		a->message_taken = true;
	if (a->is_key) {
		enum role in = answer_role(a);

		a->value_role = ROLE_NONE;
		a->key[a->key_len < sizeof(a->key) ? a->key_len : 0] = '\0';
		for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
			if (roles[i].in == in && strcmp(roles[i].key, a->key) == 0)
				a->value_role = (unsigned char)roles[i].gives;
		}
		a->expects = WANT_COLON;
		return true;
	}
	if (answer_role(a) == ROLE_EMBEDDING) {
		a->shape = ANSWER_NOT_FINITE; /* "NaN", or other words among numbers */
	} else if (a->value_role == ROLE_EMBEDDING) {
		decode_base64(a);
		judge_vector(a);
	} else if (a->value_role == ROLE_ITEM || a->value_role == ROLE_ROOT) {
		return answer_fail(a, ANSWER_NO_VECTORS);
	}
	end_value(a);
	return true;
}

/* As much of len bytes as there is room for. */
static size_t keep(char *to, size_t *used, size_t room, const char *bytes, size_t len)
{
	size_t fits = room - *used < len ? room - *used : len;

	memcpy(to + *used, bytes, fits);
	*used += fits;
	return fits;
}

static void keep_message(struct answer *a, const char *bytes, size_t len)
{
	size_t from = a->message_len;

	keep(a->message, &a->message_len, sizeof(a->message) - 1, bytes, len);
	a->message[a->message_len] = '\0';
	for (; from < a->message_len; from++) {
		if ((unsigned char)a->message[from] < ' ')
			a->message[from] = ' ';
	}
}

size_t answer_characters(struct answer *a, const char *bytes, size_t len)
{
	if (a->is_key)
		keep(a->key, &a->key_len, sizeof(a->key), bytes, len);
	else if (keeps_message(a) && !a->message_taken)
		keep_message(a, bytes, len);
	else if (a->value_role == ROLE_EMBEDDING)
		keep(a->base64, &a->base64_len, BASE64_ROOM, bytes, len);
	return len;
}

void answer_character(struct answer *a, char c)
{
	answer_characters(a, &c, 1);
}

enum answer_fault answer_end(struct answer *a)
{
	if (a->fault == ANSWER_OK && a->expects != WANT_NOTHING)
		answer_fail(a, ANSWER_NOT_JSON);
	if (a->fault == ANSWER_OK && a->arrived == 0)
		answer_fail(a, ANSWER_NO_VECTORS);
	if (a->fault == ANSWER_OK && a->arrived != a->wanted)
		answer_fail(a, ANSWER_COUNT);
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
