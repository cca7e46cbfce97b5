/* log_sink: a log file that may be taken away, and a disk that may be full. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "log_sink.h"

static char directory[] = "/tmp/sage-log-XXXXXX";
static char path[64], aside[64];

static int make_directory(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL || !log_sink_path(directory, path, sizeof(path)))
		return -1;
	snprintf(aside, sizeof(aside), "%s/old", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	unlink(aside);
	return rmdir(directory);
}

/* The whole file; the caller frees it. */
static char *content(const char *file)
{
	static const size_t most = 1 << 20;
	char *text = calloc(1, most);
	FILE *in = fopen(file, "re");

	assert_non_null(in);
	fread(text, 1, most - 1, in);
	fclose(in);
	return text;
}

static void says_what_cannot_be_written(void **state)
{
	char error[256] = "";

	(void)state;
	assert_false(log_sink_open("/nonexistent/logs", error, sizeof(error)));
	assert_non_null(strstr(error, "LOG_DIR"));
	assert_non_null(strstr(error, "/nonexistent/logs/" LOG_SINK_NAME));
	assert_non_null(strstr(error, strerror(ENOENT)));
	assert_true(log_sink_is_stdout());
}

static void follows_its_name(void **state)
{
	char error[256];
	char *text;

	(void)state;
	assert_true(log_sink_open(directory, error, sizeof(error)));
	log_warn("one");
	rename(path, aside);
	log_warn("two");
	assert_true(log_sink_reopen(error, sizeof(error)));
	log_warn("three");
	text = content(aside);
	assert_non_null(strstr(text, "\"one\""));
	assert_non_null(strstr(text, "\"two\""));
	free(text);
	text = content(path);
	assert_non_null(strstr(text, "\"three\""));
	assert_null(strstr(text, "\"two\""));
	free(text);
	unlink(path);
}

/* A limit of the file's size stands for the disk's: it, too, is met in the middle of a line. */
static void a_full_disk_costs_lines_and_says_how_many(void **state)
{
	static const int many = 200;
	const struct rlimit small = {2000, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	char error[256];
	unsigned long told = 0, before = log_dropped_lines();
	int whole = 0, torn = 0;

	log_gather(*state != NULL);
	assert_true(log_sink_open(directory, error, sizeof(error)));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < many; i++)
		log_info("much");
	log_flush();
	setrlimit(RLIMIT_FSIZE, &all);
	log_warn("there is room again");

	char *text = content(path), *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *number = strstr(line, "lines_dropped_before\":\"");

		whole += line[strlen(line) - 1] == '}';
		torn += line[strlen(line) - 1] != '}';
		told += number != NULL ? strtoul(strchr(number, ':') + 2, NULL, 10) : 0;
	}
	assert_int_equal(torn, 1);
	assert_true(told > 0);
	assert_int_equal((unsigned long)whole + told, many + 1);
	assert_int_equal(log_dropped_lines() - before, told);
	free(text);
	unlink(path);
	log_gather(false);
}

int main(void)
{
	static bool gather = true;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_cannot_be_written),
	    cmocka_unit_test(follows_its_name),
	    cmocka_unit_test(a_full_disk_costs_lines_and_says_how_many),
	    cmocka_unit_test_prestate(a_full_disk_costs_lines_and_says_how_many, &gather),
	};

	signal(SIGXFSZ, SIG_IGN); /* as main does */
	return cmocka_run_group_tests_name("log_sink", tests, make_directory, remove_directory);
}
