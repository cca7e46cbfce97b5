/* tools: finds and describes the tools of tools.def. */
#include "tools/tools.h"

#include <string.h>

#include "metrics.h"

static const struct tool *const tools[] = {
#define TOOL(name, profile) &tool_##name,
#include "tools/tools.def"
#undef TOOL
};

static const enum tool_profile profiles[] = {
#define TOOL(name, profile) TOOLS_##profile,
#include "tools/tools.def"
#undef TOOL
};

#define TOOL_COUNT (sizeof(tools) / sizeof(*tools))

_Static_assert(TOOL_COUNT + 2 <= METRICS_TOOLS, "every tool is counted");

const struct tool *tool_find(const char *name)
{
	for (size_t i = 0; i < TOOL_COUNT; i++) {
		if (strcmp(tools[i]->work.name, name) == 0)
			return tools[i];
	}
	return NULL;
}

unsigned tool_number(const struct tool *tool)
{
	unsigned i = 0;

	while (i < TOOL_COUNT && tools[i] != tool)
		i++;
	return i + 1;
}

const char *tool_name(unsigned number)
{
	if (number > TOOL_COUNT + 1)
		return NULL;
	return number <= TOOL_COUNT ? tools[number - 1]->work.name : "other";
}

/* MCP ToolAnnotations; a memory is a closed world. */
static json_t *annotations(const struct tool *tool)
{
	json_t *hints =
	    json_pack("{s:b, s:b}", "readOnlyHint", tool->work.reads_only, "openWorldHint", 0);

	if (!tool->work.reads_only)
		json_object_update_new(
		    hints, json_pack("{s:b, s:b}", "destructiveHint", tool->destroys,
		               "idempotentHint", tool->repeatable));
	return hints;
}

json_t *tools_describe(enum tool_profile profile)
{
	json_t *list = json_array();
	bool all = profile != TOOLS_CORE;

	for (size_t i = 0; i < TOOL_COUNT; i++) {
		const struct tool *tool = tools[i];

		if (profiles[i] > profile)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", tool->work.name,
		        "title", tool->title, "description", tool->description, "inputSchema",
		        args_schema(tool->work.arguments, all), "outputSchema",
		        result_schema(tool->results, all), "annotations", annotations(tool)));
	}
	return list;
}
