/* pool_fixture: the loop, and what is waited for on it. */
#include "pool_fixture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

const char *url;
struct event_base *base;
int ended;

static bool inside; /* a call into the pool is on the stack: no callback may come */

int set_up(void **state)
{
	(void)state;
	url = getenv("SAGE_TEST_DATABASE_URL");
	if (url == NULL) {
		puts("skipped: SAGE_TEST_DATABASE_URL is not set; tests/run.sh sets it");
		exit(77);
	}
	base = event_base_new();
	return base == NULL;
}

int tear_down(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pass_ms(int ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	event_base_loopexit(base, &wait);
	event_base_dispatch(base);
}

struct pool_config usual(int size)
{
	return (struct pool_config){.name = "test",
	    .conninfo = url,
	    .host = -1,
	    .size = size,
	    .queue_limit = MANY,
	    .connect_ms = 5000,
	    .wait_ms = 5000,
	    .query_ms = 5000,
	    .cancel_ms = 1000,
	    .retry_most_ms = 200};
}

struct pool *make(const struct pool_config *config)
{
	char error[256];
	struct pool *pool = pool_new(base, config, error, sizeof(error));

	if (pool == NULL)
		fail_msg("%s", error);
	pool_open(pool);
	return pool;
}

struct pool *make_usual(int size)
{
	const struct pool_config config = usual(size);

	return make(&config);
}

int make_refusing_host(int *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	getsockname(fd, (struct sockaddr *)&address, &len);
	*port = ntohs(address.sin_port);
	return fd;
}

int open_connections(const struct pool *pool)
{
	struct pool_stats stats = pool_stats(pool);

	return stats.idle + stats.busy;
}

void prepare(struct waiting *w, enum sql_id sql, int number)
{
	memset(w, 0, sizeof(*w));
	query_init(&w->q, sql);
	if (number >= 0)
		query_int4(&w->q, number);
}

void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct waiting *w = arg;

	assert_false(inside);
	assert_false(w->done);
	assert_true((error->kind == DB_OK) == (rows != NULL));
	w->done = true;
	w->number = ended++;
	w->rows = rows;
	w->error = *error;
}

void ask(struct pool *pool, struct waiting *w)
{
	inside = true;
	if (!pool_run(pool, &w->q, on_done, w, &w->error))
		w->done = true;
	inside = false;
}

void start(struct pool *pool, struct waiting *w, enum sql_id sql, int number)
{
	prepare(w, sql, number);
	ask(pool, w);
}

void cancel(struct pool *pool, struct waiting *w)
{
	inside = true;
	pool_cancel(pool, &w->q);
	inside = false;
	query_fini(&w->q);
}

void await(struct waiting *w)
{
	while (!w->done)
		event_base_loop(base, EVLOOP_ONCE);
}

void finish(struct waiting *w)
{
	await(w);
	query_fini(&w->q);
	rows_free(w->rows);
	w->rows = NULL;
}

enum db_error_kind run(struct pool *pool, enum sql_id sql, int number)
{
	struct waiting w;

	start(pool, &w, sql, number);
	finish(&w);
	return w.error.kind;
}

int64_t run_for_number(struct pool *pool, enum sql_id sql, int number)
{
	struct waiting w;
	int64_t found;

	start(pool, &w, sql, number);
	await(&w);
	if (w.error.kind != DB_OK)
		fail_msg("%s", w.error.text);
	found = rows_int(w.rows, 0, 0);
	finish(&w);
	return found;
}
