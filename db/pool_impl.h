/*
 * pool_impl: the pool's own state, shared by pool.c (made and configured), pool_line.c (queries that
 * wait), pool_lease.c (queries that run), pool_slots.c (connections) and pool_admin.c (what people
 * do and see).
 */
#pragma once

#include <sys/queue.h>

#include "conn.h"
#include "line.h"
#include "pool.h"

#define POOL_NAME_BYTES 96

enum slot_state {
	SLOT_CONNECTING,
	SLOT_IDLE,
	SLOT_BUSY,
	SLOT_TESTING,
	SLOT_CANCELLING,
	SLOT_STATE_COUNT
};

/* One connection and what it does. */
struct slot {
	struct pool *pool;
	struct conn *conn;
	enum slot_state state;
	TAILQ_ENTRY(slot) link; /* in pool->slots[state] */
	unsigned generation;    /* of the pool when it was made */
	bool connected;         /* it once was */
	int64_t began_ms;       /* to connect */
	int64_t connected_ms, idle_since_ms, tested_ms;
	int64_t expires_ms; /* INT64_MAX: never */
	int64_t sent_us;    /* the last transaction */

	/* BUSY */
	struct query_list running;
	enum sql_id sql;
	int running_count;
	struct lease lease;
};

TAILQ_HEAD(slots, slot);

struct pool {
	struct event_base *base;
	struct connector *connector;
	struct pool_config config;
	struct conn_config conn_config;
	char name[POOL_NAME_BYTES];
	bool open, paused, wanted;
	bool reachable;
	char last_error[256];   /* why it is not reachable */
	bool refused;           /* the last login, by a server that serves those it let in */
	int64_t quiet_until_ms; /* that was told */
	unsigned generation;    /* connections of older ones are closed once they are idle */

	struct slots slots[SLOT_STATE_COUNT]; /* used last comes first */
	int counts[SLOT_STATE_COUNT];

	struct line line;
	struct query_list pushed_out; /* to be told that the line is full */
	struct event *line_timer;     /* the deadline of the first in line */
	struct event *turn_end;       /* serves what was gathered in this turn of the loop */
	struct breaker breaker;
	struct event *retry; /* when connecting may be tried again */
	struct event *tidy;

	struct pool_stats total; /* its counters only */
	struct statement_stats statements[SQL_COUNT];
};

int64_t pool_now_us(void);
int64_t pool_now_ms(void);
void pool_arm(struct event *timer, int64_t ms);
void pool_report(struct pool *pool, bool healthy, const char *text);

/* pool_line.c */
bool pool_put_in_line(struct pool *pool, struct query *q, bool first);
void pool_refuse_all(struct pool *pool);
void pool_on_line_timer(int fd, short what, void *arg);
void pool_on_turn_end(int fd, short what, void *arg);

/* pool_lease.c */
struct line_limits pool_limits(const struct pool *pool);
void pool_serve(struct pool *pool);
void pool_ended(
    struct slot *slot, struct rows *rows, const struct db_error *error, uint64_t written);

/* pool_slots.c */
void slot_move(struct slot *slot, enum slot_state state);
void slot_free(struct slot *slot);
/* Too old, or one too many: to be closed rather than idle. */
bool slot_is_unwanted(const struct slot *slot);
/* Behind a transaction: idle again, cancelling, or closed; error NULL: we closed it ourselves. */
void slot_settle(struct slot *slot, const char *error);
/* Connections that can run queries, now or in a moment. */
int pool_live(const struct pool *pool);
void pool_grow(struct pool *pool);
void pool_close_idle(struct pool *pool);
void pool_on_retry(int fd, short what, void *arg);
void pool_on_tidy(int fd, short what, void *arg);
