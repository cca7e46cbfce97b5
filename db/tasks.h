/*
 * tasks: long work of clients, and how it stands. Pairs of _ask and _read as in principals.h.
 *
 * Questions, answers and outcome are JSON texts that nothing here looks into.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

struct task_row {
	const char *status;    /* working, input_required, completed, failed, cancelled; lost */
	const char *questions; /* object, or NULL */
	const char *answers;   /* object */
	const char *outcome;   /* of an ended one, or NULL */
	int64_t created_us, updated_us;
};

struct task_name {
	const unsigned char *id; /* 16 bytes */
	const struct principal *who;
};

/* owner names the running process. */
void task_create_ask(struct query *q, const struct task_name *name, const char *owner,
    int32_t lease_s, int32_t lifetime_s);
int64_t task_create_read(const struct rows *rows); /* created, unix microseconds */

void task_get_ask(struct query *q, const struct task_name *name);
/* False: there is none. Texts are borrowed from the rows. */
bool task_get_read(const struct rows *rows, struct task_row *task);

/* Nothing changes once it has ended. questions and outcome may be NULL; borrowed until it ran. */
void task_store_ask(struct query *q, const unsigned char id[16], const char *status,
    const char *questions, const char *outcome);

/* Both: false from task_changed_read(), there is none. answers is borrowed until it ran. */
void task_answer_ask(struct query *q, const struct task_name *name, const char *answers);
void task_cancel_ask(struct query *q, const struct task_name *name);
bool task_changed_read(const struct rows *rows);

void task_renew_ask(struct query *q, const char *owner, int32_t lease_s);
