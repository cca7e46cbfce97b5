/* reserve: malloc() with a second try. */
#include "reserve.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>

#define PIECES 16
#define PIECE_BYTES                                                                            \
	(256 * 1024) /* more than malloc() keeps: it goes back to the system at once */
#define SMALL_BYTES (128 * 1024) /* more is not had from the reserve */

/* What the linker makes of calls of malloc(), and of malloc() itself. NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
FILE *__real_open_memstream(char **text, size_t *len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
FILE *__wrap_open_memstream(char **text, size_t *len);

static void *pieces[PIECES];
static int count;

bool reserve_is_whole(void)
{
	while (count < PIECES) {
		pieces[count] = __real_malloc(PIECE_BYTES);
		if (pieces[count] == NULL)
			return false;
		count++;
	}
	return true;
}

/* Makes room for a thing of that size; false: it is too large, or nothing is left. */
static bool give_up(size_t len)
{
	if (len > SMALL_BYTES || count == 0)
		return false;
	free(pieces[--count]);
	return true;
}

void *__wrap_malloc(size_t len)
{
	void *at = __real_malloc(len);

	while (at == NULL && give_up(len))
		at = __real_malloc(len);
	return at;
}

void *__wrap_calloc(size_t items, size_t len)
{
	void *at = __real_calloc(items, len);

	while (at == NULL && (len == 0 || items <= SMALL_BYTES / len) && give_up(items * len))
		at = __real_calloc(items, len);
	return at;
}

void *__wrap_realloc(void *at, size_t len)
{
	void *moved = __real_realloc(at, len);

	while (moved == NULL && len > 0 && give_up(len))
		moved = __real_realloc(at, len);
	return moved;
}

char *__wrap_strdup(const char *text)
{
	char *copy = __real_strdup(text);

	while (copy == NULL && give_up(strlen(text) + 1))
		copy = __real_strdup(text);
	return copy;
}

char *__wrap_strndup(const char *text, size_t len)
{
	char *copy = __real_strndup(text, len);

	while (copy == NULL && give_up(strnlen(text, len) + 1))
		copy = __real_strndup(text, len);
	return copy;
}

FILE *__wrap_open_memstream(char **text, size_t *len)
{
	FILE *out = __real_open_memstream(text, len);

	while (out == NULL && give_up(BUFSIZ))
		out = __real_open_memstream(text, len);
	return out;
}

/* NOLINTEND(bugprone-reserved-identifier) */

static void *crypto_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(len);
}

static void *crypto_realloc(void *at, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(at, len);
}

static void crypto_free(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

bool reserve_open(void)
{
	json_set_alloc_funcs(malloc, free);
	event_set_mem_functions(malloc, realloc, free);
	return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1 &&
	       reserve_is_whole();
}
