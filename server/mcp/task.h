/*
 * task: a call that goes on after its client was answered (extension tasks, SEP-2663).
 *
 *	request -> row in the database -> result "task" -> the call's steps -> outcome in the row
 *
 * Clients ask and answer through any process: the row is the truth, and an event tells the
 * process that runs the task to look at it.
 */
#pragma once

#include "call.h"

struct request;
struct service;
struct task;
struct tasks;

/* All tasks under way in this process. NULL: out of memory. */
struct tasks *tasks_new(struct service *service);
void tasks_free(struct tasks *all); /* ends what is under way; NULL is fine */

/* The schema is there: begins to renew the leases. */
void tasks_open(struct tasks *all);

/* struct call_client, defer: the request's call becomes a task. */
enum step_result task_begin(struct request *r, struct call *call);

/* The request has gone before the task was there. NULL is fine. */
void task_abandon(struct task *task);
