/* resources: the table, and URIs in both directions. */
#include "resources/resources.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "resources/works.h"
#include "tools/tools.h"

#define JSON_TYPE      "application/json"
#define SESSION_PREFIX "sage://session/"

/* clang-format off */
static const struct resource resources[] = {
	{ "sage://sessions/list", "sessions", "Sessions",
	  "The sessions used last.",
	  &tool_manage_session.work, "{\"action\":\"list\"}" },
	{ "sage://system/status", "status", "Status",
	  "What the memory holds and how the server is doing.",
	  &tool_get_status.work, NULL },
	{ "sage://memory/{id}", "memory", "Memory",
	  "One memory, whole.",
	  &tool_get_memory.work, NULL },
	{ SESSION_PREFIX "{session_id}", "session", "Session",
	  "One session with its latest memories.",
	  &session_work, NULL },
	{ "sage://feed/{namespace}", "feed", "Feed",
	  "The latest memories of your namespace.",
	  &feed_work, NULL },
};
/* clang-format on */

#define RESOURCE_COUNT (sizeof(resources) / sizeof(*resources))

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding (RFC 3986 2.1). False: malformed, too long, or a NUL. */
static bool unescape(const char *s, char *out, size_t out_len)
{
	size_t len = 0;

	for (; *s != '\0' && len + 1 < out_len; s++) {
		int high = *s == '%' ? hex(s[1]) : 0;
		int low = *s == '%' && high >= 0 ? hex(s[2]) : 0;

		if (high < 0 || low < 0 || (*s == '%' && high == 0 && low == 0) || *s == '/')
			return false;
		out[len++] = *s == '%' ? (char)(high * 16 + low) : *s;
		s += *s == '%' ? 2 : 0;
	}
	out[len] = '\0';
	return *s == '\0' && len > 0;
}

static void escape(const char *s, char *out, size_t out_len)
{
	size_t len = 0;

	for (; *s != '\0' && len + 4 <= out_len; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			out[len++] = *s;
		else
			len += (size_t)snprintf(out + len, out_len - len, "%%%02X", c);
	}
	out[len] = '\0';
}

/* Does a URI fit a template? Then the variable's name and value are its argument. */
static bool fits(const struct resource *resource, const char *uri, json_t *arguments)
{
	const char *variable = strchr(resource->uri, '{');
	char value[RESOURCE_URI_BYTES], name[32];

	if (variable == NULL)
		return strcmp(resource->uri, uri) == 0;
	size_t fixed = (size_t)(variable - resource->uri);

	if (strncmp(resource->uri, uri, fixed) != 0 ||
	    !unescape(uri + fixed, value, sizeof(value)))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(variable + 1, "}"), variable + 1);
	/* Bytes that are no UTF-8 name nothing. */
	return json_object_set_new(arguments, name, json_string(value)) == 0;
}

const struct resource *resource_find(const char *uri, json_t **arguments)
{
	json_t *found = json_object();

	for (size_t i = 0; i < RESOURCE_COUNT; i++) {
		if (!fits(&resources[i], uri, found))
			continue;
		if (resources[i].arguments != NULL)
			json_object_update_new(
			    found, json_loads(resources[i].arguments, 0, NULL));
		*arguments = found;
		return &resources[i];
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
	char uri[RESOURCE_URI_BYTES] = SESSION_PREFIX;
	size_t len = strlen(uri);

	escape(id, uri + len, sizeof(uri) - len);
	return json_pack("{s:s, s:s, s:s, s:s}", "uri", uri, "name", id, "title", name,
	    "mimeType", JSON_TYPE);
}
