/*
 * housekeeping: what has to be done now and then, a little at a time: expired memories are deleted,
 * words that another program wrote are indexed, vectors of an original Sage are looked at.
 * Any number of processes may do it beside each other.
 */
#pragma once

struct housekeeping;
struct service;

/* NULL: out of memory. */
struct housekeeping *housekeeping_new(struct service *service);
void housekeeping_open(struct housekeeping *keeping); /* the schema is there */
void housekeeping_free(struct housekeeping *keeping); /* before the database; NULL is fine */
