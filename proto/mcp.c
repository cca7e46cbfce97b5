/* mcp: era by the body, then the envelope, the version, and the headers. */
#include "mcp.h"

#include <stdio.h>
#include <string.h>

#define META_VERSION      "io.modelcontextprotocol/protocolVersion"
#define META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"

#define MAX_HEADER_VALUE_BYTES 2048

static const char *const legacy_versions[] = {MCP_LATEST_LEGACY, "2025-06-18", "2025-03-26"};

#define OLDEST_LEGACY "2025-03-26" /* what a request without the header speaks */

static const char *legacy_version(const char *version)
{
	for (size_t i = 0; i < sizeof(legacy_versions) / sizeof(*legacy_versions); i++) {
		if (strcmp(legacy_versions[i], version) == 0)
			return legacy_versions[i];
	}
	return NULL;
}

const char *mcp_negotiate(const char *asked)
{
	const char *version = legacy_version(asked);

	return version != NULL ? version : MCP_LATEST_LEGACY;
}

static bool fail_unsupported(struct rpc_error *error, const char *requested)
{
	rpc_error_set(error, RPC_UNSUPPORTED_VERSION,
	    json_pack("{s:[s], s:s}", "supported", MCP_MODERN_VERSION, "requested", requested),
	    "'%.40s' is not served statelessly; supported is " MCP_MODERN_VERSION, requested);
	return false;
}

static bool is_modern(const char *version)
{
	return version != NULL && strcmp(version, MCP_MODERN_VERSION) == 0;
}

static bool classify_legacy(const struct rpc_message *msg, const struct mcp_headers *headers,
    struct mcp_request *out, struct rpc_error *error)
{
	out->era = MCP_LEGACY;
	out->version = OLDEST_LEGACY;
	if (headers->version == NULL)
		return true;
	if (is_modern(headers->version)) { /* initialize under a modern header */
		rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
		    "MCP-Protocol-Version says " MCP_MODERN_VERSION
		    ", but %s belongs to older revisions",
		    msg->method);
		return false;
	}
	out->version = legacy_version(headers->version);
	if (out->version != NULL)
		return true;
	return fail_unsupported(error, headers->version);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Strict RFC 4648: whole groups, padding only at the end, no stray bits. */
static bool base64_decode(const char *s, size_t len, char *out, size_t out_len)
{
	size_t pad = len >= 4 && s[len - 1] == '=' ? (s[len - 2] == '=' ? 2 : 1) : 0;
	size_t at = 0;
	unsigned bits = 0, held = 0;

	if (len % 4 != 0 || len / 4 * 3 - pad >= out_len)
		return false;
	for (size_t i = 0; i < len - pad; i++) {
		int value = base64_value(s[i]);

		if (value < 0)
			return false;
		bits = (bits << 6) | (unsigned)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[at++] = (char)((bits >> held) & 0xffU);
		}
	}
	out[at] = '\0';
	return (bits & ((1U << held) - 1)) == 0 && strlen(out) == at;
}

bool mcp_header_decode(const char *value, char *out, size_t out_len)
{
	static const char begin[] = "=?base64?", end[] = "?=";
	size_t len;

	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	if (len >= sizeof(begin) + sizeof(end) - 2 &&
	    strncmp(value, begin, sizeof(begin) - 1) == 0 &&
	    strncmp(value + len - 2, end, 2) == 0)
		return base64_decode(
		    value + sizeof(begin) - 1, len - (sizeof(begin) - 1) - 2, out, out_len);
	if (len >= out_len)
		return false;
	memcpy(out, value, len);
	out[len] = '\0';
	return true;
}

/* Which member of params the Mcp-Name header repeats, if any. */
static const char *named_member(const char *method)
{
	if (strcmp(method, "tools/call") == 0 || strcmp(method, "prompts/get") == 0)
		return "name";
	return strcmp(method, "resources/read") == 0 ? "uri" : NULL;
}

static bool header_says(
    const char *header, const char *title, const char *expected, struct rpc_error *error)
{
	char value[MAX_HEADER_VALUE_BYTES];

	if (header == NULL) {
		rpc_error_set(
		    error, RPC_HEADER_MISMATCH, NULL, "the %s header is required", title);
		return false;
	}
	if (!mcp_header_decode(header, value, sizeof(value)) || strcmp(value, expected) != 0) {
		rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
		    "the %s header differs from the message, which says '%.100s'", title,
		    expected);
		return false;
	}
	return true;
}

static bool check_headers(const struct rpc_message *msg, const struct mcp_headers *headers,
    const char *version, struct rpc_error *error)
{
	const char *member = named_member(msg->method);
	const char *name =
	    member != NULL ? json_string_value(json_object_get(msg->params, member)) : NULL;

	if (headers->repeated) {
		rpc_error_set(error, RPC_HEADER_MISMATCH, NULL,
		    "MCP-Protocol-Version, Mcp-Method and Mcp-Name may each be sent once");
		return false;
	}
	return header_says(headers->version, "MCP-Protocol-Version", version, error) &&
	       header_says(headers->method, "Mcp-Method", msg->method, error) &&
	       (name == NULL || header_says(headers->name, "Mcp-Name", name, error));
}

static bool check_envelope(const json_t *meta, struct rpc_error *error)
{
	const char *missing = NULL;

	if (!json_is_string(json_object_get(meta, META_VERSION)))
		missing = META_VERSION "'] is required, a string";
	else if (!json_is_object(json_object_get(meta, META_CAPABILITIES)))
		missing = META_CAPABILITIES "'] is required, an object";
	if (missing == NULL)
		return true;
	rpc_error_set(error, RPC_INVALID_PARAMS, NULL, "params._meta['%s", missing);
	return false;
}

bool mcp_classify(const struct rpc_message *msg, const struct mcp_headers *headers,
    struct mcp_request *out, struct rpc_error *error)
{
	const json_t *meta = json_object_get(msg->params, "_meta");
	const json_t *claim = json_object_get(meta, META_VERSION);
	bool initializes = strcmp(msg->method, "initialize") == 0;

	if (claim == NULL && (initializes || !is_modern(headers->version)))
		return classify_legacy(msg, headers, out, error);
	out->era = MCP_MODERN;
	out->version = MCP_MODERN_VERSION;
	if (msg->kind == RPC_NOTIFICATION && claim == NULL)
		return check_headers(msg, headers, MCP_MODERN_VERSION, error);
	if (!check_envelope(meta, error))
		return false;
	const char *version = json_string_value(claim);

	if (!is_modern(version))
		return fail_unsupported(error, version);
	return check_headers(msg, headers, version, error);
}
