/*
 * command_import: memories out of a file of any known format into a namespace.
 *
 *	chunk -> reader -> item -> one of WINDOW places, its statement under way -> the next chunk
 *
 * Importing again stores nothing twice, so a run that was broken off is simply repeated.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>
#include <uuid/uuid.h>

#include "command_db.h"
#include "commands.h"
#include "compact.h"
#include "ingest/reader.h"
#include "ingest/scrub.h"
#include "progress.h"
#include "rows.h"
#include "tools/clean.h"
#include "tools/memory_limits.h"
#include "transfer.h"
#include "transfer_words.h"

#define WINDOW       128 /* items whose statements are under way */
#define CONNECTIONS  4
#define CHUNK_BYTES  (256 * 1024)
#define MAX_PROBLEMS 20 /* said; the others are counted */
#define LOCAL_AGENT  "local"
#define USAGE                                                                                  \
	"sage-mcp import FILE|- [namespace=NAME] [session=ID] "                                \
	"[format=any|export|transcript|conversation|server_memory|mem0|sage]"

struct import_run;

/* One item under way: a copy of what the reader lent, since that reads on meanwhile. */
struct place {
	struct import_run *run;
	struct query query;
	bool busy;
	enum item_kind kind;
	char *texts[8]; /* owned */
	int text_count;
	float *numbers; /* owned */
	json_t *tags;   /* owned */
	const char *tag_list[MAX_TAGS];
	struct clean clean;
};

struct import_run {
	struct command_db *db;
	struct transfer_words words;
	struct principal who;
	FILE *in;
	struct reader *reader;
	struct place places[WINDOW];
	int busy, busy_of[ITEM_KINDS]; /* the latter by their kind */
	struct progress progress;
	int64_t bytes;
	int64_t stored, known, sessions, versions, problems;
	bool failed;
};

static void empty_place(struct place *place)
{
	query_fini(&place->query);
	for (int i = 0; i < place->text_count; i++)
		free(place->texts[i]);
	free(place->numbers);
	json_decref(place->tags);
	clean_fini(&place->clean);
	place->text_count = 0;
	place->numbers = NULL;
	place->tags = NULL;
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

static struct place *find_place(struct import_run *run)
{
	struct place *place = run->places;

	while (run->busy == WINDOW)
		command_db_wait(run->db);
	while (place->busy) /* not all of them are */
		place++;
	return place;
}

static void finish_kind(struct import_run *run, enum item_kind kind)
{
	while (run->busy_of[kind] > 0)
		command_db_wait(run->db);
}

static void finish_all(struct import_run *run)
{
	while (run->busy > 0)
		command_db_wait(run->db);
}

/* --- copies --- */

static const char *keep(struct place *place, const char *s, size_t len)
{
	char *copy = s != NULL ? strndup(s, len) : NULL;

	if (copy != NULL)
		place->texts[place->text_count++] = copy;
	return copy;
}

static const char *keep_text(struct place *place, const struct arg_text *text)
{
	return keep(place, text->s, text->len);
}

static const char *keep_json(struct place *place, const json_t *json)
{
	char *text;
	size_t len;

	if (json == NULL)
		return NULL;
	text = compact_json(json, &len);
	if (text != NULL)
		place->texts[place->text_count++] = text;
	return text;
}

static void keep_tags(struct place *place, json_t *tags, struct transfer_memory *memory)
{
	size_t count = json_array_size(tags);

	place->tags = json_deep_copy(tags);
	for (size_t i = 0; i < count && i < MAX_TAGS; i++)
		place->tag_list[i] = json_string_value(json_array_get(place->tags, i));
	memory->tag_list = place->tag_list;
	memory->tag_count = count < MAX_TAGS ? count : MAX_TAGS;
}

static void keep_vector(
    struct place *place, const struct item_embedding *embedding, struct transfer_memory *memory)
{
	if (embedding->numbers == NULL || embedding->dimensions > EMBEDDING_DIMENSIONS)
		return;
	/* Fewer dimensions are filled up with zeros: the direction stays. */
	place->numbers = calloc(EMBEDDING_DIMENSIONS, sizeof(float));
	if (place->numbers == NULL)
		return;
	memcpy(place->numbers, embedding->numbers, embedding->dimensions * sizeof(float));
	memory->embedding = place->numbers;
	memory->embed_model = keep_text(place, &embedding->model);
}

/* Its own id, or the one that its key stands for. */
static bool take_id(const struct import_run *run, const struct item *item, unsigned char id[16])
{
	if (item->id.s != NULL && uuid_parse(item->id.s, id) == 0)
		return true;
	if (item->idempotency_key.s == NULL ||
	    item->idempotency_key.len > IDEMPOTENCY_KEY_BYTES)
		return false;
	memory_id_for(&run->who, item->idempotency_key.s, item->idempotency_key.len, id);
	return true;
}

/* What was exported is clean already; everything else is made so. False: out of memory. */
static bool clean(struct place *place, struct transfer_memory *m)
{
	struct memory_new texts = {
	    .user_input = m->user_input,
	    .user_input_len = strlen(m->user_input),
	    .assistant_response = m->assistant_response,
	    .assistant_response_len = strlen(m->assistant_response),
	    .metadata = m->metadata,
	    .metadata_len = m->metadata != NULL ? strlen(m->metadata) : 0,
	    .agent_metadata = m->agent_metadata,
	    .agent_metadata_len = m->agent_metadata != NULL ? strlen(m->agent_metadata) : 0,
	    .tags = m->tag_list,
	    .tag_count = m->tag_count,
	};

	if (!clean_memory(&place->clean, &texts))
		return false;
	m->user_input = texts.user_input;
	m->assistant_response = texts.assistant_response;
	m->metadata = texts.metadata;
	m->agent_metadata = texts.agent_metadata;
	m->tag_list = texts.tags;
	m->tag_count = texts.tag_count;
	return true;
}

static bool copy_memory(struct import_run *run, struct place *place, const struct item *item,
    struct transfer_memory *m)
{
	*m = (struct transfer_memory){
	    .session_id = keep_text(place, &item->session_id),
	    .agent = keep_text(place, &item->agent),
	    .user_input = keep_text(place, &item->user_input),
	    .assistant_response = keep_text(place, &item->assistant_response),
	    .metadata = keep_json(place, item->metadata),
	    .agent_metadata = keep_json(place, item->report),
	    .private = item->visibility == ITEM_PRIVATE,
	    .pinned = item->pinned,
	    .created_us = item->created_us,
	    .updated_us = item->updated_us,
	    .event_us = item->event_us,
	    .valid_until_us = item->valid_until_us,
	    .deleted_us = item->deleted_us,
	    .content_hash = keep_text(place, &item->content_hash),
	    .version = (int)item->version,
	};
	if (m->agent == NULL)
		m->agent = LOCAL_AGENT;
	if (m->user_input == NULL)
		m->user_input = "";
	if (m->assistant_response == NULL)
		m->assistant_response = "";
	m->has_supersedes =
	    item->supersedes.s != NULL && uuid_parse(item->supersedes.s, m->supersedes) == 0;
	keep_tags(place, item->tags, m);
	keep_vector(place, &item->embedding, m);
	return take_id(run, item, m->id) && clean(place, m);
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
	struct transfer_memory memory;

	if (item->kind == ITEM_SESSION) {
		struct transfer_session session = {keep_text(place, &item->session_id),
		    keep_text(place, &item->name), keep_text(place, &item->status),
		    keep_json(place, item->metadata), item->created_us, item->updated_us,
		    item->active_us};

		if (!clean_session(&place->clean, &session.name, &session.metadata))
			return false;
		run->sessions++;
		transfer_session_ask(&place->query, namespace, &session);
		return session.id != NULL;
	}
	finish_kind(run, ITEM_SESSION); /* or the memory makes its session, without a name */
	if (!copy_memory(run, place, item, &memory))
		return false;
	if (item->kind == ITEM_MEMORY)
		return transfer_memory_ask(&place->query, namespace, &memory);
	run->versions++;
	finish_kind(run, ITEM_MEMORY); /* its own must be there */
	transfer_version_ask(&place->query, namespace, &memory);
	return true;
}

static void store(struct import_run *run, const struct item *item)
{
	struct place *place = find_place(run);
	char text[80];

	place->run = run;
	place->kind = item->kind;
	query_init(&place->query, 0);
	if (!ask(run, place, item)) {
		snprintf(text, sizeof(text), "line %zu: this cannot be stored: it has no id",
		    item->line);
		count_problem(run, text);
		empty_place(place);
		return;
	}
	place->busy = true;
	run->busy++;
	run->busy_of[item->kind]++;
	if (command_db_start(run->db, &place->query, on_stored, place))
		return;
	run->failed = true;
	run->busy--;
	run->busy_of[item->kind]--;
	empty_place(place);
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
	    "problems\n",
	    (long long)run->stored, (long long)run->known, (long long)run->sessions,
	    (long long)run->versions, (long long)run->problems);
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
