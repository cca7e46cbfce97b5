/*
 * methods: the functions behind the table of methods.c, by what they are about.
 *
 * Each answers its request, now or later (request.h).
 */
#pragma once

#include <jansson.h>

struct call;
struct request;

/* A method by its number, from 1 in the order of the table; 0 is "other". NULL: none has it. */
const char *method_name(unsigned number);

/* tool_methods.c */
void tools_list(struct request *r);
void tools_call(struct request *r);
json_t *tool_result(const struct call *call); /* CallToolResult; the caller owns it */

/* task_methods.c */
void tasks_get(struct request *r);
void tasks_update(struct request *r);
void tasks_cancel(struct request *r);

/* resource_methods.c */
void resources_list(struct request *r);
void resources_templates_list(struct request *r);
void resources_read(struct request *r);

/* prompt_methods.c */
void prompts_list(struct request *r);
void prompts_get(struct request *r);
void completion_complete(struct request *r);

/* session_methods.c: the older revisions */
void initialize(struct request *r);
void ping(struct request *r);
void logging_set_level(struct request *r);
void resources_subscribe(struct request *r);
void resources_unsubscribe(struct request *r);
void cancelled(struct request *r);

/* discover.c */
void discover(struct request *r);

/* listen_methods.c */
void subscriptions_listen(struct request *r);
