/* jsonrpc: reads one message strictly, writes results and errors. */
#include "jsonrpc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "read_json.h"
#include "utf8.h"

static const struct {
	int code;
	int http_status;
	const char *title;
} codes[RPC_CODE_COUNT] = {
#define RPC_ERROR(name, code, http, text) [RPC_##name] = {code, http, text},
#include "errors.def"
#undef RPC_ERROR
};

void rpc_error_set(
    struct rpc_error *e, enum rpc_code code, json_t *data, const char *format, ...)
{
	va_list list;
	int len = snprintf(e->text, sizeof(e->text), "%s: ", codes[code].title);

	e->code = code;
	e->http_status = codes[code].http_status;
	e->data = data;
	va_start(list, format);
	vsnprintf(e->text + len, sizeof(e->text) - (size_t)len, format, list);
	va_end(list);
	utf8_repair(e->text);
}

void rpc_error_fini(struct rpc_error *e)
{
	json_decref(e->data);
	e->data = NULL;
}

/* jansson has one code for all of these, so the beginning of its message decides. */
static const char *syntax_fault(const char *text)
{
	static const struct {
		const char *begin, *words;
	} faults[] = {
	    {"invalid Unicode", "lone surrogate in a \\u escape"},
	    {"invalid escape", "invalid escape in a text"},
	    {"control character", "control characters must be escaped"},
	    {"unexpected newline", "line breaks in a text must be escaped"},
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (strncmp(text, faults[i].begin, strlen(faults[i].begin)) == 0)
			return faults[i].words;
	}
	return "not JSON";
}

/* What jansson found wrong, in words that say what to do about it. */
static const char *parse_fault(const json_error_t *fault)
{
	switch (json_error_code(fault)) {
	case json_error_invalid_utf8:
		return "invalid UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "U+0000 is not allowed";
	case json_error_duplicate_key:
		return "duplicate key";
	case json_error_numeric_overflow:
		return "number out of range; integers are limited to 2^53 - 1";
	case json_error_stack_overflow:
		return "nested deeper than 64 levels";
	case json_error_invalid_argument: /* no body at all */
	case json_error_premature_end_of_input:
		return "the text ends too early";
	case json_error_end_of_input_expected:
		return "something follows the message";
	case json_error_unknown:
	case json_error_out_of_memory:
	case json_error_cannot_open_file:
	case json_error_invalid_syntax:
	case json_error_invalid_format:
	case json_error_wrong_type:
	case json_error_null_value:
	case json_error_item_not_found:
	case json_error_index_out_of_range:
		break;
	}
	return syntax_fault(fault->text);
}

static void fail_parse(
    struct rpc_error *error, const char *body, size_t len, const json_error_t *fault)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	const char *near = strstr(fault->text, " near '"); /* at most 20 bytes are quoted */
	const char *what = parse_fault(fault);
	char path[GUARD_PATH_BYTES];
	size_t at = fault->position > 0 ? (size_t)fault->position : 0;

	if (*fault->text == '\0') { /* jansson gave up without finding anything wrong */
		rpc_error_set(error, RPC_INTERNAL, NULL,
		    "out of memory; nothing was done, try again later");
		return;
	}
	if (len >= 3 && memcmp(body, byte_order_mark, 3) == 0) {
		rpc_error_set(error, RPC_PARSE, NULL, "begins with a byte order mark");
		return;
	}
	guard_path_at(body, len, at, path, sizeof(path));
	rpc_error_set(error, RPC_PARSE, NULL, "%s%s%s at byte %zu%s", path,
	    *path != '\0' ? ": " : "", what, at, near != NULL ? near : "");
}

static bool fail(struct rpc_error *error, enum rpc_code code, const char *text)
{
	rpc_error_set(error, code, NULL, "%s", text);
	return false;
}

/* Reads "id", "method" and "params"; what else there is does not matter. */
static bool read_members(struct rpc_message *msg, struct rpc_error *error)
{
	const json_t *version = json_object_get(msg->root, "jsonrpc");
	const json_t *id = json_object_get(msg->root, "id");
	const json_t *method = json_object_get(msg->root, "method");
	json_t *params = json_object_get(msg->root, "params");
	const json_t *result = json_object_get(msg->root, "result");
	const json_t *failure = json_object_get(msg->root, "error");

	if (id != NULL && !json_is_string(id) && !json_is_integer(id))
		return fail(error, RPC_INVALID_REQUEST, "id must be a string or an integer");
	msg->id = id;
	if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
		return fail(error, RPC_INVALID_REQUEST, "jsonrpc must be \"2.0\"");
	if (method == NULL && (result != NULL || failure != NULL)) {
		msg->kind = RPC_RESPONSE;
		if (result != NULL && failure != NULL)
			return fail(error, RPC_INVALID_REQUEST,
			    "a response has either a result or an error");
		return id != NULL || fail(error, RPC_INVALID_REQUEST, "a response needs an id");
	}
	if (!json_is_string(method))
		return fail(error, RPC_INVALID_REQUEST, "method is required, a string");
	msg->method = json_string_value(method);
	msg->kind = id != NULL ? RPC_REQUEST : RPC_NOTIFICATION;
	/* JSON-RPC knows params by position, MCP does not: a good request with bad params. */
	if (params != NULL && !json_is_object(params))
		return fail(error, RPC_INVALID_PARAMS, "params must be an object");
	msg->params = params;
	return true;
}

bool rpc_read(json_t *root, struct rpc_message *msg, struct rpc_error *error)
{
	char text[sizeof(error->text) / 2];

	memset(msg, 0, sizeof(*msg));
	msg->root = root;
	if (!json_is_object(root))
		return fail(error, RPC_INVALID_REQUEST, "a message must be an object");
	if (!guard_check(root, text, sizeof(text))) {
		const json_t *id = json_object_get(root, "id");

		msg->id = json_is_string(id) || json_is_integer(id) ? id : NULL;
		return fail(error, RPC_INVALID_REQUEST, text);
	}
	return read_members(msg, error);
}

/* NULL: fault says why. */
static json_t *load(const char *body, size_t len, json_error_t *fault)
{
	json_t *json = read_json(body, len);

	return json != NULL ? json : json_loadb(body, len, GUARD_DECODE_FLAGS, fault);
}

bool rpc_parse(const char *body, size_t len, struct rpc_message *msg, struct rpc_error *error)
{
	json_error_t fault;
	json_t *root = load(body, len, &fault);

	memset(msg, 0, sizeof(*msg));
	if (root == NULL) {
		fail_parse(error, body, len, &fault);
		return false;
	}
	return rpc_read(root, msg, error);
}

json_t *rpc_parse_object(const char *body, size_t len, struct rpc_error *error)
{
	char text[sizeof(error->text) / 2];
	json_error_t fault;
	json_t *object = load(body, len, &fault);

	if (object == NULL)
		fail_parse(error, body, len, &fault);
	else if (!json_is_object(object))
		fail(error, RPC_INVALID_REQUEST, "the body must be a JSON object");
	else if (guard_check(object, text, sizeof(text)))
		return object;
	else
		fail(error, RPC_INVALID_REQUEST, text);
	json_decref(object);
	return NULL;
}

static bool all_objects(const json_t *array)
{
	const json_t *element;
	size_t i;

	json_array_foreach (array, i, element) {
		if (!json_is_object(element))
			return false;
	}
	return true;
}

json_t *rpc_parse_batch(const char *body, size_t len, size_t most, struct rpc_error *error)
{
	json_error_t fault;
	json_t *batch = load(body, len, &fault);
	size_t count = json_array_size(batch);

	if (batch == NULL)
		fail_parse(error, body, len, &fault);
	else if (count < 1 || count > most)
		rpc_error_set(error, RPC_INVALID_REQUEST, NULL,
		    "a batch has 1 to %zu messages, this one has %zu", most, count);
	else if (!all_objects(batch))
		rpc_error_set(error, RPC_INVALID_REQUEST, NULL,
		    "every message of a batch must be an object");
	else
		return batch;
	json_decref(batch);
	return NULL;
}

void rpc_message_fini(struct rpc_message *msg)
{
	json_decref(msg->root);
	memset(msg, 0, sizeof(*msg));
}

#define ID_BYTES 32 /* an integer with its sign */

/* The id as JSON text: in local for numbers, allocated (free it) for strings. */
static char *id_text(const json_t *id, char local[ID_BYTES])
{
	if (json_is_string(id))
		return json_dumps(id, JSON_ENCODE_ANY);
	if (json_is_integer(id))
		snprintf(local, ID_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
	else
		snprintf(local, ID_BYTES, "null");
	return local;
}

/* {"jsonrpc":"2.0","id":ID,"MEMBER":VALUE} in one allocation. */
static char *envelope(
    const json_t *id, const char *member, const char *value, size_t value_len, size_t *len)
{
	char local[ID_BYTES];
	char *id_json = id_text(id, local);
	char *text = NULL;

	if (id_json != NULL) {
		size_t room = strlen(id_json) + strlen(member) + 32;

		text = malloc(room + value_len + 2);
		if (text != NULL) {
			size_t at = (size_t)snprintf(text, room,
			    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"%s\":", id_json, member);

			memcpy(text + at, value, value_len);
			memcpy(text + at + value_len, "}", 2);
			*len = at + value_len + 1;
		}
	}
	if (id_json != local)
		free(id_json);
	return text;
}

char *rpc_result_text(const json_t *id, const char *result, size_t result_len, size_t *len)
{
	return envelope(id, "result", result, result_len, len);
}

char *rpc_error_text(const json_t *id, const struct rpc_error *error, size_t *len)
{
	json_t *json =
	    json_pack("{s:i, s:s}", "code", codes[error->code].code, "message", error->text);
	char *body = NULL, *text = NULL;

	if (json != NULL && error->data != NULL)
		json_object_set(json, "data", error->data);
	if (json != NULL)
		body = json_dumps(json, JSON_COMPACT);
	if (body != NULL)
		text = envelope(id, "error", body, strlen(body), len);
	free(body);
	json_decref(json);
	return text;
}
