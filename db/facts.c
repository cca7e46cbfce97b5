/* facts: columns to fields. */
#include "facts.h"

#include "migrations.h"
#include "rows.h"

void facts_ask(struct query *q)
{
	query_init(q, SQL_facts);
}

void facts_read(const struct rows *rows, struct facts *facts)
{
	int col = 0;

	facts->version_num = (int)rows_int(rows, 0, col++);
	facts->version = rows_text(rows, 0, col++, NULL);
	facts->database = rows_text(rows, 0, col++, NULL);
	facts->user = rows_text(rows, 0, col++, NULL);
	facts->tls = rows_text(rows, 0, col++, NULL);
	facts->on_this_machine = rows_bool(rows, 0, col++);
	facts->vector = rows_text(rows, 0, col++, NULL);
	facts->vector_here = rows_text(rows, 0, col++, NULL);
	facts->may_create_vector = rows_bool(rows, 0, col++);
	facts->superuser = rows_bool(rows, 0, col++);
	facts->may_create_tables = rows_bool(rows, 0, col++);
	facts->foreign_tables = rows_text(rows, 0, col++, NULL);
	facts->has_migrations = rows_bool(rows, 0, col++);
	facts->has_keys = rows_bool(rows, 0, col++);
	facts->connections = (int)rows_int(rows, 0, col++);
	facts->connections_used = (int)rows_int(rows, 0, col++);
	facts->role_limit = (int)rows_int(rows, 0, col++);
	facts->database_limit = (int)rows_int(rows, 0, col++);
	facts->clock_ms = rows_int(rows, 0, col++);
	facts->written = rows_int(rows, 0, col);
}

void facts_migrations_ask(struct query *q)
{
	query_init(q, SQL_facts_migrations);
}

void facts_migrations_read(const struct rows *rows, struct facts_schema *schema)
{
	*schema = (struct facts_schema){.missing = MIGRATIONS_COUNT};
	for (int row = 0; row < rows_count(rows); row++) {
		size_t i;

		switch (migration_state(
		    (long)rows_int(rows, row, 0), rows_text(rows, row, 1, NULL), &i)) {
		case MIGRATION_NEWER:
			schema->newer++;
			break;
		case MIGRATION_CHANGED:
			schema->changed = migrations[i].name;
			schema->missing--;
			break;
		case MIGRATION_SAME:
			schema->missing--;
			break;
		}
	}
}

void facts_replica_ask(struct query *q)
{
	query_init(q, SQL_facts_replica);
}

int64_t facts_replica_read(const struct rows *rows)
{
	return rows_is_null(rows, 0, 0) ? 0 : rows_int(rows, 0, 0);
}
