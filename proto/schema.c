/* schema: a table of arguments or results as JSON Schema (2020-12). */
#include <string.h>

#include "args.h"

/* Whose schema it is, and how much of it. */
struct scope {
	bool is_result, all;
};

static json_t *object_schema(const struct arg *table, struct scope scope);

static void set(json_t *schema, const char *key, json_t *value)
{
	json_object_set_new(schema, key, value);
}

static json_t *choices(const struct arg *arg)
{
	json_t *list = json_array();

	for (int i = 0; arg->choices[i] != NULL; i++)
		json_array_append_new(list, json_string(arg->choices[i]));
	return list;
}

static void add_type(json_t *schema, const struct arg *arg, struct scope scope)
{
	static const char *const types[] = {
	    [ARG_TEXT] = "string",
	    [ARG_ENUM] = "string",
	    [ARG_UUID] = "string",
	    [ARG_INTEGER] = "integer",
	    [ARG_NUMBER] = "number",
	    [ARG_BOOLEAN] = "boolean",
	    [ARG_TIME] = "string",
	    [ARG_OBJECT] = "object",
	    [ARG_VECTOR] = "array",
	    [ARG_TEXTS] = "array",
	    [ARG_UUIDS] = "array",
	    [ARG_LIST] = "array",
	    [ARG_RECORD] = "object",
	    [ARG_RECORDS] = "array",
	};

	set(schema, "type", json_string(types[arg->kind]));
	if (arg->kind == ARG_ENUM)
		set(schema, "enum", choices(arg));
	else if (arg->kind == ARG_UUID)
		set(schema, "format", json_string("uuid"));
	else if (arg->kind == ARG_TIME)
		set(schema, "format", json_string("date-time"));
	else if (arg->kind == ARG_VECTOR)
		set(schema, "items", json_pack("{s:s}", "type", "number"));
	else if (arg->kind == ARG_TEXTS && scope.is_result)
		set(schema, "items", json_pack("{s:s}", "type", "string"));
	else if (arg->kind == ARG_TEXTS && arg->choices != NULL)
		set(schema, "items",
		    json_pack("{s:s, s:o}", "type", "string", "enum", choices(arg)));
	else if (arg->kind == ARG_TEXTS)
		set(schema, "items",
		    json_pack("{s:s, s:i, s:I}", "type", "string", "minLength", 1, "maxLength",
		        (json_int_t)arg->each_max));
	else if (arg->kind == ARG_UUIDS)
		set(schema, "items",
		    json_pack("{s:s, s:s}", "type", "string", "format", "uuid"));
	else if (arg->kind == ARG_RECORDS || arg->kind == ARG_LIST)
		set(schema, "items", object_schema(arg->items, scope));
	else if (arg->kind == ARG_RECORD)
		json_object_update_new(schema, object_schema(arg->items, scope));
}

/* Bytes limit characters too: a longer text in characters is longer in bytes. */
static void add_limits(json_t *schema, const struct arg *arg)
{
	if (arg->kind == ARG_TEXT) {
		if (arg->min > 0)
			set(schema, "minLength", json_integer(arg->min));
		set(schema, "maxLength", json_integer(arg->max));
	} else if (arg->kind == ARG_INTEGER || arg->kind == ARG_NUMBER) {
		set(schema, "minimum", json_integer(arg->min));
		set(schema, "maximum", json_integer(arg->max));
	} else if (arg->kind == ARG_TEXTS || arg->kind == ARG_UUIDS || arg->kind == ARG_LIST) {
		if (arg->min > 0)
			set(schema, "minItems", json_integer(arg->min));
		set(schema, "maxItems", json_integer(arg->max));
	} else if (arg->kind == ARG_VECTOR) {
		set(schema, "minItems", json_integer(arg->max));
		set(schema, "maxItems", json_integer(arg->max));
	}
	if (arg->fallback != NULL)
		set(schema, "default",
		    arg->kind == ARG_TEXT || arg->kind == ARG_ENUM
		        ? json_string(arg->fallback)
		        : json_loads(arg->fallback, JSON_DECODE_ANY, NULL));
}

static json_t *object_schema(const struct arg *table, struct scope scope)
{
	json_t *properties = json_object();
	json_t *required = json_array();
	json_t *schema = json_pack("{s:s}", "type", "object");

	if (!scope.is_result || table->name != NULL) /* a result may leave open what is in it */
		json_object_set(schema, "properties", properties);

	for (const struct arg *arg = table; arg->name != NULL; arg++) {
		json_t *property;

		if (arg->rare && !scope.all)
			continue;
		property = json_object();
		add_type(property, arg, scope);
		if (!scope.is_result)
			add_limits(property, arg);
		if (arg->help != NULL)
			set(property, "description", json_string(arg->help));
		if (arg->header != NULL)
			set(property, "x-mcp-header", json_string(arg->header));
		set(properties, arg->name, property);
		if (arg->required)
			json_array_append_new(required, json_string(arg->name));
	}
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(properties);
	json_decref(required);
	if (!scope.is_result)
		set(schema, "additionalProperties", json_false());
	return schema;
}

json_t *args_schema(const struct arg *table, bool all)
{
	return object_schema(table, (struct scope){.all = all});
}

json_t *result_schema(const struct arg *table, bool all)
{
	return object_schema(table, (struct scope){.is_result = true, .all = all});
}
