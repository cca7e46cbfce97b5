/* split: one look at each character. */
#include "ingest/split.h"

#include <string.h>

#define TOO_LONG "longer than 16 MiB; it was left out"

void split_init(
    struct split *split, enum split_mode mode, const char *const *members, size_t line)
{
	*split = (struct split){.mode = mode,
	    .members = members,
	    .line = line,
	    .last = '\n',
	    .carry = BUFFER_INIT(SPLIT_PIECE_BYTES)};
}

void split_fini(struct split *split)
{
	buffer_fini(&split->carry);
}

void split_feed(struct split *split, const char *bytes, size_t len)
{
	split->next = bytes;
	split->end = bytes + len;
	split->begin = bytes;
}

void split_prepend(struct split *split, const char *bytes, size_t len)
{
	buffer_add(&split->carry, bytes, len);
	if (len > 0)
		split->last = bytes[len - 1];
}

void split_end(struct split *split)
{
	split->ended = true;
}

/* The piece that ends before end: in the chunk, or carried from those before. */
static enum split_result hand_out(struct split *split, const char *end, struct piece *piece)
{
	*piece = (struct piece){.line = split->piece_line};
	if (split->carry.len > 0 || split->carry.cut) {
		buffer_add(&split->carry, split->begin, (size_t)(end - split->begin));
		piece->s = split->carry.s;
		piece->len = split->carry.len;
	} else {
		piece->s = split->begin;
		piece->len = (size_t)(end - split->begin);
	}
	if (split->carry.failed)
		return SPLIT_FAILED;
	if (split->carry.cut || piece->len > SPLIT_PIECE_BYTES) {
		piece->why = TOO_LONG;
		return SPLIT_BAD;
	}
	return SPLIT_PIECE;
}

/* The chunk is read: what of it belongs to the next piece is carried. */
static void carry_on(struct split *split)
{
	buffer_add(&split->carry, split->begin, (size_t)(split->end - split->begin));
	split->begin = split->end;
}

static enum split_result next_line(struct split *split, struct piece *piece)
{
	size_t left = (size_t)(split->end - split->next);
	const char *newline = left > 0 ? memchr(split->next, '\n', left) : NULL;

	/* The carry is what was handed out before, unless a line goes on from it. */
	if (split->begin == split->next && split->last == '\n')
		buffer_clear(&split->carry);
	split->piece_line = split->line;
	if (newline == NULL) {
		if (left > 0) {
			split->last = split->end[-1];
			carry_on(split);
			split->next = split->end;
		}
		if (!split->ended)
			return split->carry.failed ? SPLIT_FAILED : SPLIT_MORE;
		if (split->last == '\n')
			return SPLIT_END;
		newline = split->end;
	}
	enum split_result result = hand_out(split, newline, piece);

	if (piece->len > 0 && piece->s[piece->len - 1] == '\r')
		piece->len--;
	split->next = newline < split->end ? newline + 1 : split->end;
	split->begin = split->next;
	split->last = '\n';
	split->line++;
	return result;
}

static enum split_result broken(struct split *split, const char *why, struct piece *piece)
{
	*piece = (struct piece){.line = split->piece_line, .why = why};
	split->depth = 0;
	split->in_string = split->rest = split->keyed = false;
	return SPLIT_BAD;
}

static bool is_member(const struct split *split)
{
	for (size_t i = 0; split->members != NULL && split->members[i] != NULL; i++) {
		if (strlen(split->members[i]) == split->key_len &&
		    memcmp(split->members[i], split->key, split->key_len) == 0)
			return true;
	}
	return false;
}

/* A character between objects. False: it can stand there; true: it cannot. */
static bool between(struct split *split, char c)
{
	bool closes = c == ']' && split->around != AROUND_NOTHING;

	if (c == '{') {
		split->depth = 1;
		split->held = true;
		split->begin = split->next - 1;
		split->piece_line = split->line;
		split->keyed = false;
		buffer_clear(&split->carry);
	} else if (c == '[' && split->around == AROUND_NOTHING) {
		split->around = AROUND_ARRAY;
		split->held = false;
	} else if (closes) {
		split->rest = split->around == AROUND_MEMBER;
		split->depth = split->rest;
		split->around = AROUND_NOTHING;
	} else if (strchr(" \t\r\n,", c) == NULL || c == '\0') {
		split->skipping = true;
		split->piece_line = split->line;
		if (!split->held) /* a line with an array of something else */
			split->around = AROUND_NOTHING;
	}
	return split->skipping;
}

/* Skips what is plain in a string, which long texts mostly are; keys are short. */
static void skip_plain(struct split *split)
{
	const char *s = split->next;

	if (split->escaped || (split->depth == 1 && split->key_len < SPLIT_KEY_BYTES))
		return;
	while (s < split->end && *s != '"' && *s != '\\' && *s != '\n')
		s++;
	split->next = s;
}

/* A character inside a string of the object. */
static void in_string(struct split *split, char c)
{
	if (split->escaped)
		split->escaped = false;
	else if (c == '\\')
		split->escaped = true;
	else if (c == '"')
		split->in_string = false;
	if (split->in_string && split->depth == 1 && split->key_len < SPLIT_KEY_BYTES)
		split->key[split->key_len++] = c;
}

/* A character of the object, outside strings. True: it ends the object. */
static bool in_object(struct split *split, char c)
{
	bool opens = c == '[' && split->keyed && split->depth == 1 && !split->rest &&
	             split->around == AROUND_NOTHING && is_member(split);

	if (opens) {
		split->around = AROUND_MEMBER;
		split->depth = 0;
	} else if (c == '"') {
		split->in_string = true;
		split->key_len = split->keyed ? SPLIT_KEY_BYTES : 0;
	} else if (c == '{' || c == '[') {
		split->depth++;
	} else if (c == '}' || c == ']') {
		return --split->depth == 0;
	}
	if (split->depth == 1 && strchr(" \t\r\n", c) == NULL)
		split->keyed = c == ':';
	return false;
}

/* The objects of one chunk, one after the other. */
static enum split_result read_values(struct split *split, struct piece *piece)
{
	while (split->next < split->end) {
		char c = *split->next++, last = split->last;

		split->last = c;
		split->line += c == '\n';
		if (split->skipping) {
			split->skipping = c != '\n';
		} else if (split->depth == 0) {
			if (between(split, c))
				return broken(split, "not a JSON object", piece);
		} else if (c == '\n' && split->in_string) {
			return broken(split, "a line ends inside a string", piece);
		} else if (split->in_string) {
			in_string(split, c);
			if (split->in_string)
				skip_plain(split);
		} else if (c == '{' && last == '\n' && split->around == AROUND_NOTHING) {
			split->next--;
			split->last = '\n';
			return broken(split, "an object is not closed", piece);
		} else if (in_object(split, c)) {
			if (!split->rest)
				return hand_out(split, split->next, piece);
			split->rest = false;
		}
	}
	return SPLIT_MORE;
}

static enum split_result next_value(struct split *split, struct piece *piece)
{
	enum split_result result = read_values(split, piece);

	if (result != SPLIT_MORE)
		return result;
	if (split->depth > 0 && !split->rest)
		carry_on(split);
	if (split->carry.failed)
		return SPLIT_FAILED;
	if (!split->ended)
		return SPLIT_MORE;
	if (split->depth > 0 || split->around != AROUND_NOTHING) {
		split->around = AROUND_NOTHING;
		return broken(split, "the input ends in the middle", piece);
	}
	return SPLIT_END;
}

enum split_result split_next(struct split *split, struct piece *piece)
{
	return split->mode == SPLIT_LINES ? next_line(split, piece) : next_value(split, piece);
}
