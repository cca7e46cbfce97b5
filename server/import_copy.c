/* import_copy: what a reader lent, copied and cleaned. */
#include "import_copy.h"

#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "compact.h"
#include "ingest/scrub.h"
#include "tools/memory_limits.h"

#define LOCAL_AGENT "local"

void import_copy_fini(struct import_copy *copy)
{
	for (int i = 0; i < copy->text_count; i++)
		free(copy->texts[i]);
	free(copy->numbers);
	json_decref(copy->tags);
	clean_fini(&copy->clean);
	copy->text_count = 0;
	copy->numbers = NULL;
	copy->tags = NULL;
}

static const char *keep(struct import_copy *copy, const char *s, size_t len)
{
	char *text = s != NULL ? strndup(s, len) : NULL;

	if (text != NULL)
		copy->texts[copy->text_count++] = text;
	return text;
}

static const char *keep_text(struct import_copy *copy, const struct arg_text *text)
{
	return keep(copy, text->s, text->len);
}

static const char *keep_json(struct import_copy *copy, const json_t *json)
{
	char *text;
	size_t len;

	if (json == NULL)
		return NULL;
	text = compact_json(json, &len);
	if (text != NULL)
		copy->texts[copy->text_count++] = text;
	return text;
}

static void keep_tags(struct import_copy *copy, json_t *tags, struct transfer_memory *memory)
{
	size_t count = json_array_size(tags);

	copy->tags = json_deep_copy(tags);
	for (size_t i = 0; i < count && i < MAX_TAGS; i++)
		copy->tag_list[i] = json_string_value(json_array_get(copy->tags, i));
	memory->tag_list = copy->tag_list;
	memory->tag_count = count < MAX_TAGS ? count : MAX_TAGS;
}

/* NULL: there are none, or too many, or no memory for them. */
static const float *keep_numbers(
    struct import_copy *copy, const struct item_embedding *embedding)
{
	if (embedding->numbers == NULL || embedding->dimensions > EMBEDDING_DIMENSIONS)
		return NULL;
	/* Fewer dimensions are filled up with zeros: the direction stays. */
	copy->numbers = calloc(EMBEDDING_DIMENSIONS, sizeof(float));
	if (copy->numbers != NULL)
		memcpy(
		    copy->numbers, embedding->numbers, embedding->dimensions * sizeof(float));
	return copy->numbers;
}

/* Its own id, or the one that its key stands for. */
static bool take_id(const struct principal *who, const struct item *item, unsigned char id[16])
{
	if (item->id.s != NULL && uuid_parse(item->id.s, id) == 0)
		return true;
	if (item->idempotency_key.s == NULL ||
	    item->idempotency_key.len > IDEMPOTENCY_KEY_BYTES)
		return false;
	memory_id_for(who, item->idempotency_key.s, item->idempotency_key.len, id);
	return true;
}

/* What was exported is clean already; everything else is made so. False: out of memory. */
static bool clean_all(struct import_copy *copy, struct transfer_memory *m)
{
	struct memory_new texts = {
	    .user_input = m->user_input,
	    .user_input_len = strlen(m->user_input),
	    .assistant_response = m->assistant_response,
	    .assistant_response_len = strlen(m->assistant_response),
	    .metadata = m->metadata,
	    .metadata_len = m->metadata != NULL ? strlen(m->metadata) : 0,
	    .agent_metadata = m->agent_metadata,
	    .agent_metadata_len = m->agent_metadata != NULL ? strlen(m->agent_metadata) : 0,
	    .tags = m->tag_list,
	    .tag_count = m->tag_count,
	};

	if (!clean_memory(&copy->clean, &texts))
		return false;
	m->user_input = texts.user_input;
	m->assistant_response = texts.assistant_response;
	m->metadata = texts.metadata;
	m->agent_metadata = texts.agent_metadata;
	m->tag_list = texts.tags;
	m->tag_count = texts.tag_count;
	return true;
}

bool import_copy_memory(struct import_copy *copy, const struct principal *who,
    const struct item *item, struct transfer_memory *m)
{
	*m = (struct transfer_memory){
	    .session_id = keep_text(copy, &item->session_id),
	    .agent = keep_text(copy, &item->agent),
	    .user_input = keep_text(copy, &item->user_input),
	    .assistant_response = keep_text(copy, &item->assistant_response),
	    .metadata = keep_json(copy, item->metadata),
	    .agent_metadata = keep_json(copy, item->report),
	    .private = item->visibility == ITEM_PRIVATE,
	    .pinned = item->pinned,
	    .created_us = item->created_us,
	    .updated_us = item->updated_us,
	    .event_us = item->event_us,
	    .valid_until_us = item->valid_until_us,
	    .deleted_us = item->deleted_us,
	    .content_hash = keep_text(copy, &item->content_hash),
	    .version = (int)item->version,
	};
	if (m->agent == NULL)
		m->agent = LOCAL_AGENT;
	if (m->user_input == NULL)
		m->user_input = "";
	if (m->assistant_response == NULL)
		m->assistant_response = "";
	m->has_supersedes =
	    item->supersedes.s != NULL && uuid_parse(item->supersedes.s, m->supersedes) == 0;
	keep_tags(copy, item->tags, m);
	m->embedding = keep_numbers(copy, &item->embedding);
	if (m->embedding != NULL)
		m->embed_model = keep_text(copy, &item->embedding.model);
	return take_id(who, item, m->id) && clean_all(copy, m);
}

bool import_copy_session(
    struct import_copy *copy, const struct item *item, struct transfer_session *session)
{
	*session = (struct transfer_session){keep_text(copy, &item->session_id),
	    keep_text(copy, &item->name), keep_text(copy, &item->status),
	    keep_json(copy, item->metadata), item->created_us, item->updated_us,
	    item->active_us};
	return session->id != NULL &&
	       clean_session(&copy->clean, &session->name, &session->metadata);
}

bool import_copy_vector(
    struct import_copy *copy, const struct item *item, struct transfer_vector *vector)
{
	*vector = (struct transfer_vector){
	    .version = (int)item->version,
	    .content_hash = keep_text(copy, &item->content_hash),
	    .model = keep_text(copy, &item->embedding.model),
	    .part = (int)item->part,
	    .numbers = keep_numbers(copy, &item->embedding),
	};
	return item->id.s != NULL && uuid_parse(item->id.s, vector->memory_id) == 0 &&
	       vector->model != NULL && vector->numbers != NULL;
}
