/*
 * clean: what every memory goes through before it is stored: secrets and private spans are taken out
 * (db/redact.h), and counted; then it is read for what its words are found by.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "memories.h"
#include "redact.h"
#include "tools/memory_limits.h"

struct call;

/* What took the place of texts; owned. All zeros is fine. */
struct clean {
	struct redacted texts[2];
	char *json[2];
	struct redacted tags[MAX_TAGS];
	const char *tag_list[MAX_TAGS];
	struct redactions counts;
	int part; /* where clean_some() is */
	struct redact_job *job;
	struct lexicon_job *words; /* of the clean texts */
};

/* Puts clean texts into memory, which are clean's. False: out of memory, and nothing may be stored. */
bool clean_memory(struct clean *clean, struct memory_new *memory)
    __attribute__((warn_unused_result));

/*
 * The same in slices of a few milliseconds, for the loop's sake: after CLEAN_MORE the step is to call_yield(). memory
 * must be the same until then, and its texts are clean once it is done; after that it changes nothing.
 */
enum clean_progress { CLEAN_MORE, CLEAN_DONE, CLEAN_FAILED };

enum clean_progress clean_some(struct clean *clean, struct memory_new *memory)
    __attribute__((warn_unused_result));

/* The same for what will be stored: then its words are found (db/lexicon.h), too, and memory has them. */
enum clean_progress clean_prepare(struct clean *clean, const char *namespace,
    struct memory_new *memory) __attribute__((warn_unused_result));

/* The same for a single text; NULL: out of memory. */
const char *clean_text(struct clean *clean, const char *text)
    __attribute__((warn_unused_result));

/*
 * The same for a session's name (NULL: it has none), at most SESSION_ID_BYTES of it, and metadata (JSON, or
 * NULL). Its id is an address and stays.
 */
bool clean_session(struct clean *clean, const char **name, const char **metadata)
    __attribute__((warn_unused_result));

bool clean_found_any(const struct clean *clean);

/* Fills the call's query, which adds to the counts of the namespace. */
void clean_count_ask(struct call *call, const struct clean *clean);

/* {"api_key": 1}; the caller owns it. */
json_t *clean_show(const struct clean *clean);

void clean_fini(struct clean *clean);
