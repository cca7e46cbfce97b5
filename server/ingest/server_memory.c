/*
 * server_memory: the knowledge graph of @modelcontextprotocol/server-memory.
 *
 * {"type":"entity","name","entityType","observations":[...]} gives one memory for each
 * observation, {"type":"relation","from","to","relationType"} one; their texts are sentences
 * that words find, and metadata.graph has the parts.
 */
#include "ingest/buffer.h"
#include "ingest/reader_impl.h"
#include "ingest/stable_key.h"

struct server_memory {
	size_t line;
	size_t at,
	    count; /* observations told, and there are; an entity without any counts one */
	json_t *metadata; /* owned */
	struct buffer text;
	char key[STABLE_KEY_BYTES];
};

static void take(struct reader *reader, const struct piece *piece)
{
	struct server_memory *graph = reader->state;
	size_t observations = json_array_size(json_object_get(reader->json, "observations"));

	graph->text.most = ITEM_TEXT_BYTES;
	graph->line = piece->line;
	graph->at = 0;
	graph->count = observations > 0 ? observations : 1;
}

static void add(struct buffer *buffer, struct arg_text text)
{
	if (text.len > 0)
		buffer_add(buffer, text.s, text.len);
}

/* Its text, metadata and key out of the parts. False: one is missing. */
static bool tell_relation(struct server_memory *graph, const json_t *object)
{
	struct arg_text parts[] = {reader_text(object, "from"),
	    reader_text(object, "relationType"), reader_text(object, "to")};

	if (parts[0].len == 0 || parts[1].len == 0 || parts[2].len == 0)
		return false;
	for (int i = 0; i < 3; i++) {
		add(&graph->text, text_of(i > 0 ? " " : ""));
		add(&graph->text, parts[i]);
	}
	graph->metadata = json_pack("{s:{s:s#, s:s#, s:s#}}", "graph", "from", parts[0].s,
	    parts[0].len, "relation", parts[1].s, parts[1].len, "to", parts[2].s, parts[2].len);
	return stable_key(graph->key, "graph", parts, 3);
}

static bool tell_entity(struct server_memory *graph, const json_t *object)
{
	struct arg_text name = reader_text(object, "name"),
	                type = reader_text(object, "entityType");
	const json_t *observation =
	    json_array_get(json_object_get(object, "observations"), graph->at);
	struct arg_text said = {
	    json_string_value(observation), json_string_length(observation)};
	struct arg_text parts[] = {name, said};

	if (name.len == 0 || (observation != NULL && said.len == 0))
		return false;
	add(&graph->text, name);
	if (type.len > 0) {
		add(&graph->text, text_of(" ("));
		add(&graph->text, type);
		add(&graph->text, text_of(")"));
	}
	add(&graph->text, text_of(said.len > 0 ? ": " : ""));
	add(&graph->text, said);
	graph->metadata = json_pack("{s:{s:s#, s:s#}}", "graph", "entity", name.s, name.len,
	    "type", type.len > 0 ? type.s : "", type.len);
	return stable_key(graph->key, "graph", parts, said.len > 0 ? 2 : 1);
}

static bool next(struct reader *reader, struct item *item)
{
	struct server_memory *graph = reader->state;

	if (graph->at == graph->count)
		return false;
	bool relation = reader_text(reader->json, "from").s != NULL;

	item->line = graph->line;
	buffer_clear(&graph->text);
	json_decref(graph->metadata);
	graph->metadata = NULL;
	bool told =
	    relation ? tell_relation(graph, reader->json) : tell_entity(graph, reader->json);

	graph->at++;
	reader->failed = graph->text.failed || (told && graph->metadata == NULL);
	if (!told)
		reader_tell(reader, item->line,
		    "neither an entity with name and observations, nor a relation with from, "
		    "relationType and to");
	item->user_input = (struct arg_text){graph->text.s, graph->text.len};
	item->metadata = graph->metadata;
	item->idempotency_key = text_of(graph->key);
	return told;
}

static void fini(struct reader *reader)
{
	struct server_memory *graph = reader->state;

	json_decref(graph->metadata);
	buffer_fini(&graph->text);
}

const struct format format_server_memory = {.name = "server-memory",
    .json = true,
    .guarded = true,
    .state_size = sizeof(struct server_memory),
    .take = take,
    .next = next,
    .fini = fini};
