/*
 * database: a primary and its replica, and what becomes of queries when one of them is away.
 *
 * The test has two clusters of its own (tests/support/pg.sh). The order of the tests matters: what is
 * stopped, demoted and promoted in the later ones stays so.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clusters.h"
#include "database.h"
#include "pool_fixture.h"

static char first[DIR_BYTES],
    second[DIR_BYTES]; /* the primary in the beginning, and its replica */
static char both[600];
static int notes; /* stored so far */

/* --- the clusters --- */

static int with_clusters(void **state)
{
	set_up(state);
	run_pg(first, "new", "max_connections=40 max_wal_senders=4");
	tell(first, SQL_note_make);
	run_pg(second, "replica", first);
	snprintf(both, sizeof(both), "host=%s/run,%s/run user=postgres dbname=postgres", first,
	    second);
	return 0;
}

static int without_clusters(void **state)
{
	remove_cluster(second);
	remove_cluster(first);
	return tear_down(state);
}

/* --- databases --- */

static struct database *open_database(const char *conninfo, bool read_from_replicas)
{
	const struct database_config config = {
	    .pool = usual(4), .read_from_replicas = read_from_replicas};
	struct database_config own = config;
	char error[256];
	struct database *db;

	own.pool.conninfo = conninfo;
	own.pool.connect_ms = 1500;
	db = database_new(base, &own, error, sizeof(error));
	if (db == NULL)
		fail_msg("%s", error);
	database_open(db);
	return db;
}

static void ask_database(struct database *db, struct waiting *w)
{
	if (!database_run(db, &w->q, on_done, w, &w->error))
		w->done = true;
}

static void write_note(struct database *db, struct waiting *w, const char *namespace)
{
	prepare(w, SQL_note, notes);
	w->q.namespace = namespace;
	ask_database(db, w);
	await(w);
	notes += w->error.kind == DB_OK;
}

static enum db_error_kind note(struct database *db, const char *namespace)
{
	struct waiting w;

	write_note(db, &w, namespace);
	finish(&w);
	return w.error.kind;
}

/* What one reads; from_replica may be NULL. */
static int64_t count(struct database *db, const char *namespace, bool *from_replica)
{
	struct waiting w;
	int64_t found;

	prepare(&w, SQL_note_count, -1);
	w.q.namespace = namespace;
	ask_database(db, &w);
	await(&w);
	if (w.error.kind != DB_OK)
		fail_msg("%s", w.error.text);
	found = rows_int(w.rows, 0, 0);
	if (from_replica != NULL)
		*from_replica = rows_int(w.rows, 0, 1) == 1;
	finish(&w);
	return found;
}

static bool reads_from_replica(struct database *db, const char *namespace)
{
	bool from_replica;

	count(db, namespace, &from_replica);
	return from_replica;
}

/* --- finding the primary --- */

static void the_primary_is_found_whichever_is_named_first(void **state)
{
	char reversed[600];

	(void)state;
	snprintf(reversed, sizeof(reversed), "host=%s/run,%s/run user=postgres dbname=postgres",
	    second, first);
	const char *const strings[] = {both, reversed};

	for (int i = 0; i < 2; i++) {
		struct database *db = open_database(strings[i], false);

		assert_int_equal(database_pool_count(db), 3);
		assert_int_equal(note(db, "a"), DB_OK);
		assert_false(reads_from_replica(db, "a"));
		assert_int_equal(count(db, "a", NULL), notes);
		assert_int_equal(database_mode(db), DATABASE_READY);
		database_free(db);
	}
}

static void a_silent_host_does_not_hide_the_primary(void **state)
{
	char conninfo[600];
	int port, silent = make_refusing_host(&port);

	(void)state;
	assert_int_equal(listen(silent, 50), 0); /* and never a word */
	snprintf(conninfo, sizeof(conninfo),
	    "host=127.0.0.1,%s/run,%s/run port=%d,5432,5432 user=postgres dbname=postgres",
	    second, first, port);
	struct database *db = open_database(conninfo, false);
	struct pool *primary = database_pool(db, 0);

	assert_int_equal(note(db, "a"), DB_OK);
	/* It is not asked again before the one that served. */
	for (int i = 0; i < 3; i++) {
		int64_t began = now_ms();

		pool_reconnect(primary);
		assert_int_equal(note(db, "a"), DB_OK);
		assert_in_range(now_ms() - began, 0, 450);
	}
	database_free(db);
	close(silent);
}

/* What most people write: it must not keep the replicas from being found. */
static void target_session_attrs_of_ones_own_do_no_harm(void **state)
{
	static const char *const roles[] = {"any", "read-write", "primary", "prefer-standby"};
	char conninfo[700];

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		snprintf(
		    conninfo, sizeof(conninfo), "%s target_session_attrs=%s", both, roles[i]);
		struct database *db = open_database(conninfo, true);

		assert_int_equal(note(db, "a"), DB_OK);
		WAIT_FOR(reads_from_replica(db, "b"));
		database_free(db);
	}
}

/* A host that is well is no trouble, although one of its two pools has nothing to do. */
static void a_host_of_the_other_role_breaks_nothing(void **state)
{
	struct database *db = open_database(both, true);

	(void)state;
	WAIT_FOR(reads_from_replica(db, "b"));
	pass_ms(500);
	for (size_t i = 0; i < database_pool_count(db); i++) {
		assert_int_equal(pool_breaker(database_pool(db, i))->state, BREAKER_CLOSED);
		assert_int_equal(pool_stats(database_pool(db, i)).connect_failures, 0);
	}
	database_free(db);
}

/* --- reading from the replica --- */

static void reads_go_to_the_replica_when_it_is_told_so(void **state)
{
	struct database *primary_only = open_database(both, false);
	struct database *db = open_database(both, true);

	(void)state;
	WAIT_FOR(reads_from_replica(db, "b"));
	for (int i = 0; i < 20; i++) {
		assert_true(reads_from_replica(db, "b"));
		assert_false(reads_from_replica(primary_only, "b"));
		/* What the server itself reads, another process may have written. */
		assert_false(reads_from_replica(db, ""));
	}
	database_free(db);
	database_free(primary_only);
}

static void one_reads_what_one_has_written(void **state)
{
	struct database *db = open_database(both, true);

	(void)state;
	WAIT_FOR(reads_from_replica(db, "a"));
	for (int i = 0; i < 100; i++) {
		assert_int_equal(note(db, "a"), DB_OK);
		assert_int_equal(count(db, "a", NULL), notes);
	}
	WAIT_FOR(reads_from_replica(db, "a"));
	assert_int_equal(count(db, "a", NULL), notes);
	database_free(db);
}

static void one_reads_it_also_when_the_replica_is_behind(void **state)
{
	struct database *db = open_database(both, true);
	bool from_replica;

	(void)state;
	WAIT_FOR(reads_from_replica(db, "a"));
	WAIT_FOR(tell(second, SQL_note_count) == notes);
	tell(second, SQL_replay_pause);
	int before = notes;

	assert_int_equal(note(db, "a"), DB_OK);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(count(db, "a", &from_replica), notes);
		assert_false(from_replica);
		/* Whoever wrote nothing may read what was there before. */
		assert_int_equal(count(db, "b", &from_replica), before);
		assert_true(from_replica);
	}
	tell(second, SQL_replay_resume);
	WAIT_FOR(reads_from_replica(db, "a"));
	assert_int_equal(count(db, "a", NULL), notes);
	database_free(db);
}

/* A write is done when it is committed, though its log position could not be told. */
static void without_a_position_one_reads_from_the_primary(void **state)
{
	char conninfo[700];

	(void)state;
	tell(first, SQL_plain_make);
	tell(first, SQL_plain_grant);
	tell(first, SQL_plain_revoke);
	snprintf(conninfo, sizeof(conninfo), "%s user=database_plain", both);
	struct database *db = open_database(conninfo, true);

	WAIT_FOR(reads_from_replica(db, "a"));
	assert_int_equal(note(db, "a"), DB_OK);
	for (int i = 0; i < 10; i++) {
		assert_false(reads_from_replica(db, "a"));
		assert_true(reads_from_replica(db, "b"));
	}
	assert_int_equal(count(db, "a", NULL), notes);
	database_free(db);
}

/* --- the primary goes --- */

static void without_a_primary_one_can_still_read(void **state)
{
	struct database *db = open_database(both, false);
	struct waiting w;

	(void)state;
	assert_int_equal(note(db, "a"), DB_OK);
	WAIT_FOR(tell(second, SQL_note_count) == notes);
	run_pg_quietly("stop", first);
	WAIT_FOR(database_mode(db) == DATABASE_READ_ONLY);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(count(db, "a", NULL), notes);
		write_note(db, &w, "a");
		assert_int_equal(w.error.kind, DB_READ_ONLY);
		finish(&w);
	}
	run_pg_quietly("start", first);
	WAIT_FOR(database_mode(db) == DATABASE_READY);
	assert_int_equal(note(db, "a"), DB_OK);
	assert_false(reads_from_replica(db, "a"));
	assert_int_equal(count(db, "a", NULL), notes);
	database_free(db);
}

static void without_any_server_the_database_is_away(void **state)
{
	char conninfo[100];
	struct waiting w;
	int port, fd = make_refusing_host(&port);

	(void)state;
	snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1,127.0.0.1 port=%d dbname=x", port);
	struct database *db = open_database(conninfo, true);

	write_note(db, &w, "a");
	finish(&w);
	assert_int_equal(w.error.kind, DB_UNAVAILABLE);
	assert_int_equal(database_mode(db), DATABASE_AWAY);
	prepare(&w, SQL_note_count, -1);
	ask_database(db, &w);
	finish(&w);
	assert_int_equal(w.error.kind, DB_UNAVAILABLE);
	assert_true(w.error.retry_ms > 0);
	database_free(db);
	close(fd);
}

/* Its connections live on, but it takes no writes any more. */
static void a_demoted_primary_is_left(void **state)
{
	struct database *db = open_database(both, false);
	struct waiting w;

	(void)state;
	assert_int_equal(note(db, "a"), DB_OK);
	assert_int_equal(note(db, "a"), DB_OK);
	uint64_t before = pool_stats(database_pool(db, 0)).connects;

	WAIT_FOR(tell(second, SQL_note_count) == notes);
	tell(first, SQL_demote);
	tell(first, SQL_reload);
	/* The first that notices is tried again elsewhere, and there is no elsewhere yet. */
	WAIT_FOR((write_note(db, &w, "a"), finish(&w), w.error.kind != DB_OK));
	assert_int_equal(w.error.kind, DB_READ_ONLY);
	WAIT_FOR(database_mode(db) == DATABASE_READ_ONLY);
	assert_int_equal(count(db, "a", NULL), notes);
	run_pg_quietly("promote", second);
	WAIT_FOR(note(db, "a") == DB_OK);
	assert_int_equal(database_mode(db), DATABASE_READY);
	assert_true(pool_stats(database_pool(db, 0)).connects > before);
	assert_int_equal(count(db, "a", NULL), notes);
	assert_int_equal(tell(second, SQL_note_count), notes); /* there, and nowhere else */
	assert_true(tell(first, SQL_note_count) < notes);
	database_free(db);
}

/* A replica that was promoted has everything there is. */
static void a_promoted_replica_answers_what_was_written_since(void **state)
{
	struct database *db = open_database(both, true);

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(note(db, "a"), DB_OK);
		assert_int_equal(count(db, "a", NULL), notes);
	}
	database_free(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_primary_is_found_whichever_is_named_first),
	    cmocka_unit_test(a_silent_host_does_not_hide_the_primary),
	    cmocka_unit_test(target_session_attrs_of_ones_own_do_no_harm),
	    cmocka_unit_test(a_host_of_the_other_role_breaks_nothing),
	    cmocka_unit_test(reads_go_to_the_replica_when_it_is_told_so),
	    cmocka_unit_test(one_reads_what_one_has_written),
	    cmocka_unit_test(one_reads_it_also_when_the_replica_is_behind),
	    cmocka_unit_test(without_a_position_one_reads_from_the_primary),
	    cmocka_unit_test(without_a_primary_one_can_still_read),
	    cmocka_unit_test(without_any_server_the_database_is_away),
	    cmocka_unit_test(a_demoted_primary_is_left),
	    cmocka_unit_test(a_promoted_replica_answers_what_was_written_since),
	};

	return cmocka_run_group_tests_name("database", tests, with_clusters, without_clusters);
}
