/* agent_report: what agents say of their own work, in the forms the original knew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/agent_report.h"

static const struct {
	const char *text;
	const char *report; /* JSON without completeness_score; NULL: there is none */
} cases[] = {
    {"", NULL},
    {"An agent reported by @mail that all is well.", NULL},
    {"The report by @someone is late.", NULL},
    {"=== Notes by @someone ===", NULL},
    {"=== Report by someone ===", NULL},
    {"@alice can you look?", NULL},
    {"see @alice report", NULL},
    {"<!-- AGENT_METADATA {\"task_id\":\"t\"} -->", NULL},
    {"<!-- AGENT_METADATA {broken -->", NULL},
    {"AGENT_METADATA {\"agent_id\":\"x\"} -->", NULL},
    {"=== Report by @coder ===", "{\"agent_name\":\"coder\"}"},
    {"\n===   Code Review  REPORT by @code-reviewer_2===\nTask ID: cr-7\n",
        "{\"agent_name\":\"code-reviewer_2\",\"report_type\":\"Code "
        "Review\",\"task_id\":\"cr-7\"}"},
    {"=== 性能分析报告 by @perf ===\n执行时间: 3.5秒\n**任务ID**：pa-002\n执行ID: e9\n",
        "{\"agent_name\":\"perf\",\"report_type\":\"性能分析报告\",\"task_id\":\"pa-"
        "002\","
        "\"execution_id\":\"e9\",\"execution_time_ms\":3500.0}"},
    {"Agent Report: planner\nExecution ID: `7`\nDuration: 350 ms",
        "{\"agent_name\":\"planner\",\"execution_id\":\"7`\",\"execution_time_ms\":350."
        "0}"},
    {"@tester summary\nDuration: fast", "{\"agent_name\":\"tester\"}"},
    {"first\n@tester 报告", "{\"agent_name\":\"tester\"}"},
    {"ok "
     "<!--\nAGENT_METADATA\n{\"agent_id\":\"x\",\"task_id\":\"t\",\"internal_metrics\":"
     "{\"n\":5},"
     "\"error_count\":2,\"warning_count\":0,\"quality_score\":0.5,\"environment\":{"
     "\"os\":\"l\"}}\n-->",
        "{\"agent_name\":\"x\",\"task_id\":\"t\",\"performance_metrics\":{\"n\":5},"
        "\"error_count\":2,\"warning_count\":0,\"quality_score\":0.5,"
        "\"metadata\":{\"environment\":{\"os\":\"l\"}}}"},
    {"=== Report by @a ===\nTask ID: text\n<!-- AGENT_METADATA "
     "{\"agent_id\":\"b\",\"task_id\":"
     "\"json\",\"error_count\":\"many\"} -->",
        "{\"agent_name\":\"a\",\"task_id\":\"json\",\"metadata\":{\"agent_id\":\"b\","
        "\"error_count\":\"many\"}}"},
};

static void finds_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].text);
		char *exact = malloc(len > 0 ? len : 1);

		memcpy(exact, cases[i].text, len);
		json_t *report = agent_report_find(exact, len);
		json_t *expected =
		    cases[i].report != NULL ? json_loads(cases[i].report, 0, NULL) : NULL;

		free(exact);
		if (report != NULL)
			json_object_del(report, "completeness_score");
		if ((report == NULL) != (expected == NULL) ||
		    (report != NULL && !json_equal(report, expected)))
			fail_msg("%s\n-> %s", cases[i].text,
			    report != NULL ? json_dumps(report, 0) : "none");
		json_decref(report);
		json_decref(expected);
	}
}

static double completeness(const char *text)
{
	json_t *report = agent_report_find(text, strlen(text));
	double score = json_real_value(json_object_get(report, "completeness_score"));

	assert_non_null(report);
	json_decref(report);
	return score;
}

static void judges_completeness(void **state)
{
	(void)state;
	assert_true(completeness("=== Report by @a ===") == 0);
	assert_true(
	    completeness("=== Report by @a ===\nMetrics: 1\nno errors, 2 warnings") == 0.5);
	assert_true(completeness(
	                "=== Report by @a ===\nTask ID: 1\n指标\n错误\n警告\n成功\n建议") == 1);
}

static void bounds_names(void **state)
{
	char text[1200] = "Agent Report: ";

	(void)state;
	memset(text + strlen(text), 'x', 1000);
	json_t *report = agent_report_find(text, strlen(text));

	assert_int_equal(
	    json_string_length(json_object_get(report, "agent_name")), AGENT_REPORT_NAME_BYTES);
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_reports),
	    cmocka_unit_test(judges_completeness),
	    cmocka_unit_test(bounds_names),
	};

	return cmocka_run_group_tests_name("agent_report", tests, NULL, NULL);
}
