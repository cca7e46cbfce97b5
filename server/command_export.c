/*
 * command_export: a namespace as JSON Lines that hold everything, or as Markdown to read.
 *
 *	sessions, page by page -> memories, page by page, each with its versions, then their further vectors
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <jansson.h>
#include <uuid/uuid.h>

#include "command_db.h"
#include "commands.h"
#include "ingest/export.h"
#include "ingest/markdown.h"
#include "progress.h"
#include "rows.h"
#include "transfer.h"
#include "transfer_words.h"

#define SESSIONS_AT_ONCE 500
#define MEMORIES_AT_ONCE 100 /* with their vectors, 16 KB each */
#define VECTORS_AT_ONCE  100
#define USAGE                                                                                  \
	"sage-mcp export FILE|- [namespace=NAME] [session=ID] [from=TIME] [to=TIME] "          \
	"[tz=ZONE] "                                                                           \
	"[format=jsonl|markdown]"

struct export_run {
	struct command_db *db;
	struct transfer_words words;
	bool markdown;
	FILE *out;
	struct exporter exporter;
	struct progress progress;
	int64_t memories;
	bool failed;
};

static struct arg_text text_of(const char *s)
{
	return (struct arg_text){s, s != NULL ? strlen(s) : 0};
}

/* Without the zeros behind the numbers of a model with fewer dimensions than there are in the database. */
static struct item_embedding embedding_of(const char *model, const float *numbers)
{
	size_t dimensions = numbers != NULL ? EMBEDDING_DIMENSIONS : 0;

	while (dimensions > 1 && fpclassify(numbers[dimensions - 1]) == FP_ZERO &&
	       signbit(numbers[dimensions - 1]) == 0) /* -0 would come back as 0 */
		dimensions--;
	return (struct item_embedding){text_of(model), numbers, dimensions};
}

/* Items of Markdown are sections; sessions and versions are not written there. */
static void write_item(struct export_run *run, const struct item *item)
{
	bool ok = true;

	if (!run->markdown)
		ok = export_item(&run->exporter, item);
	else if (item->kind == ITEM_MEMORY && item->deleted_us == ITEM_NO_TIME)
		ok = markdown_item(run->out, item);
	if (!ok)
		run->failed = true;
}

static void export_session_row(struct export_run *run, const struct transfer_session *session)
{
	struct item item = ITEM_INIT;

	item.kind = ITEM_SESSION;
	item.session_id = text_of(session->id);
	item.name = text_of(session->name);
	item.status = text_of(session->status);
	item.metadata_text = text_of(session->metadata);
	item.created_us = session->created_us;
	item.updated_us = session->updated_us;
	item.active_us = session->active_us;
	write_item(run, &item);
}

static void export_sessions(struct export_run *run)
{
	char behind[1024] = "";
	int count = SESSIONS_AT_ONCE;

	while (count == SESSIONS_AT_ONCE && !run->failed) {
		struct transfer_session session;
		struct query q;

		transfer_sessions_ask(&q, &run->words.scope, behind, SESSIONS_AT_ONCE);
		struct rows *rows = command_db_query(run->db, &q);

		run->failed = rows == NULL;
		count = rows != NULL ? rows_count(rows) : 0;
		for (int row = 0; row < count; row++) {
			transfer_session_read(rows, row, &session);
			export_session_row(run, &session);
			snprintf(behind, sizeof(behind), "%s", session.id);
		}
		rows_free(rows);
	}
}

static void write_memory(struct export_run *run, enum item_kind kind,
    const struct transfer_memory *m, const char *id)
{
	struct item item = ITEM_INIT;
	char supersedes[37];

	item.kind = kind;
	item.id = text_of(id);
	item.session_id = text_of(m->session_id);
	item.agent = text_of(m->agent);
	item.user_input = text_of(m->user_input);
	item.assistant_response = text_of(m->assistant_response);
	item.metadata_text = text_of(m->metadata);
	item.tags = m->tags != NULL ? json_loads(m->tags, 0, NULL) : NULL;
	item.report = m->agent_metadata != NULL ? json_loads(m->agent_metadata, 0, NULL) : NULL;
	item.visibility = m->private ? ITEM_PRIVATE : ITEM_SHARED;
	item.pinned = m->pinned;
	item.version = m->version;
	item.created_us = m->created_us;
	item.updated_us = m->updated_us;
	item.event_us = m->event_us;
	item.valid_until_us = m->valid_until_us;
	item.deleted_us = m->deleted_us;
	item.content_hash = text_of(m->content_hash);
	item.embedding = embedding_of(m->embed_model, m->embedding);
	if (m->has_supersedes) {
		uuid_unparse_lower(m->supersedes, supersedes);
		item.supersedes = text_of(supersedes);
	}
	write_item(run, &item);
	json_decref(item.tags);
	json_decref(item.report);
}

static void export_versions(
    struct export_run *run, const struct transfer_memory *memory, const char *id)
{
	struct transfer_memory version;
	struct query q;

	transfer_versions_ask(&q, memory->id);
	struct rows *rows = command_db_query(run->db, &q);

	run->failed = run->failed || rows == NULL;
	for (int row = 0; rows != NULL && row < rows_count(rows); row++) {
		transfer_version_read(rows, row, &version);
		write_memory(run, ITEM_VERSION, &version, id);
	}
	rows_free(rows);
}

/* Memories of a page whose texts may have further pieces, and the model of their vectors. */
struct embedded {
	unsigned char ids[MEMORIES_AT_ONCE][16];
	const char *models[MEMORIES_AT_ONCE]; /* borrowed from the page */
	size_t count;
};

static void note_embedded(struct embedded *embedded, const struct transfer_memory *memory)
{
	if (memory->embedding == NULL || memory->embed_model == NULL)
		return;
	memcpy(embedded->ids[embedded->count], memory->id, sizeof(memory->id));
	embedded->models[embedded->count++] = memory->embed_model;
}

static void write_vector(struct export_run *run, const struct transfer_vector *vector)
{
	struct item item = ITEM_INIT;
	char id[37];

	uuid_unparse_lower(vector->memory_id, id);
	item.kind = ITEM_VECTOR;
	item.id = text_of(id);
	item.version = vector->version;
	item.part = vector->part;
	item.content_hash = text_of(vector->content_hash);
	item.embedding = embedding_of(vector->model, vector->numbers);
	write_item(run, &item);
}

static void export_vectors(struct export_run *run, const struct embedded *embedded)
{
	static float numbers[EMBEDDING_DIMENSIONS];
	struct transfer_vector vector = {.part = 0};
	int count = embedded->count > 0 ? VECTORS_AT_ONCE : 0;
	size_t at = 0;

	while (count == VECTORS_AT_ONCE && !run->failed) {
		size_t from = at;
		struct query q;

		transfer_vectors_ask(&q, &embedded->ids[from], &embedded->models[from],
		    embedded->count - from, vector.part, VECTORS_AT_ONCE);
		struct rows *rows = command_db_query(run->db, &q);

		run->failed = rows == NULL;
		count = rows != NULL ? rows_count(rows) : 0;
		for (int row = 0; row < count && !run->failed; row++) {
			at = from + transfer_vector_read(rows, row, &vector, numbers);
			write_vector(run, &vector);
		}
		rows_free(rows);
	}
}

/* One page: its memories, each with its versions, then the vectors of further pieces of their texts. */
static void export_page(
    struct export_run *run, const struct rows *rows, struct transfer_memory *memory)
{
	static float numbers[EMBEDDING_DIMENSIONS];
	struct embedded embedded = {.count = 0};

	for (int row = 0; row < rows_count(rows) && !run->failed; row++) {
		char id[37];

		transfer_memory_read(rows, row, memory, numbers);
		uuid_unparse_lower(memory->id, id);
		write_memory(run, ITEM_MEMORY, memory, id);
		if (memory->version > 1 && !run->markdown)
			export_versions(run, memory, id);
		note_embedded(&embedded, memory);
		progress_at(&run->progress, ++run->memories, 0);
	}
	if (!run->markdown)
		export_vectors(run, &embedded);
}

static void export_memories(struct export_run *run)
{
	struct transfer_memory last = {.created_us = ROWS_NO_TIME};
	int count = MEMORIES_AT_ONCE;

	while (count == MEMORIES_AT_ONCE && !run->failed) {
		struct query q;

		transfer_memories_ask(
		    &q, &run->words.scope, last.created_us, last.id, MEMORIES_AT_ONCE);
		struct rows *rows = command_db_query(run->db, &q);

		run->failed = rows == NULL;
		count = rows != NULL ? rows_count(rows) : 0;
		if (count > 0)
			export_page(run, rows, &last);
		rows_free(rows);
	}
}

static int64_t now_us(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

static void export_all(struct export_run *run)
{
	const char *namespace = run->words.scope.namespace;

	progress_begin(&run->progress, "memories", 0);
	run->failed = run->markdown
	                  ? !markdown_begin(run->out, namespace)
	                  : !export_begin(&run->exporter, run->out, namespace, now_us());
	if (!run->failed && !run->markdown)
		export_sessions(run);
	if (!run->failed)
		export_memories(run);
	if (!run->failed && !run->markdown)
		run->failed = !export_end(&run->exporter);
	if (!run->failed)
		progress_end(&run->progress, run->memories);
}

static bool open_output(struct export_run *run)
{
	bool is_standard = strcmp(run->words.file, "-") == 0;

	run->out = is_standard ? stdout : fopen(run->words.file, "we");
	if (run->out == NULL)
		fprintf(stderr, "sage-mcp: %s: %s\n", run->words.file, strerror(errno));
	return run->out != NULL;
}

int command_export(struct options *options, int argc, char **argv)
{
	struct export_run run = {.failed = true};

	if (!transfer_words_read(&run.words, USAGE, argc, argv))
		return 2;
	run.markdown = run.words.format != NULL && strcmp(run.words.format, "markdown") == 0;
	if (run.words.format != NULL && !run.markdown &&
	    strcmp(run.words.format, "jsonl") != 0) {
		fprintf(stderr, "sage-mcp: format=%s is neither jsonl nor markdown\n",
		    run.words.format);
		return 2;
	}
	run.db = command_db_open(options, 1);
	if (run.db != NULL && open_output(&run)) {
		export_all(&run);
		if (fflush(run.out) != 0 || ferror(run.out)) {
			fprintf(stderr, "sage-mcp: %s: %s\n", run.words.file, strerror(errno));
			run.failed = true;
		}
		if (run.out != stdout)
			fclose(run.out);
	}
	command_db_close(run.db);
	return run.failed;
}
