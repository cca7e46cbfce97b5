/*
 * command_import: memories out of a file of any known format into a namespace.
 *
 *	chunk -> reader -> item -> one of WINDOW places, its statement under way, or held for its memory's -> the next chunk
 *
 * Importing again stores nothing twice, so a run that was broken off is simply repeated.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command_db.h"
#include "commands.h"
#include "import_copy.h"
#include "ingest/reader.h"
#include "progress.h"
#include "rows.h"
#include "transfer.h"
#include "transfer_words.h"

#define WINDOW       128 /* items whose statements are under way */
#define CONNECTIONS  4
#define CHUNK_BYTES  (256 * 1024)
#define MAX_PROBLEMS 20 /* said; the others are counted */
#define USAGE                                                                                  \
	"sage-mcp import FILE|- [namespace=NAME] [session=ID] "                                \
	"[format=any|export|transcript|conversation|server_memory|mem0|sage]"

struct import_run;

/* One item under way. */
struct place {
	struct import_run *run;
	struct query query;
	struct import_copy copy;
	bool busy;
	bool held; /* busy, but its statement waits for those of memories */
	enum item_kind kind;
};

struct import_run {
	struct command_db *db;
	struct transfer_words words;
	struct principal who;
	FILE *in;
	struct reader *reader;
	struct place places[WINDOW];
	int busy, busy_of[ITEM_KINDS]; /* the latter by their kind */
	int held;                      /* of the busy ones */
	struct progress progress;
	int64_t bytes;
	int64_t stored, known, problems, read[ITEM_KINDS];
	bool failed;
};

static void empty_place(struct place *place)
{
	query_fini(&place->query);
	import_copy_fini(&place->copy);
	place->busy = false;
}

static void on_stored(void *arg, struct rows *rows, const struct db_error *error)
{
	struct place *place = arg;
	struct import_run *run = place->run;

	if (error->kind != DB_OK && !run->failed) {
		command_db_explain(error);
		run->failed = true;
	}
	if (error->kind == DB_OK && place->kind == ITEM_MEMORY) {
		run->stored += rows_count(rows) > 0;
		run->known += rows_count(rows) == 0;
	}
	rows_free(rows);
	run->busy_of[place->kind]--;
	empty_place(place);
	run->busy--;
	command_db_wake(run->db);
}

static void finish_kind(struct import_run *run, enum item_kind kind)
{
	while (run->busy_of[kind] > 0)
		command_db_wait(run->db);
}

static void start(struct import_run *run, struct place *place)
{
	if (command_db_start(run->db, &place->query, on_stored, place))
		return;
	run->failed = true;
	run->busy--;
	run->busy_of[place->kind]--;
	empty_place(place);
}

/* What belongs to memories, once these are there. */
static void release(struct import_run *run)
{
	finish_kind(run, ITEM_MEMORY);
	for (int i = 0; run->held > 0; i++) {
		if (!run->places[i].held)
			continue;
		run->places[i].held = false;
		run->held--;
		start(run, &run->places[i]);
	}
}

static struct place *find_place(struct import_run *run)
{
	struct place *place = run->places;

	if (run->busy == WINDOW && run->held > 0)
		release(run);
	while (run->busy == WINDOW)
		command_db_wait(run->db);
	while (place->busy) /* not all of them are */
		place++;
	return place;
}

static void finish_all(struct import_run *run)
{
	release(run);
	while (run->busy > 0)
		command_db_wait(run->db);
}

/* --- items --- */

static void count_problem(struct import_run *run, const char *text)
{
	if (++run->problems <= MAX_PROBLEMS)
		fprintf(stderr, "%s\n", text);
}

static bool ask(struct import_run *run, struct place *place, const struct item *item)
{
	const char *namespace = run->words.scope.namespace;
	struct transfer_session session;
	struct transfer_memory memory;
	struct transfer_vector vector;

	switch (item->kind) {
	case ITEM_SESSION:
		if (!import_copy_session(&place->copy, item, &session))
			return false;
		transfer_session_ask(&place->query, namespace, &session);
		return true;
	case ITEM_MEMORY:
		finish_kind(run, ITEM_SESSION); /* or this makes its session, without a name */
		return import_copy_memory(&place->copy, &run->who, item, &memory) &&
		       transfer_memory_ask(&place->query, namespace, &memory);
	case ITEM_VERSION:
		if (!import_copy_memory(&place->copy, &run->who, item, &memory))
			return false;
		transfer_version_ask(&place->query, namespace, &memory);
		return true;
	case ITEM_VECTOR:
		if (!import_copy_vector(&place->copy, item, &vector))
			return false;
		transfer_vector_ask(&place->query, namespace, &vector);
		return true;
	case ITEM_KINDS:
		break;
	}
	return false;
}

static void store(struct import_run *run, const struct item *item)
{
	struct place *place = find_place(run);
	char text[120];

	place->run = run;
	place->kind = item->kind;
	query_init(&place->query, 0);
	if (!ask(run, place, item)) {
		snprintf(text, sizeof(text), "line %zu: this cannot be stored: %s", item->line,
		    item->kind == ITEM_VECTOR ? "its embedding has too many dimensions"
		                              : "it has no id");
		count_problem(run, text);
		empty_place(place);
		return;
	}
	run->read[item->kind]++;
	place->busy = true;
	run->busy++;
	run->busy_of[item->kind]++;
	/* Its memory may be under way, and waiting for that each time would leave the database idle. */
	place->held = (item->kind == ITEM_VERSION || item->kind == ITEM_VECTOR) &&
	              run->busy_of[ITEM_MEMORY] > 0;
	run->held += place->held;
	if (!place->held)
		start(run, place);
}

/* The next chunk of the file, or its end. */
static void feed(struct import_run *run)
{
	static char chunk[CHUNK_BYTES];
	size_t len = fread(chunk, 1, sizeof(chunk), run->in);

	run->bytes += (int64_t)len;
	if (ferror(run->in)) {
		fprintf(stderr, "sage-mcp: %s: %s\n", run->words.file, strerror(errno));
		run->failed = true;
	} else if (len == 0) {
		reader_end(run->reader);
	} else {
		reader_feed(run->reader, chunk, len);
	}
	progress_at(&run->progress, run->stored + run->known, run->bytes);
}

static void import_all(struct import_run *run)
{
	struct item *item;
	bool over = false;

	while (!over && !run->failed) {
		switch (reader_next(run->reader, &item)) {
		case READER_ITEM:
			store(run, item);
			break;
		case READER_PROBLEM:
			count_problem(run, reader_problem(run->reader));
			break;
		case READER_MORE:
			feed(run);
			break;
		case READER_END:
			over = true;
			break;
		case READER_FAILED:
			fputs("sage-mcp: out of memory\n", stderr);
			run->failed = true;
			break;
		}
	}
	finish_all(run);
	progress_end(&run->progress, run->stored + run->known);
	fprintf(stderr,
	    "%lld stored, %lld were there already, %lld sessions, %lld versions, %lld "
	    "vectors of further pieces, %lld problems\n",
	    (long long)run->stored, (long long)run->known, (long long)run->read[ITEM_SESSION],
	    (long long)run->read[ITEM_VERSION], (long long)run->read[ITEM_VECTOR],
	    (long long)run->problems);
}

static bool open_all(struct import_run *run, const struct options *options)
{
	const struct reader_options reader = {.session_id = run->words.scope.session_id};
	enum reader_format format = READER_ANY;
	struct stat stat = {0};

	if (run->words.format != NULL && !reader_format_of(run->words.format, &format)) {
		fprintf(stderr, "sage-mcp: format=%s is not known\nusage: " USAGE "\n",
		    run->words.format);
		return false;
	}
	run->in = strcmp(run->words.file, "-") == 0 ? stdin : fopen(run->words.file, "re");
	if (run->in == NULL) {
		fprintf(stderr, "sage-mcp: %s: %s\n", run->words.file, strerror(errno));
		return false;
	}
	if (fstat(fileno(run->in), &stat) != 0 || !S_ISREG(stat.st_mode))
		stat.st_size = 0;
	progress_begin(&run->progress, "memories", stat.st_size);
	snprintf(
	    run->who.namespace, sizeof(run->who.namespace), "%s", run->words.scope.namespace);
	run->reader = reader_new(format, &reader);
	run->db = command_db_open(options, CONNECTIONS);
	return run->reader != NULL && run->db != NULL;
}

int command_import(struct options *options, int argc, char **argv)
{
	struct import_run *run = calloc(1, sizeof(*run));
	int status = 1;

	if (run == NULL)
		return 1;
	if (!transfer_words_read(&run->words, USAGE, argc, argv)) {
		free(run);
		return 2;
	}
	if (open_all(run, options)) {
		import_all(run);
		status = run->failed || run->problems > 0;
	}
	command_db_close(run->db);
	reader_free(run->reader);
	if (run->in != NULL && run->in != stdin)
		fclose(run->in);
	for (int i = 0; i < WINDOW; i++)
		empty_place(&run->places[i]);
	free(run);
	return status;
}
