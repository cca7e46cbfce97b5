/*
 * bench_answer: how long reading the answer of a provider takes, and its longest turn, which is as long as
 * the loop does nothing else.
 *
 *	bench_answer [ROUNDS]      prints a line of JSON for each form of an answer
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base64.h"
#include "embed/post.h"
#include "embed/provider.h"
#include "embed/ranks.h"
#include "embed/reranker.h"

#define TEXTS 100
#define TURN_BYTES                                                                             \
	(100 * POST_PIECE_BYTES) /* the most that libcurl reads in one turn of the loop */

/* Of this thread: what other programs do meanwhile does not count. */
static int64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void write_numbers(FILE *out, const float *numbers)
{
	for (int i = 0; i < EMBEDDING_DIMENSIONS; i++)
		fprintf(out, "%s%.17g", i > 0 ? "," : "[", (double)numbers[i]);
	fputc(']', out);
}

static void write_base64(FILE *out, const float *numbers)
{
	static char text[BASE64_LEN(EMBEDDING_DIMENSIONS * sizeof(float))];

	base64_encode(BASE64_STANDARD, numbers, EMBEDDING_DIMENSIONS * sizeof(float), text);
	fprintf(out, "\"%s\"", text);
}

static char *make(void (*write)(FILE *out, const float *numbers), size_t *len)
{
	float numbers[EMBEDDING_DIMENSIONS];
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	fputs("{\"data\":[", out);
	for (int t = 0; t < TEXTS; t++) {
		for (int i = 0; i < EMBEDDING_DIMENSIONS; i++)
			numbers[i] = (float)(rand() % 2000000 - 1000000) * 3.1e-8F;
		fprintf(out, "%s{\"index\":%d,\"embedding\":", t > 0 ? "," : "", t);
		write(out, numbers);
		fputc('}', out);
	}
	fputs("]}", out);
	fclose(out);
	return text;
}

static void tell(const char *name, size_t len, int64_t all_us, int64_t longest_us)
{
	printf("{\"form\": \"%s\", \"bytes\": %zu, \"all_us\": %lld, \"longest_turn_us\": "
	       "%lld}\n",
	    name, len, (long long)all_us, (long long)longest_us);
}

static void measure(const char *name, void (*write)(FILE *out, const float *numbers),
    int rounds, float *vectors)
{
	int64_t best_us = INT64_MAX, longest_us = INT64_MAX;
	size_t len;
	char *text = make(write, &len);

	for (int round = 0; round < rounds; round++) {
		int64_t began = cpu_us(), longest = 0;
		struct answer a;

		if (!answer_init(&a, vectors, TEXTS, 0))
			abort();
		for (size_t at = 0; at < len; at += TURN_BYTES) {
			int64_t turn = cpu_us();

			answer_feed(
			    &a, text + at, at + TURN_BYTES < len ? TURN_BYTES : len - at);
			turn = cpu_us() - turn;
			if (turn > longest)
				longest = turn;
		}
		if (answer_end(&a) != ANSWER_OK)
			abort();
		answer_fini(&a);
		int64_t took = cpu_us() - began;

		if (took < best_us)
			best_us = took;
		if (longest < longest_us)
			longest_us = longest;
	}
	tell(name, len, best_us, longest_us);
	free(text);
}

/* As many scores as there can be, with the texts as long as they can be, sent back; read in one go. */
static void measure_scores(int rounds)
{
	static double scores[RERANK_MOST_TEXTS];
	int64_t best_us = INT64_MAX;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs("{\"results\":[", out);
	for (int i = 0; i < RERANK_MOST_TEXTS; i++) {
		fprintf(out,
		    "%s{\"index\":%d,\"relevance_score\":%.17g,\"document\":{\"text\":\"",
		    i > 0 ? "," : "", i, (double)rand() / RAND_MAX);
		for (int at = 0; at < 2 * RERANK_TEXT_BYTES; at += 5)
			fputs("word\\n", out);
		fputs("\"}}", out);
	}
	fputs("]}", out);
	fclose(out);
	for (int round = 0; round < rounds; round++) {
		int64_t began = cpu_us();

		if (ranks_read(text, len, scores, RERANK_MOST_TEXTS) != RANKS_OK)
			abort();
		int64_t took = cpu_us() - began;

		if (took < best_us)
			best_us = took;
	}
	tell("50 scores with their texts", len, best_us, best_us);
	free(text);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20;
	float *vectors = malloc((size_t)TEXTS * EMBEDDING_DIMENSIONS * sizeof(*vectors));

	measure("100 x 4,096 as numbers", write_numbers, rounds, vectors);
	measure("100 x 4,096 as base64", write_base64, rounds, vectors);
	measure_scores(rounds);
	free(vectors);
	return 0;
}
