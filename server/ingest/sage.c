/*
 * sage: the original's two tables, as a plain pg_dump (what its backup script makes) or as
 * JSON rows, psql -At -c "SELECT row_to_json(m) FROM memories m". Both shapes of memories are
 * read, with the columns for agent reports and without. A database that is still there needs
 * none of this: it is upgraded where it is.
 */
#include <stdlib.h>
#include <string.h>

#include "ingest/copy_text.h"
#include "ingest/mend.h"
#include "ingest/reader_impl.h"

#define KEY_BYTES      64
#define MAX_DIMENSIONS 16384

struct sage {
	bool ready; /* reader->json is a row */
	size_t line;
	struct copy_table table;
	struct buffer room; /* of the fields of a row of a dump */
	json_t *report;     /* owned */
	char key[KEY_BYTES];
	float numbers[MAX_DIMENSIONS];
};

/* Columns that hold JSON. */
static bool is_json(const char *column)
{
	return strcmp(column, "metadata") == 0 || strcmp(column, "agent_metadata") == 0;
}

/* A row of a dump as row_to_json() would give it. */
static void take_row(struct reader *reader, const struct piece *piece)
{
	struct sage *sage = reader->state;
	struct arg_text fields[COPY_COLUMNS];
	char why[MEND_WHY_BYTES];

	json_decref(reader->json);
	reader->json = json_object();
	if (!copy_fields(&sage->table, piece->s, piece->len, &sage->room, fields)) {
		reader_tell(reader, piece->line, "not a row of table %s", sage->table.name);
		return;
	}
	for (size_t i = 0; i < sage->table.count; i++) {
		const char *column = sage->table.columns[i];
		json_t *value = NULL;

		if (fields[i].s == NULL)
			continue;
		bool storable = memchr(fields[i].s, '\0', fields[i].len) == NULL;

		if (storable && is_json(column))
			value = mend_json(fields[i].s, fields[i].len, why);
		else if (storable)
			value = json_stringn(fields[i].s, fields[i].len);
		if (value == NULL)
			reader_tell(reader, piece->line, "%s: not what it should hold", column);
		else
			json_object_set_new(reader->json, column, value);
	}
	sage->ready = true;
}

static void take(struct reader *reader, const struct piece *piece)
{
	struct sage *sage = reader->state;

	sage->line = piece->line;
	sage->room.most = 2 * SPLIT_PIECE_BYTES;
	if (reader->split.mode == SPLIT_VALUES) {
		sage->ready = true;
	} else if (*sage->table.name == '\0') {
		if (!copy_begins(piece->s, piece->len, &sage->table))
			*sage->table.name = '\0';
	} else if (copy_ends(piece->s, piece->len)) {
		*sage->table.name = '\0';
	} else if (strcmp(sage->table.name, "memories") == 0 ||
	           strcmp(sage->table.name, "sessions") == 0) {
		take_row(reader, piece);
	}
}

/* "[0.1,-2e-3]", as pgvector writes vectors. */
static bool read_vector(struct sage *sage, struct arg_text text, struct item *item)
{
	const char *s = text.s;
	size_t count = 0;

	if (s == NULL || *s != '[')
		return false;
	do {
		char *end;

		if (count == MAX_DIMENSIONS)
			return false;
		sage->numbers[count++] = strtof(s + 1, &end);
		if (end == s + 1)
			return false;
		s = end;
	} while (*s == ',');
	item->embedding =
	    (struct item_embedding){.numbers = sage->numbers, .dimensions = count};
	return *s == ']';
}

/* The report from its column, or from where older rows keep it in the metadata. */
static json_t *report_of(const json_t *row, const json_t *metadata)
{
	static const char *const names[][2] = {{"agent_name", "agent_name"},
	    {"agent_task_id", "task_id"}, {"agent_execution_id", "execution_id"}};
	json_t *report = reader_object(row, "agent_metadata");

	if (json_object_size(report) > 0)
		return json_incref(report);
	if (!reader_true(metadata, "is_agent_report"))
		return NULL;
	report = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		json_t *value = json_object_get(metadata, names[i][0]);

		if (json_is_string(value))
			json_object_set(report, names[i][1], value);
	}
	return report;
}

static bool read_memory(struct reader *reader, struct item *item)
{
	struct sage *sage = reader->state;
	struct arg_text vector = reader_text(reader->json, "embedding");

	item->id = reader_text(reader->json, "id");
	item->session_id = reader_text(reader->json, "session_id");
	item->user_input = reader_text(reader->json, "user_input");
	item->assistant_response = reader_text(reader->json, "assistant_response");
	if (item->user_input.s == NULL || item->id.s == NULL || item->id.len >= KEY_BYTES - 5) {
		reader_tell(reader, item->line, "a memory without id or user_input");
		return false;
	}
	if (vector.s != NULL && !read_vector(sage, vector, item)) {
		item->embedding = (struct item_embedding){.numbers = NULL};
		reader_tell(reader, item->line, "embedding: not a vector; it was left out");
	}
	json_decref(sage->report);
	item->report = sage->report = report_of(reader->json, item->metadata);
	memcpy(sage->key, "sage:", 5);
	memcpy(sage->key + 5, item->id.s, item->id.len + 1);
	item->idempotency_key = text_of(sage->key);
	return true;
}

static bool next(struct reader *reader, struct item *item)
{
	struct sage *sage = reader->state;
	bool session = strcmp(sage->table.name, "sessions") == 0 ||
	               json_object_get(reader->json, "last_active") != NULL;

	if (!sage->ready)
		return false;
	sage->ready = false;
	item->line = sage->line;
	item->metadata = reader_object(reader->json, "metadata");
	item->created_us = reader_time(reader, "created_at", item->line);
	item->updated_us = reader_time(reader, "updated_at", item->line);
	if (!session)
		return read_memory(reader, item);
	item->kind = ITEM_SESSION;
	item->session_id = reader_text(reader->json, "id");
	item->name = reader_text(reader->json, "name");
	item->active_us = reader_time(reader, "last_active", item->line);
	if (item->session_id.s == NULL)
		reader_tell(reader, item->line, "a session without id");
	return item->session_id.s != NULL;
}

static void fini(struct reader *reader)
{
	struct sage *sage = reader->state;

	json_decref(sage->report);
	buffer_fini(&sage->room);
}

const struct format format_sage = {.name = "sage",
    .json = true,
    .guarded = true,
    .state_size = sizeof(struct sage),
    .take = take,
    .next = next,
    .fini = fini};
