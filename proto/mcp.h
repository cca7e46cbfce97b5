/*
 * mcp: which revision of the Model Context Protocol a message speaks, and
 * whether its envelope is right.
 *
 * One endpoint serves two eras (MCP 2026-07-28 basic/versioning): a request
 * that carries the modern per-request _meta is modern and stateless; anything
 * else is legacy (2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05). The body
 * decides, the headers must agree.
 *
 * Order of checks for a modern request; the first failure answers:
 * envelope (-32602) -> version header (-32020) -> supported version (-32022) ->
 * other headers (-32020).
 * Pure functions: no socket, no clock.
 */
#pragma once

#include <stdbool.h>

#include "jsonrpc.h"

#define MCP_LATEST_LEGACY  "2025-11-25"
#define MCP_BATCHES        "2025-03-26" /* the only revision with JSON-RPC batches */
#define MCP_OLDEST         "2024-11-05" /* HTTP+SSE */
#define MCP_MODERN_VERSION "2026-07-28"
#define MCP_TASKS          "io.modelcontextprotocol/tasks" /* extension (SEP-2663) */

enum mcp_era {
	MCP_LEGACY,
	MCP_MODERN,
};

/* What the HTTP request said; NULL where a header is absent. */
struct mcp_headers {
	const char *version; /* MCP-Protocol-Version */
	const char *method;  /* Mcp-Method */
	const char *name;    /* Mcp-Name */
	bool repeated;       /* one of the three was sent more than once */
};

struct mcp_request {
	enum mcp_era era;
	const char *version; /* the revision to answer in; static */
};

/*
 * Classifies a parsed message and checks its envelope; a response is legacy. False: error says why, with its HTTP status; out->era is still set.
 */
bool mcp_classify(const struct rpc_message *msg, const struct mcp_headers *headers,
    struct mcp_request *out, struct rpc_error *error) __attribute__((warn_unused_result));

/* Answer of initialize: asked when this server speaks it, else the latest legacy one. Static. */
const char *mcp_negotiate(const char *asked);

/* The revisions that begin with initialize, newest first; NULL behind the last. Static. */
const char *mcp_legacy_version(unsigned i);
