/*
 * split: cuts what comes in chunks into lines, or into JSON objects.
 *
 *	SPLIT_LINES   lines, without their ends
 *	SPLIT_VALUES  objects: one a line, one after the other, or those of an array; also those
 *	              of an array that is a member of one object, {"results": [...]}
 *
 * A broken object costs itself and not what follows: reading goes on at the next line that
 * can begin one. Memory is that of one piece, at most SPLIT_PIECE_BYTES.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ingest/buffer.h"

#define SPLIT_PIECE_BYTES (16 * 1024 * 1024)
#define SPLIT_KEY_BYTES   16

enum split_mode {
	SPLIT_LINES,
	SPLIT_VALUES,
};

enum split_result {
	SPLIT_PIECE,
	SPLIT_BAD,    /* a piece that is none: piece->why says so */
	SPLIT_MORE,   /* all was read: feed, or end */
	SPLIT_END,    /* after split_end() */
	SPLIT_FAILED, /* out of memory */
};

struct piece {
	const char *s; /* valid until the next call; not NUL-terminated */
	size_t len;
	size_t line; /* where it begins, from 1 */
	const char *why;
};

enum split_around { AROUND_NOTHING, AROUND_ARRAY, AROUND_MEMBER };

struct split {
	enum split_mode mode;
	const char *const *members; /* whose arrays are looked into; NULL-terminated, or NULL */
	const char *next, *end;     /* of the chunk, what is not read */
	const char *begin;          /* of the piece, as far as it is in this chunk */
	struct buffer carry;        /* of the piece, what was in chunks before */
	size_t line, piece_line;
	bool ended;
	/* SPLIT_VALUES */
	enum split_around around;
	int depth; /* of open brackets in the object being read; 0: between objects */
	bool in_string, escaped;
	bool skipping; /* what is broken, up to the end of the line */
	bool held;     /* there was an object in the array */
	bool rest;     /* of an object whose member was looked into */
	char last;     /* the character before next */
	char key[SPLIT_KEY_BYTES];
	size_t key_len;
	bool keyed; /* the key was read, and its colon */
};

/* line: that of the first byte. */
void split_init(
    struct split *split, enum split_mode mode, const char *const *members, size_t line);
void split_fini(struct split *split);

/* After SPLIT_MORE, and at first. The bytes must stay until SPLIT_MORE comes again. */
void split_feed(struct split *split, const char *bytes, size_t len);

/* Bytes of the first line that came before the first chunk. */
void split_prepend(struct split *split, const char *bytes, size_t len);
void split_end(struct split *split);

enum split_result split_next(struct split *split, struct piece *piece);
