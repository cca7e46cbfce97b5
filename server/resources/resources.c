/* resources: the table, and URIs in both directions. */
#include "resources/resources.h"

#include <stdio.h>
#include <string.h>

#include "events.h"
#include "resources/works.h"
#include "tools/tools.h"
#include "uri.h"

#define JSON_TYPE "application/json"

/* clang-format off */
static const struct resource {
	const char *uri;
	const char *name;
	const char *title;
	const char *description;
	const struct work *work;
	const char *arguments; /* JSON text of fixed arguments, or NULL */
} resources[] = {
	{ RESOURCE_SESSIONS, "sessions", "Sessions",
	  "The sessions used last.",
	  &tool_manage_session.work, "{\"action\":\"list\"}" },
	{ "sage://system/status", "status", "Status",
	  "What the memory holds and how the server is doing.",
	  &tool_get_status.work, NULL },
	{ RESOURCE_MEMORY "{id}", "memory", "Memory",
	  "One memory, whole.",
	  &tool_get_memory.work, NULL },
	{ RESOURCE_SESSION "{session_id}", "session", "Session",
	  "One session with its latest memories.",
	  &session_work, NULL },
	{ RESOURCE_FEED "{namespace}", "feed", "Feed",
	  "The latest memories of your namespace.",
	  &feed_work, NULL },
};
/* clang-format on */

#define RESOURCE_COUNT (sizeof(resources) / sizeof(*resources))

/* Does a URI fit a template? Then the variable's name and value are its argument. */
static bool fits(const struct resource *resource, const char *uri, json_t *arguments)
{
	const char *variable = strchr(resource->uri, '{');
	char value[RESOURCE_URI_BYTES], name[32];

	if (variable == NULL)
		return strcmp(resource->uri, uri) == 0;
	size_t fixed = (size_t)(variable - resource->uri);

	if (strncmp(resource->uri, uri, fixed) != 0 ||
	    !uri_unescape(uri + fixed, value, sizeof(value)))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(variable + 1, "}"), variable + 1);
	/* Bytes that are no UTF-8 name nothing. */
	return json_object_set_new(arguments, name, json_string(value)) == 0;
}

const struct work *resource_find(const char *uri, json_t **arguments)
{
	json_t *found = json_object();

	for (size_t i = 0; i < RESOURCE_COUNT; i++) {
		if (!fits(&resources[i], uri, found))
			continue;
		if (resources[i].arguments != NULL)
			json_object_update_new(
			    found, json_loads(resources[i].arguments, 0, NULL));
		*arguments = found;
		return resources[i].work;
	}
	json_decref(found);
	return NULL;
}

json_t *resources_describe(bool templates)
{
	json_t *list = json_array();

	for (size_t i = 0; i < RESOURCE_COUNT; i++) {
		const struct resource *r = &resources[i];

		if ((strchr(r->uri, '{') != NULL) != templates)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:s, s:s}", templates ? "uriTemplate" : "uri",
		        r->uri, "name", r->name, "title", r->title, "description",
		        r->description, "mimeType", JSON_TYPE));
	}
	return list;
}

json_t *resource_of_session(const char *id, const char *name)
{
	char uri[RESOURCE_URI_BYTES] = RESOURCE_SESSION;
	size_t len = strlen(uri);

	uri_escape(id, uri + len, sizeof(uri) - len);
	return json_pack("{s:s, s:s, s:s, s:s}", "uri", uri, "name", id, "title", name,
	    "mimeType", JSON_TYPE);
}

bool resource_concerns(const char *uri, const struct server_event *event)
{
	char text[RESOURCE_URI_BYTES];

	if (strcmp(uri, RESOURCE_SESSIONS) == 0)
		return true;
	snprintf(text, sizeof(text), RESOURCE_MEMORY "%s", event->memory_id);
	if (strcmp(uri, text) == 0)
		return true;
	if (strncmp(uri, RESOURCE_FEED, sizeof(RESOURCE_FEED) - 1) == 0)
		return uri_unescape(uri + sizeof(RESOURCE_FEED) - 1, text, sizeof(text)) &&
		       strcmp(text, event->namespace) == 0;
	return strncmp(uri, RESOURCE_SESSION, sizeof(RESOURCE_SESSION) - 1) == 0 &&
	       uri_unescape(uri + sizeof(RESOURCE_SESSION) - 1, text, sizeof(text)) &&
	       strcmp(text, event->session_id) == 0;
}

json_t *resources_describe_templates(void)
{
	return resources_describe(true);
}
