/* memories: the statements on single memories. */
#include "memories.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <uuid/uuid.h>

#include "lexicon.h"

/* The name space of ids made from idempotency keys; any fixed UUID. */
static const uuid_t key_space = {0x6f, 0x1c, 0x4e, 0x0a, 0x93, 0x5d, 0x4b, 0x52, 0x8e, 0x17,
    0x2d, 0xc3, 0x74, 0x58, 0x90, 0xb6};

void memory_id_for(
    const struct principal *who, const char *key, size_t len, unsigned char id[16])
{
	char name[PRINCIPAL_NAME_BYTES + IDEMPOTENCY_KEY_BYTES + 1];
	int at = snprintf(name, sizeof(name), "%s", who->namespace) + 1; /* its NUL separates */

	if (len > IDEMPOTENCY_KEY_BYTES)
		abort();
	memcpy(name + at, key, len);
	uuid_generate_sha1(id, key_space, name, (size_t)at + len);
}

/* With its length, so that "ab" + "c" is not "a" + "bc". */
static bool hash_text(EVP_MD_CTX *context, const char *text, size_t len)
{
	uint64_t wire = htobe64(len);

	return EVP_DigestUpdate(context, &wire, sizeof(wire)) == 1 &&
	       (len == 0 || EVP_DigestUpdate(context, text, len) == 1);
}

void memory_hash(const struct memory_new *memory, unsigned char hash[CONTENT_HASH_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok =
	    context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    hash_text(context, memory->user_input, memory->user_input_len) &&
	    hash_text(context, memory->assistant_response, memory->assistant_response_len) &&
	    hash_text(context, memory->metadata, memory->metadata_len) &&
	    hash_text(context, memory->agent_metadata, memory->agent_metadata_len) &&
	    hash_text(context, (const char *)&memory->event_us, sizeof(memory->event_us));

	for (size_t i = 0; ok && i < memory->tag_count; i++)
		ok = hash_text(context, memory->tags[i], strlen(memory->tags[i]));
	if (!ok || EVP_DigestFinal_ex(context, hash, NULL) != 1)
		abort(); /* out of memory */
	EVP_MD_CTX_free(context);
}

/* In the order of db/sql/memory_save.sql. */
static void add_params(
    struct query *q, const struct principal *who, const struct memory_new *memory)
{
	unsigned char hash[CONTENT_HASH_BYTES];

	memory_hash(memory, hash);
	query_uuid(q, memory->id);
	query_string(q, who->namespace);
	query_string(q, who->agent);
	query_uuid(q, who->has_key ? who->key_id : NULL);
	query_text(q, memory->session_id, memory->session_id_len);
	query_text(q, memory->user_input, memory->user_input_len);
	query_text(q, memory->assistant_response, memory->assistant_response_len);
	query_text(q, memory->metadata, memory->metadata_len);
	query_text_array(q, memory->tags, memory->tag_count);
	query_text(q, memory->private ? "private" : "shared", memory->private ? 7 : 6);
	query_time(q, memory->event_us);
	query_bytes_copy(q, hash, sizeof(hash));
	query_bool(q, !memory->forced);
	query_uuid(q, memory->supersedes);
	query_time(q, memory->valid_until_us);
	query_time(q, memory->expires_us);
	query_bool(q, memory->pinned);
	query_text(q, memory->agent_metadata, memory->agent_metadata_len);
	query_vector(q, memory->embedding, EMBEDDING_DIMENSIONS);
}

static struct lexicon_source source_of(const struct memory_new *memory)
{
	return (struct lexicon_source){
	    .user_input = memory->user_input,
	    .user_input_len = memory->user_input_len,
	    .assistant_response = memory->assistant_response,
	    .assistant_response_len = memory->assistant_response_len,
	    .event_us = memory->event_us,
	};
}

struct lexicon_job *memory_begin_lexicon(const char *namespace, const struct memory_new *memory)
{
	const struct lexicon_source source = source_of(memory);

	return lexicon_begin(namespace, &source);
}

bool memory_add_lexicon(struct query *q, const char *namespace, const struct memory_new *memory)
{
	const struct lexicon_source source = source_of(memory);

	if (memory->words == NULL)
		return lexicon_add(q, namespace, &source);
	lexicon_add_job(q, memory->words);
	return true;
}

bool memory_save_ask(
    struct query *q, const struct principal *who, const struct memory_new *memory)
{
	query_init(q, SQL_memory_save);
	q->namespace = who->namespace;
	add_params(q, who, memory);
	return memory_add_lexicon(q, who->namespace, memory);
}

static const char *const save_states[] = {
    [SAVE_STORED] = "stored",
    [SAVE_MERGED] = "merged",
    [SAVE_REPLAYED] = "replayed",
    [SAVE_REUSED] = "reused",
};

const char *save_state_name(enum save_state state)
{
	return save_states[state];
}

bool memory_is_news(const struct memory_saved *saved)
{
	return saved->state == SAVE_STORED || saved->state == SAVE_REPLAYED;
}

void memory_save_read(const struct rows *rows, struct memory_saved *saved)
{
	memset(saved, 0, sizeof(*saved));
	saved->state = SAVE_AGAIN;
	if (rows_count(rows) == 0)
		return;
	for (int i = 0; i < SAVE_AGAIN; i++) {
		if (strcmp(save_states[i], rows_text(rows, 0, 5, NULL)) == 0)
			saved->state = (enum save_state)i;
	}
	rows_uuid(rows, 0, 1, saved->id);
	saved->created_us = rows_time(rows, 0, 2);
	rows_sha256(rows, 0, 3, saved->content_hash);
	saved->embed_state = rows_text(rows, 0, 4, NULL);
	saved->session_id = rows_text(rows, 0, 6, NULL);
}

void memory_totals_ask(struct query *q, const struct principal *who)
{
	query_init_who(q, SQL_status, who);
}

void memory_totals_read(const struct rows *rows, struct memory_totals *totals)
{
	totals->memories = rows_int(rows, 0, 0);
	totals->embedded = rows_int(rows, 0, 1);
	totals->first_us = rows_time(rows, 0, 2);
	totals->last_us = rows_time(rows, 0, 3);
	totals->sessions = rows_int(rows, 0, 4);
	totals->to_embed = rows_int(rows, 0, 5);
	totals->oldest_to_embed_us = rows_time(rows, 0, 6);
	totals->embed_failed = rows_int(rows, 0, 7);
	totals->sessions_by_status = rows_text(rows, 0, 8, NULL);
	totals->redacted = rows_text(rows, 0, 9, NULL);
	totals->schema = (int)rows_int(rows, 0, 10);
	totals->postgresql = rows_text(rows, 0, 11, NULL);
	totals->pgvector = rows_text(rows, 0, 12, NULL);
}
