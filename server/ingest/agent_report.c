/* agent_report: finds marks by words, without regular expressions; each search is one pass. */
#include "ingest/agent_report.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/mend.h"
#include "utf8.h"

#define MAX_TITLE_BYTES    200 /* of a title, before its name */
#define MAX_METADATA_BYTES (64 * 1024)
#define MAX_NUMBER_BYTES   24

struct span {
	const char *s, *end;
};

/* Words before a colon and a value, in any case; NULL ends a list. */
static const char *const task_words[] = {"Task ID", "任务ID", "任务 ID", "执行任务ID", NULL};
static const char *const execution_words[] = {"Execution ID", "执行ID", "执行 ID", NULL};
static const char *const time_words[] = {
    "Execution Time", "Duration", "执行时间", "耗时", NULL};

/* What a complete report speaks of. */
static const char *const features[][5] = {
    {"Execution ID", "Task ID", "执行ID", "任务ID", NULL},
    {"metrics", "statistics", "指标", "统计", NULL},
    {"error", "failed", "错误", "失败", NULL},
    {"warning", "警告", "注意", NULL},
    {"success", "成功", "完成", NULL},
    {"recommend", "suggestion", "建议", "下一步", NULL},
};

/* Members of the AGENT_METADATA that have a place in the report. */
static const struct {
	const char *from, *to;
	json_type type;
} members[] = {
    {"agent_name", "agent_name", JSON_STRING},
    {"agent_id", "agent_name", JSON_STRING},
    {"task_id", "task_id", JSON_STRING},
    {"execution_id", "execution_id", JSON_STRING},
    {"performance_metrics", "performance_metrics", JSON_OBJECT},
    {"internal_metrics", "performance_metrics", JSON_OBJECT},
    {"execution_metrics", "performance_metrics", JSON_OBJECT},
    {"metrics", "performance_metrics", JSON_OBJECT},
    {"error_count", "error_count", JSON_INTEGER},
    {"warning_count", "warning_count", JSON_INTEGER},
    {"quality_score", "quality_score", JSON_REAL},
    {"quality_score", "quality_score", JSON_INTEGER},
};

/* The first place of a word, in any case; NULL: it is not there. */
static const char *find(struct span text, const char *word)
{
	size_t len = strlen(word);
	char upper = (char)toupper((unsigned char)*word),
	     lower = (char)tolower((unsigned char)*word);

	for (; (size_t)(text.end - text.s) >= len; text.s++) {
		if ((*text.s == upper || *text.s == lower) &&
		    strncasecmp(text.s, word, len) == 0)
			return text.s;
	}
	return NULL;
}

static const char *find_any(struct span text, const char *const *words)
{
	const char *found = NULL;

	for (; found == NULL && *words != NULL; words++)
		found = find(text, *words);
	return found;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip(struct span text, const char *these)
{
	while (text.s < text.end && strchr(these, *text.s) != NULL)
		text.s++;
	return text.s;
}

/* A name of letters, digits, '_' and '-'. */
static struct span name_at(const char *s, const char *end)
{
	struct span name = {s, s};

	while (name.end < end && (*name.end == '_' || *name.end == '-' ||
	                             (*name.end >= '0' && *name.end <= '9') ||
	                             (*name.end >= 'a' && *name.end <= 'z') ||
	                             (*name.end >= 'A' && *name.end <= 'Z')))
		name.end++;
	return name;
}

static void set_text(json_t *report, const char *member, struct span text)
{
	while (text.end > text.s && (is_blank(text.end[-1]) || text.end[-1] == '*'))
		text.end--;
	int len = utf8_cut(text.s, (size_t)(text.end - text.s), AGENT_REPORT_NAME_BYTES);

	if (len > 0)
		json_object_set_new(report, member, json_stringn(text.s, (size_t)len));
}

/* What stands behind one of the words and a colon, up to a blank; empty: nothing does. */
static struct span value_of(struct span text, const char *const *words)
{
	static const char marks[] = " \t*`";

	for (; *words != NULL; words++) {
		struct span at = text;

		while ((at.s = find(at, *words)) != NULL) {
			at.s += strlen(*words);
			at.s = skip(at, marks);
			bool wide = at.end - at.s >= 3 && memcmp(at.s, "：", 3) == 0;

			if (!wide && (at.s == at.end || *at.s != ':'))
				continue;
			at.s += wide ? 3 : 1;
			struct span value = {skip(at, marks), NULL};

			value.end = value.s;
			while (value.end < text.end && !is_blank(*value.end))
				value.end++;
			if (value.end > value.s)
				return value;
		}
	}
	return (struct span){text.s, text.s};
}

static bool begins(struct span text, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(text.end - text.s) >= len && strncasecmp(text.s, word, len) == 0;
}

/* "=== Code Review Report by @name ===" */
static bool find_title(struct span text, json_t *report)
{
	static const char by[] = "by @";
	struct span at = text;

	while ((at.s = find(at, by)) != NULL) {
		struct span name = name_at(at.s + strlen(by), text.end), line = {at.s, at.s};

		at.s += strlen(by);
		while (line.s > text.s && line.s[-1] != '\n' &&
		       line.end - line.s < MAX_TITLE_BYTES)
			line.s--;
		const char *bars = find(line, "===");
		struct span behind = {name.end, text.end};

		behind.s = skip(behind, " \t");
		if (bars == NULL || name.s == name.end || !begins(behind, "==="))
			continue;
		struct span type = {skip((struct span){bars, line.end}, "= \t"), line.end};
		const char *word = find(type, "report");

		if (word == NULL && find(type, "报告") == NULL)
			continue;
		set_text(report, "agent_name", name);
		set_text(report, "report_type",
		    (struct span){type.s, word != NULL ? word : type.end});
		return true;
	}
	return false;
}

/* "Agent Report: name", or a line that begins with "@name report". */
static bool find_name(struct span text, json_t *report)
{
	static const char *const label[] = {"Agent Report", "Agent报告", NULL};
	static const char *const kinds[] = {"report", "summary", "报告", "分析"};
	struct span at = text, value = value_of(text, label);
	struct span name =
	    name_at(value.s + (value.s < value.end && *value.s == '@'), value.end);

	if (name.end > name.s) {
		set_text(report, "agent_name", name);
		return true;
	}
	while ((at.s = find(at, "@")) != NULL) {
		bool first = at.s == text.s || at.s[-1] == '\n';
		struct span behind = {name_at(at.s + 1, text.end).end, text.end};

		name = name_at(++at.s, text.end);
		behind.s = skip(behind, " \t");
		for (size_t i = 0; first && name.end > name.s && behind.s > name.end &&
		                   i < sizeof(kinds) / sizeof(*kinds);
		     i++) {
			if (begins(behind, kinds[i])) {
				set_text(report, "agent_name", name);
				return true;
			}
		}
	}
	return false;
}

/* The object in <!-- AGENT_METADATA {...} -->; NULL: there is none. */
static json_t *find_metadata(struct span text)
{
	const char *mark = find(text, "AGENT_METADATA");
	char why[MEND_WHY_BYTES];

	if (mark == NULL)
		return NULL;
	struct span inside = {mark + strlen("AGENT_METADATA"), text.end};
	const char *end = find(inside, "-->");
	const char *back = mark;

	while (back > text.s && is_blank(back[-1]))
		back--;
	if (end == NULL || end - inside.s > MAX_METADATA_BYTES || back - text.s < 4 ||
	    memcmp(back - 4, "<!--", 4) != 0)
		return NULL;
	json_t *metadata = mend_json(inside.s, (size_t)(end - inside.s), why);

	if (json_is_object(metadata))
		return metadata;
	json_decref(metadata);
	return NULL;
}

/* Moves what has a place into the report; what is left becomes its metadata. */
static void place_metadata(json_t *report, json_t *metadata)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		json_t *value = json_object_get(metadata, members[i].from);

		if (value == NULL || json_typeof(value) != members[i].type ||
		    json_object_get(report, members[i].to) != NULL)
			continue;
		json_object_set(report, members[i].to, value);
		json_object_del(metadata, members[i].from);
	}
	if (json_object_size(metadata) > 0)
		json_object_set(report, "metadata", metadata);
}

/* "3.5 s", "350ms", "2 秒" */
static void place_time(json_t *report, struct span text)
{
	struct span value = value_of(text, time_words);
	char number[MAX_NUMBER_BYTES] = "", *end;
	size_t len = (size_t)(value.end - value.s);

	memcpy(number, value.s, len < sizeof(number) ? len : sizeof(number) - 1);
	double time = strtod(number, &end);
	struct span unit = {value.s + (end - number), text.end};

	if (end == number || !(time >= 0 && time < 1e12))
		return;
	unit.s = skip(unit, " ");
	bool ms = begins(unit, "ms") || begins(unit, "毫秒");

	if (ms || begins(unit, "s") || begins(unit, "秒"))
		json_object_set_new(
		    report, "execution_time_ms", json_real(ms ? time : time * 1000));
}

static double completeness(struct span text)
{
	size_t count = sizeof(features) / sizeof(*features), found = 0;

	for (size_t i = 0; i < count; i++)
		found += find_any(text, features[i]) != NULL;
	return (double)found / (double)count;
}

json_t *agent_report_find(const char *text, size_t len)
{
	struct span all = {text, text + len};
	json_t *report = json_object(), *metadata = find_metadata(all);
	bool named = find_title(all, report) || find_name(all, report);

	if (metadata != NULL)
		place_metadata(report, metadata);
	json_decref(metadata);
	if (!named && json_object_get(report, "agent_name") == NULL) {
		json_decref(report);
		return NULL;
	}
	if (json_object_get(report, "task_id") == NULL)
		set_text(report, "task_id", value_of(all, task_words));
	if (json_object_get(report, "execution_id") == NULL)
		set_text(report, "execution_id", value_of(all, execution_words));
	place_time(report, all);
	json_object_set_new(report, "completeness_score", json_real(completeness(all)));
	return report;
}
