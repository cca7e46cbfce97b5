/* clusters: pg.sh by the shell. */
#include "clusters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool_fixture.h"

/* Its output goes to a file: the server keeps it open. */
void run_pg(char said[DIR_BYTES], const char *words, const char *dir)
{
	char name[] = "/tmp/sage-test-database.XXXXXX", command[500];
	int fd = mkstemp(name);

	snprintf(
	    command, sizeof(command), "%s %s %s >%s 2>&1 </dev/null", PG_SH, words, dir, name);
	int status = system(command); // NOLINT(cert-env33-c)
	FILE *file = fdopen(fd, "r");

	while (fgets(said, DIR_BYTES, file) != NULL)
		said[strcspn(said, "\n")] = '\0';
	fclose(file);
	unlink(name);
	if (status != 0)
		fail_msg("%s: %s", command, said);
}

void run_pg_quietly(const char *words, const char *dir)
{
	char said[DIR_BYTES] = "";

	run_pg(said, words, dir);
}

int64_t tell(const char *dir, enum sql_id sql)
{
	struct pool_config config = usual(1);
	char conninfo[300];

	snprintf(conninfo, sizeof(conninfo), "host=%s/run user=postgres dbname=postgres", dir);
	config.conninfo = conninfo;
	struct pool *pool = make(&config);
	struct waiting w;

	start(pool, &w, sql, -1);
	await(&w);
	if (w.error.kind != DB_OK)
		fail_msg("%s: %s", sql_name(sql), w.error.text);
	int64_t found = sql == SQL_note_count ? rows_int(w.rows, 0, 0) : 0;

	finish(&w);
	pool_free(pool);
	return found;
}

void remove_cluster(const char *dir)
{
	if (*dir != '\0')
		run_pg_quietly("remove", dir);
}
