/*
 * reembed_canary: words -> how rare -> questions; questions -> vectors -> ranks.
 */
#include "reembed_canary.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command_db.h"
#include "embed/embedder.h"
#include "embedding.h"
#include "fnv.h"
#include "rows.h"

#define SAMPLE            500  /* memories whose words are counted */
#define SAMPLE_CHARACTERS 2000 /* of each of their texts */
#define RARITY_CLASSES    4096
#define QUESTION_WORDS    5
#define LEAST_WORD_BYTES  4
#define MOST_WORD_BYTES   32
#define TOP               5

/* --- words --------------------------------------------------------------- */

struct word {
	const char *s;
	size_t len;
	unsigned rarity; /* memories of the sample with it, or with another of its class */
};

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) != 0 || (unsigned char)c >= 0x80;
}

/* The next word at or behind *at; false: there is none. */
static bool next_word(const char **at, struct word *word)
{
	while (**at != '\0') {
		const char *from = *at;

		while (is_word_byte(**at) && *at - from < MOST_WORD_BYTES)
			(*at)++;
		while (((unsigned char)**at & 0xC0) == 0x80) /* not within a character */
			(*at)++;
		*word = (struct word){from, (size_t)(*at - from), 0};
		if (word->len >= LEAST_WORD_BYTES)
			return true;
		if (*at == from)
			(*at)++;
	}
	return false;
}

static size_t class_of(const struct word *word)
{
	uint32_t hash = FNV_OFFSET;

	for (size_t i = 0; i < word->len; i++)
		hash = fnv_byte(hash, (uint32_t)tolower((unsigned char)word->s[i]));
	return hash % RARITY_CLASSES;
}

static void count_words(const struct rows *rows, int row, unsigned *rarity, int *last_row)
{
	struct word word;

	for (int col = 1; col <= 2; col++) {
		const char *at = rows_text(rows, row, col, NULL);

		while (next_word(&at, &word)) {
			size_t i = class_of(&word);

			rarity[i] += last_row[i] != row + 1;
			last_row[i] = row + 1;
		}
	}
}

/* Keeps the rarest, the longer ones of those. */
static void keep_word(struct word *best, size_t *count, const struct word *word)
{
	size_t at = *count;

	for (size_t i = 0; i < *count; i++) {
		if (best[i].len == word->len && strncasecmp(best[i].s, word->s, word->len) == 0)
			return;
	}
	while (at > 0 &&
	       (word->rarity < best[at - 1].rarity ||
	           (word->rarity == best[at - 1].rarity && word->len > best[at - 1].len)))
		at--;
	if (at == QUESTION_WORDS)
		return;
	if (*count < QUESTION_WORDS)
		(*count)++;
	memmove(&best[at + 1], &best[at], (*count - at - 1) * sizeof(*best));
	best[at] = *word;
}

/* False: it has too few words to ask for it. */
static bool make_question(
    const struct rows *rows, int row, const unsigned *rarity, struct canary_question *question)
{
	struct word best[QUESTION_WORDS], word;
	size_t count = 0, len = 0;

	for (int col = 1; col <= 2; col++) {
		const char *at = rows_text(rows, row, col, NULL);

		while (next_word(&at, &word)) {
			word.rarity = rarity[class_of(&word)];
			keep_word(best, &count, &word);
		}
	}
	if (count < 2)
		return false;
	rows_uuid_bytes(rows, row, 0, question->id);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(question->text + len, sizeof(question->text) - len,
		    "%s%.*s", i > 0 ? " " : "", (int)best[i].len, best[i].s);
	return true;
}

bool canary_make(struct canary *canary, struct command_db *db)
{
	unsigned *rarity = calloc(RARITY_CLASSES, sizeof(*rarity));
	int *last_row = calloc(RARITY_CLASSES, sizeof(*last_row));
	struct rows *rows = NULL;
	struct query q;

	canary->count = 0;
	if (rarity != NULL && last_row != NULL) {
		canary_sample_ask(&q, SAMPLE, SAMPLE_CHARACTERS);
		rows = command_db_query(db, &q);
	}
	for (int row = 0; rows != NULL && row < rows_count(rows); row++)
		count_words(rows, row, rarity, last_row);
	for (int row = 0;
	     rows != NULL && row < rows_count(rows) && canary->count < CANARY_QUESTIONS; row++)
		canary->count +=
		    make_question(rows, row, rarity, &canary->questions[canary->count]);
	bool ok = rows != NULL;

	rows_free(rows);
	free(rarity);
	free(last_row);
	return ok;
}

/* --- measuring ------------------------------------------------------------ */

struct asked {
	struct command_db *db;
	enum provider_outcome outcome;
};

static void on_asked(void *arg, enum provider_outcome outcome)
{
	struct asked *asked = arg;

	asked->outcome = outcome;
	command_db_wake(asked->db);
}

/* The vector of one question; false: there is none. */
static bool ask(const struct canary_question *question, struct command_db *db,
    struct embedder *embedder, float *vector, char *why, size_t why_len)
{
	const struct embedder_config *config = embedder_config(embedder);
	struct asked asked = {.db = db};
	struct provider_text text = {question->text, strlen(question->text)};
	struct provider_request request = {
	    .prefix = config->query_prefix,
	    .texts = &text,
	    .count = 1,
	    .vectors = vector,
	    .dimensions = embedder_dimensions(embedder),
	    .deadline_ms = clock_ms() + config->provider.timeout_ms,
	    .done = on_asked,
	    .arg = &asked,
	};

	provider_ask(embedder_provider(embedder), &request);
	command_db_wait(db);
	snprintf(why, why_len, "%s", request.error);
	return asked.outcome == PROVIDER_OK;
}

double canary_measure(const struct canary *canary, struct command_db *db,
    struct embedder *embedder, const char *model, bool unknown_too, char *why, size_t why_len)
{
	float *vector = calloc(EMBEDDING_DIMENSIONS, sizeof(*vector));
	size_t found = 0;
	bool ok = vector != NULL;
	struct query q;

	for (size_t i = 0; ok && i < canary->count; i++) {
		ok = ask(&canary->questions[i], db, embedder, vector, why, why_len);
		if (!ok)
			break;
		canary_rank_ask(
		    &q, canary->questions[i].id, model, vector, CANARY_POOL, unknown_too);
		struct rows *rows = command_db_query(db, &q);

		ok = rows != NULL;
		found += ok && rows_count(rows) > 0 && rows_int(rows, 0, 0) < TOP;
		rows_free(rows);
	}
	free(vector);
	return ok ? (double)found / (double)canary->count : -1;
}
