/* metrics: where something is counted, and how it is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/prometheus.h"
#include "metrics.h"

static unsigned place_of(int code)
{
	unsigned place = 0;

	while (metrics_code(place) != code)
		assert_true(metrics_code(place++) >= 0);
	return place;
}

static void counts_known_and_other_answers(void **state)
{
	static const struct {
		const char *verb;
		int status;
		enum metrics_verb counted_verb;
		int counted_code;
	} cases[] = {
	    {"GET", 200, VERB_GET, 200},
	    {"POST", 499, VERB_POST, 499},
	    {"DELETE", 204, VERB_DELETE, 204},
	    {"HEAD", 503, VERB_HEAD, 503},
	    {"OPTIONS", 418, VERB_OPTIONS, 0},
	    {"PROPFIND", 405, VERB_OTHER, 405},
	    {"GE", 101, VERB_OTHER, 0},
	    {NULL, 400, VERB_OTHER, 400},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint64_t *cell =
		    &metrics_all()
		         ->http[i][cases[i].counted_verb][place_of(cases[i].counted_code)];

		metrics_http(i, cases[i].verb, cases[i].status, 1000);
		metrics_http(i, cases[i].verb, cases[i].status, -1);
		assert_int_equal(*cell, 2);
		assert_int_equal(metrics_all()->http_took[i].count, 1);
	}
}

static void every_code_has_one_place(void **state)
{
	(void)state;
	for (unsigned i = 0; metrics_code(i) >= 0; i++)
		assert_int_equal(place_of(metrics_code(i)), i);
}

static void tells_tools_from_other_methods(void **state)
{
	const struct metrics *m = metrics_all();

	(void)state;
	metrics_mcp(3, 0, OUTCOME_OK);
	metrics_mcp(3, 2, OUTCOME_ERROR);
	metrics_call(0, 5);
	metrics_call(2, 5);
	assert_int_equal(m->mcp[3][OUTCOME_OK], 1);
	assert_int_equal(m->mcp[3][OUTCOME_ERROR], 0);
	assert_int_equal(m->tools[2][OUTCOME_ERROR], 1);
	assert_int_equal(m->call_took[0].count, 0);
	assert_int_equal(m->call_took[2].count, 1);
}

static void keeps_the_worst_until_it_is_taken(void **state)
{
	(void)state;
	metrics_take_worst();
	metrics_lag(300);
	metrics_turn(700);
	metrics_lag(200);
	assert_int_equal(metrics_take_worst(), 700);
	assert_int_equal(metrics_take_worst(), 0);
	metrics_lag(10);
	assert_int_equal(metrics_take_worst(), 10);
}

static void puts_durations_into_classes(void **state)
{
	struct histogram h = {0}, sum = {0};

	(void)state;
	histogram_add(&h, 0);
	histogram_add(&h, 100); /* 0.0001 s: the bound belongs to its class */
	histogram_add(&h, 101);
	histogram_add(&h, 10000000);
	histogram_add(&h, 10000001);
	assert_int_equal(h.counts[0], 2);
	assert_int_equal(h.counts[1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS - 1], 1);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 1);
	histogram_join(&sum, &h);
	histogram_join(&sum, &h);
	assert_int_equal(sum.count, 10);
	assert_int_equal(sum.counts[HISTOGRAM_BOUNDS], 2);
	assert_true(sum.sum_s > 40.0 && sum.sum_s < 40.001);
}

static void escapes_labels(void **state)
{
	char label[PROMETHEUS_LABEL_BYTES], longest[600];

	(void)state;
	prometheus_label(label, "pool", "a \"b\" \\ c\nd");
	assert_string_equal(label, "pool=\"a \\\"b\\\" \\\\ c\\nd\"");
	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	prometheus_label(label, "pool", longest);
	assert_true(strlen(label) < sizeof(label));
	assert_string_equal(label + strlen(label) - 3, "\\\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_known_and_other_answers),
	    cmocka_unit_test(every_code_has_one_place),
	    cmocka_unit_test(tells_tools_from_other_methods),
	    cmocka_unit_test(keeps_the_worst_until_it_is_taken),
	    cmocka_unit_test(puts_durations_into_classes),
	    cmocka_unit_test(escapes_labels),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
