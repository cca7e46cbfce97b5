/*
 * fuzz_jsonrpc: a POST through parse, era, headers and arguments of every kind.
 *
 * Input: three lines, the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name ("-": not
 * sent), then the body. Besides not crashing, every refusal must be written as JSON, and
 * what was accepted must come back the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "compact.h"
#include "guard.h"
#include "mcp.h"
#include "read_json.h"

#define MAX_HEADER_BYTES 256
#define MAX_BATCH        8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct everything {
	struct arg_text text;
	int mode;
	struct arg_uuid id;
	int64_t limit;
	double weight;
	bool exact;
	int64_t since;
	struct arg_json metadata;
	struct arg_vector embedding;
};

static const char *const modes[] = {"words", "vector", NULL};

/* clang-format off */
static const struct arg table[] = {
	{ .name = "text", .kind = ARG_TEXT, .required = true, .min = 1, .max = 200, .at = offsetof(struct everything, text) },
	{ .name = "mode", .kind = ARG_ENUM, .choices = modes, .at = offsetof(struct everything, mode) },
	{ .name = "id", .kind = ARG_UUID, .at = offsetof(struct everything, id) },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = 50, .fallback = "10", .at = offsetof(struct everything, limit) },
	{ .name = "weight", .kind = ARG_NUMBER, .min = -1, .max = 1, .at = offsetof(struct everything, weight) },
	{ .name = "exact", .kind = ARG_BOOLEAN, .at = offsetof(struct everything, exact) },
	{ .name = "since", .kind = ARG_TIME, .at = offsetof(struct everything, since) },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = 1000, .at = offsetof(struct everything, metadata) },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = 3, .at = offsetof(struct everything, embedding) },
	{ 0 },
};
/* clang-format on */

static void must(bool fact)
{
	if (!fact)
		abort();
}

/* Takes the line at *data, up to its end, as a header; NULL when it is not sent. */
static const char *take_header(const uint8_t **data, size_t *len, char header[MAX_HEADER_BYTES])
{
	const uint8_t *end = *len > 0 ? memchr(*data, '\n', *len) : NULL;
	size_t line = end != NULL ? (size_t)(end - *data) : 0;

	if (end == NULL || line >= MAX_HEADER_BYTES)
		return NULL;
	memcpy(header, *data, line);
	header[line] = '\0'; /* a NUL in it ends it sooner, as HTTP would have refused it */
	*data += line + 1;
	*len -= line + 1;
	return strcmp(header, "-") == 0 ? NULL : header;
}

/* One JSON value and nothing else. */
static json_t *must_be_json(const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, GUARD_DECODE_FLAGS, NULL);

	must(json != NULL);
	return json;
}

static void answer_error(const struct rpc_message *msg, struct rpc_error *error)
{
	size_t len;
	char *text = rpc_error_text(msg->id, error, &len);

	must(text != NULL && strlen(text) == len);
	json_decref(must_be_json(text, len));
	free(text);
	rpc_error_fini(error);
}

static void answer_result(const struct rpc_message *msg)
{
	size_t result_len, len;
	char *result = compact_json(msg->root, &result_len);
	char *text = rpc_result_text(msg->id, result, result_len, &len);
	json_t *json = must_be_json(text, len);

	must(json_equal(json_object_get(json, "result"), msg->root));
	must(msg->id == NULL || json_equal(json_object_get(json, "id"), msg->id));
	json_decref(json);
	free(text);
	free(result);
}

static void load_arguments(const struct rpc_message *msg)
{
	struct everything e = {.mode = 0};
	char text[512] = "";
	bool loaded =
	    args_load(table, json_object_get(msg->params, "arguments"), &e, text, sizeof(text));

	must(loaded || (*text != '\0' && strlen(text) < sizeof(text)));
	if (loaded && e.metadata.text != NULL)
		json_decref(must_be_json(e.metadata.text, e.metadata.len));
	args_fini(table, &e);
}

/* What read_json() reads, jansson must read the same. */
static void read_twice(const char *body, size_t len)
{
	json_t *ours = read_json(body, len);
	json_t *jansson = ours != NULL ? must_be_json(body, len) : NULL;

	must(json_equal(ours, jansson) || ours == jansson);
	json_decref(ours);
	json_decref(jansson);
}

/* As the server does: the batch as a whole, then one message after the other. */
static void read_batch(const char *body, size_t len, const struct mcp_headers *headers)
{
	struct rpc_message none = {.id = NULL};
	struct rpc_error error = {.data = NULL};
	json_t *batch = rpc_parse_batch(body, len, MAX_BATCH, &error);
	size_t count = json_array_size(batch);

	if (batch == NULL)
		answer_error(&none, &error);
	must(count <= MAX_BATCH);
	for (size_t i = 0; i < count; i++) {
		struct rpc_message msg;
		struct mcp_request request;

		error = (struct rpc_error){.data = NULL};
		if (!rpc_read(json_incref(json_array_get(batch, i)), &msg, &error) ||
		    !mcp_classify(&msg, headers, &request, &error))
			answer_error(&msg, &error);
		else
			answer_result(&msg);
		rpc_message_fini(&msg);
	}
	json_decref(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char version[MAX_HEADER_BYTES], method[MAX_HEADER_BYTES], name[MAX_HEADER_BYTES];
	struct mcp_headers headers = {.version = take_header(&data, &len, version)};
	struct rpc_message msg;
	struct rpc_error error = {.data = NULL};
	struct mcp_request request;

	headers.method = take_header(&data, &len, method);
	headers.name = take_header(&data, &len, name);
	read_twice((const char *)data, len);
	if (len > 0 && *data == '[') {
		read_batch((const char *)data, len, &headers);
		return 0;
	}
	if (!rpc_parse((const char *)data, len, &msg, &error)) {
		answer_error(&msg, &error);
	} else if (!mcp_classify(&msg, &headers, &request, &error)) {
		answer_error(&msg, &error);
	} else {
		load_arguments(&msg);
		answer_result(&msg);
	}
	rpc_message_fini(&msg);
	return 0;
}
