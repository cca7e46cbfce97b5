/* fixtures: finds and describes what the file holds. */
#include "fixtures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "act.h"

#define MOST 64

static json_t *file;
static struct fixture tools[MOST];
static struct fixture resources[MOST], prompts[MOST];

/* clang-format off */
static const struct arg mirrored[] = {
	{ .name = "region", .kind = ARG_TEXT, .max = 64, .header = "Region",
	  .at = offsetof(struct fixture_call, region), .help = "Mirrored in Mcp-Param-Region." },
	{ .name = "level", .kind = ARG_INTEGER, .max = 100,
	  .at = offsetof(struct fixture_call, level), .help = "Not mirrored." },
	{ 0 },
};
/* clang-format on */

static void fill(struct fixture *fixture, json_t *spec, const char *name_key)
{
	fixture->spec = spec;
	fixture->tool.work = (struct work){
	    .name = json_string_value(json_object_get(spec, name_key)),
	    .arguments = json_object_get(spec, "table") != NULL ? mirrored : NULL,
	    .steps = act_steps,
	    .size = sizeof(struct fixture_call),
	    .reads_only = true,
	    .logs = json_is_true(json_object_get(spec, "logs")),
	};
}

bool fixtures_load(const char *path)
{
	json_error_t error;
	json_t *spec;
	size_t i, count = 0;

	file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (file == NULL) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		return false;
	}
	json_array_foreach (json_object_get(file, "tools"), i, spec)
		fill(&tools[i], spec, "name");
	json_array_foreach (json_object_get(file, "resources"), i, spec)
		fill(&resources[count++], spec, "uri");
	json_array_foreach (json_object_get(file, "templates"), i, spec)
		fill(&resources[count++], spec, "uriTemplate");
	json_array_foreach (json_object_get(file, "prompts"), i, spec)
		fill(&prompts[i], spec, "name");
	return true;
}

void fixtures_free(void)
{
	json_decref(file);
}

/* The part of the file without what only this program reads. */
static json_t *describe(const char *part)
{
	json_t *list = json_deep_copy(json_object_get(file, part));
	json_t *spec;
	size_t i;

	json_array_foreach (list, i, spec) {
		if (json_object_get(spec, "table") != NULL)
			json_object_set_new(spec, "inputSchema", args_schema(mirrored, true));
		json_object_del(spec, "steps");
		json_object_del(spec, "table");
		json_object_del(spec, "logs");
	}
	return list;
}

static json_t *describe_tools(enum tool_profile profile)
{
	(void)profile;
	return describe("tools");
}

static json_t *describe_templates(void)
{
	return describe("templates");
}

static json_t *describe_prompts(void)
{
	return describe("prompts");
}

static const struct tool *find_tool(const char *name)
{
	for (size_t i = 0; i < MOST && tools[i].spec != NULL; i++) {
		if (strcmp(tools[i].tool.work.name, name) == 0)
			return &tools[i].tool;
	}
	return NULL;
}

/* "test://template/{id}/data" with any id. */
static bool fits(const char *pattern, const char *uri, json_t *arguments)
{
	const char *open = strchr(pattern, '{');
	const char *close = strchr(pattern, '}');
	size_t before = open != NULL ? (size_t)(open - pattern) : 0;
	size_t behind = close != NULL ? strlen(close + 1) : 0;
	size_t len = strlen(uri);

	if (open == NULL)
		return strcmp(pattern, uri) == 0;
	if (len <= before + behind || strncmp(uri, pattern, before) != 0 ||
	    strcmp(uri + len - behind, close + 1) != 0)
		return false;
	json_object_set_new(arguments, "id", json_stringn(uri + before, len - before - behind));
	return true;
}

static const struct work *find_resource(const char *uri, json_t **arguments)
{
	*arguments = json_object();
	for (size_t i = 0; i < MOST && resources[i].spec != NULL; i++) {
		if (fits(resources[i].tool.work.name, uri, *arguments))
			return &resources[i].tool.work;
	}
	json_decref(*arguments);
	*arguments = NULL;
	return NULL;
}

static const struct work *find_prompt(const char *name)
{
	for (size_t i = 0; i < MOST && prompts[i].spec != NULL; i++) {
		if (strcmp(prompts[i].tool.work.name, name) == 0)
			return &prompts[i].tool.work;
	}
	return NULL;
}

static enum step_result list(struct call *call)
{
	call->result = json_pack("{s:o}", "resources", describe("resources"));
	return STEP_NEXT;
}

static const struct step list_steps[] = {STEP(list), {0}};

static const struct work list_work = {.name = "resources/list",
    .steps = list_steps,
    .size = sizeof(struct call),
    .reads_only = true};

static bool concerns(const char *uri, const struct server_event *event)
{
	(void)uri;
	(void)event;
	return false;
}

static const struct work *find_completion(const json_t *ref, const char *argument, bool *exists)
{
	const char *name = json_string_value(json_object_get(ref, "name"));

	(void)argument;
	*exists = name != NULL && find_prompt(name) != NULL;
	return NULL;
}

const struct surface fixtures_surface = {
    .name = "sage-conformance",
    .title = "Conformance fixtures",
    .instructions = "For the conformance suite.",
    .describe_tools = describe_tools,
    .describe_templates = describe_templates,
    .describe_prompts = describe_prompts,
    .list_resources = &list_work,
    .find_tool = find_tool,
    .find_resource = find_resource,
    .find_prompt = find_prompt,
    .concerns = concerns,
    .find_completion = find_completion,
};
