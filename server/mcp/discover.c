/* discover: server/discover of 2026-07-28. */
#include "mcp/methods.h"
#include "mcp/request.h"
#include "surface.h"

/* Only revisions that can be spoken statelessly; the older ones are found by initialize. */
static json_t *make_discovery(const struct surface *surface)
{
	return json_pack("{s:[s], s:{s:{}, s:{s:b}, s:{}, s:{}, s:{s:{}}}, s:s}",
	    "supportedVersions", MCP_MODERN_VERSION, "capabilities", "tools", "resources",
	    "subscribe", 1, "prompts", "completions", "extensions", MCP_TASKS, "instructions",
	    surface->instructions);
}

void discover(struct request *r)
{
	static struct fixed_result discovery = {.make = make_discovery};

	request_result_fixed(r, &discovery);
}
