/*
 * call_impl: the runner's own, shared by call.c and call_talk.c and by nobody else.
 */
#pragma once

struct call;

/* Runs steps until one waits, or to the end. */
void call_run(struct call *call);

/* The one way out: answered, failed, or too late. */
void call_end(struct call *call);

void call_set_deadline(struct call *call, int ms);
