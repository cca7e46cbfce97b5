/* mcp: the era by the body, then the envelope, the version, and the headers. */
#include "mcp.h"

#include <stdio.h>
#include <string.h>

#include "mcp_header.h"
#include "utf8.h"

#define META_VERSION      "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

#define MAX_QUOTED_BYTES 64

#define HEADERLESS_LEGACY MCP_BATCHES /* the last revision without the version header */

const char *mcp_legacy_version(unsigned i)
{
	static const char *const known[] = {
	    MCP_LATEST_LEGACY, "2025-06-18", HEADERLESS_LEGACY, MCP_OLDEST};

	return i < sizeof(known) / sizeof(*known) ? known[i] : NULL;
}

static const char *find_legacy(const char *version)
{
	const char *known = NULL;

	for (unsigned i = 0; (known = mcp_legacy_version(i)) != NULL; i++) {
		if (mcp_header_says(version, known))
			break;
	}
	return known;
}

const char *mcp_negotiate(const char *asked)
{
	const char *version = find_legacy(asked);

	return version != NULL ? version : MCP_LATEST_LEGACY;
}

static bool fail_unsupported(struct rpc_error *error, const char *version)
{
	char asked[MAX_QUOTED_BYTES];

	snprintf(asked, sizeof(asked), "%s", version);
	utf8_repair(asked);
	rpc_error_set(error, RPC_UNSUPPORTED_VERSION,
	    json_pack("{s:[s], s:s}", "supported", MCP_MODERN_VERSION, "requested", asked),
	    "'%s' is not supported; " MCP_MODERN_VERSION " is and, with initialize, " MCP_OLDEST
	    " to " MCP_LATEST_LEGACY,
	    asked);
	return false;
}

static bool is_modern(
    const struct rpc_message *msg, const struct mcp_headers *headers, const json_t *meta)
{
	const json_t *claim = json_object_get(meta, META_VERSION);
	const char *version = json_string_value(claim);

	/* initialize is the legacy handshake, unless all of its envelope says otherwise. */
	if (strcmp(msg->method, "initialize") == 0)
		return version != NULL && strcmp(version, MCP_MODERN_VERSION) == 0 &&
		       json_is_object(json_object_get(meta, META_CAPABILITIES));
	return claim != NULL || mcp_header_says(headers->version, MCP_MODERN_VERSION);
}

static bool classify_legacy(const struct rpc_message *msg, const struct mcp_headers *headers,
    struct mcp_request *out, struct rpc_error *error)
{
	if (headers->version == NULL)
		return true;
	if (mcp_header_says(headers->version, MCP_MODERN_VERSION)) {
		rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
		    "MCP-Protocol-Version says " MCP_MODERN_VERSION
		    ", but %s without its _meta belongs to older revisions",
		    msg->method);
		return false;
	}
	const char *version = find_legacy(headers->version);

	if (version == NULL)
		return fail_unsupported(error, headers->version);
	out->version = version;
	return true;
}

/* Notifications have no answer that would depend on capabilities. */
static bool check_envelope(
    const struct rpc_message *msg, const json_t *meta, struct rpc_error *error)
{
	const json_t *claim = json_object_get(meta, META_VERSION);
	const char *missing = NULL;

	if (msg->kind == RPC_NOTIFICATION && claim == NULL)
		return true;
	if (!json_is_string(claim))
		missing = META_VERSION "'] is required, a string";
	else if (msg->kind == RPC_REQUEST &&
	         !json_is_object(json_object_get(meta, META_CAPABILITIES)))
		missing = META_CAPABILITIES "'] is required, an object";
	if (missing != NULL) {
		rpc_error_set(error, RPC_INVALID_PARAMS, NULL, "params._meta['%s", missing);
		return false;
	}
	return true;
}

/* Which member of params the Mcp-Name header repeats, if any. */
static const char *named_member(const char *method)
{
	static const char *const members[][2] = {
	    {"tools/call", "name"},
	    {"prompts/get", "name"},
	    {"resources/read", "uri"},
	    {"tasks/get", "taskId"},
	    {"tasks/update", "taskId"},
	    {"tasks/cancel", "taskId"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (strcmp(members[i][0], method) == 0)
			return members[i][1];
	}
	return NULL;
}

static bool fail_header(
    struct rpc_error *error, const char *header, const char *title, const char *expected)
{
	rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
	    header == NULL ? "the %s header is required; the message says '%.*s'"
	                   : "the %s header differs from the message, which says '%.*s'",
	    title, utf8_cut(expected, strlen(expected), MAX_QUOTED_BYTES), expected);
	return false;
}

/* Of notifications the revision demands no headers, but what is there must be true. */
static bool check_headers(
    const struct rpc_message *msg, const struct mcp_headers *headers, struct rpc_error *error)
{
	bool required = msg->kind == RPC_REQUEST;
	const char *member = required ? named_member(msg->method) : NULL;
	const char *name =
	    member != NULL ? json_string_value(json_object_get(msg->params, member)) : NULL;

	if ((required || headers->method != NULL) &&
	    !mcp_header_says(headers->method, msg->method))
		return fail_header(error, headers->method, "Mcp-Method", msg->method);
	if (name != NULL &&
	    !mcp_header_matches(headers->name, json_object_get(msg->params, member)))
		return fail_header(error, headers->name, "Mcp-Name", name);
	return true;
}

/* Header and claim must agree before it matters whether the version is served. */
static bool check_version(
    const struct mcp_headers *headers, const json_t *meta, struct rpc_error *error)
{
	const char *claim = json_string_value(json_object_get(meta, META_VERSION));
	const char *version = claim != NULL ? claim : MCP_MODERN_VERSION;

	if (headers->repeated) {
		rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
		    "MCP-Protocol-Version, Mcp-Method and Mcp-Name may each be sent once");
		return false;
	}
	if (!mcp_header_says(headers->version, version))
		return fail_header(error, headers->version, "MCP-Protocol-Version", version);
	return strcmp(version, MCP_MODERN_VERSION) == 0 || fail_unsupported(error, version);
}

bool mcp_classify(const struct rpc_message *msg, const struct mcp_headers *headers,
    struct mcp_request *out, struct rpc_error *error)
{
	const json_t *meta = json_object_get(msg->params, "_meta");

	*out = (struct mcp_request){MCP_LEGACY, HEADERLESS_LEGACY};
	if (msg->kind == RPC_RESPONSE) /* only older revisions let servers ask */
		return true;
	if (!is_modern(msg, headers, meta))
		return classify_legacy(msg, headers, out, error);
	*out = (struct mcp_request){MCP_MODERN, MCP_MODERN_VERSION};
	return check_envelope(msg, meta, error) && check_version(headers, meta, error) &&
	       check_headers(msg, headers, error);
}
