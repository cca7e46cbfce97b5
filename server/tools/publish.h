/*
 * publish: tells subscribers, here and in other processes, that a memory changed. After the commit.
 */
#pragma once

struct call;

/* session_id may be NULL. */
void publish_memory(struct call *call, const char *id, const char *session_id);
