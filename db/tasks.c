/* tasks: statements and rows. */
#include "tasks.h"

#include <string.h>

static void text(struct query *q, const char *value)
{
	query_text(q, value, value != NULL ? strlen(value) : 0);
}

static void name_it(struct query *q, const struct task_name *name)
{
	query_uuid(q, name->id);
	text(q, name->who->namespace);
	text(q, name->who->agent);
}

void task_create_ask(struct query *q, const struct task_name *name, const char *owner,
    int32_t lease_s, int32_t lifetime_s)
{
	query_init(q, SQL_task_create);
	name_it(q, name);
	text(q, owner);
	query_int4(q, lease_s);
	query_int4(q, lifetime_s);
}

int64_t task_create_read(const struct rows *rows)
{
	return rows_time(rows, 0, 0);
}

void task_get_ask(struct query *q, const struct task_name *name)
{
	query_init(q, SQL_task_get);
	name_it(q, name);
}

bool task_get_read(const struct rows *rows, struct task_row *task)
{
	if (rows_count(rows) == 0)
		return false;
	task->status = rows_text(rows, 0, 0, NULL);
	task->questions = rows_text(rows, 0, 1, NULL);
	task->answers = rows_text(rows, 0, 2, NULL);
	task->outcome = rows_text(rows, 0, 3, NULL);
	task->created_us = rows_time(rows, 0, 4);
	task->updated_us = rows_time(rows, 0, 5);
	return true;
}

void task_store_ask(struct query *q, const unsigned char id[16], const char *status,
    const char *questions, const char *outcome)
{
	query_init(q, SQL_task_store);
	query_uuid(q, id);
	text(q, status);
	text(q, questions);
	text(q, outcome);
}

void task_answer_ask(struct query *q, const struct task_name *name, const char *answers)
{
	query_init(q, SQL_task_answer);
	name_it(q, name);
	text(q, answers);
}

void task_cancel_ask(struct query *q, const struct task_name *name)
{
	query_init(q, SQL_task_cancel);
	name_it(q, name);
}

bool task_changed_read(const struct rows *rows)
{
	return rows_count(rows) > 0;
}

void task_renew_ask(struct query *q, const char *owner, int32_t lease_s)
{
	query_init(q, SQL_task_renew);
	text(q, owner);
	query_int4(q, lease_s);
}
