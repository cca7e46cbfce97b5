/*
 * judge: what is said about a database, given the facts; asks nothing itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct doctor;
struct facts;
struct facts_schema;

void judge_facts(struct doctor *doctor, const struct facts *facts);
void judge_schema(
    struct doctor *doctor, const struct facts_schema *schema); /* NULL: none yet */
void judge_keys(struct doctor *doctor, bool exists);
void judge_replica(struct doctor *doctor, const char *name, int64_t behind_bytes);
void judge_no_replica(struct doctor *doctor);
