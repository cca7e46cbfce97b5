/* options: who wins, what is refused, what stays hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"

#define ARGC(argv) ((int)(sizeof(argv) / sizeof(*(argv))))

static char program[] = "sage-mcp";

/* A file with this text; the caller unlinks it. */
static void write_file(char path[32], const char *text)
{
	snprintf(path, 32, "/tmp/sage-options-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_refused(int argc, char **argv, const char *part)
{
	struct options o;
	char error[512] = "";

	assert_false(options_load(&o, argc, argv, error, sizeof(error)));
	if (strstr(error, part) == NULL)
		fail_msg("'%s' does not contain '%s'", error, part);
	options_fini(&o);
}

static void orders_sources(void **state)
{
	char path[32], flag[] = "--db-pool-size", value[] = "7", config[] = "--config";
	char *with_flag[] = {program, config, path, flag, value};
	char *without[] = {program, config, path};
	struct options o;
	char error[512];

	(void)state;
	write_file(
	    path, "# a comment\nDB_POOL_SIZE=5\nDB_USER=\"from file\"\n\nLOG_LEVEL=debug\n");
	setenv("DB_POOL_SIZE", "6", 1);
	assert_true(options_load(&o, ARGC(with_flag), with_flag, error, sizeof(error)));
	assert_int_equal(option_number(&o, OPT_DB_POOL_SIZE), 7);
	options_fini(&o);
	assert_true(options_load(&o, ARGC(without), without, error, sizeof(error)));
	assert_int_equal(option_number(&o, OPT_DB_POOL_SIZE), 6);
	assert_string_equal(option_text(&o, OPT_DB_USER), "from file");
	assert_string_equal(option_text(&o, OPT_LISTEN), "127.0.0.1:8080");
	options_fini(&o);
	unsetenv("DB_POOL_SIZE");
	unlink(path);
}

static void refuses_bad_values(void **state)
{
	char unknown[] = "--no-such", size[] = "--db-pool-size=0",
	     many[] = "--db-pool-size=12x";
	char lonely[] = "--listen", level[] = "--log-level=loud", path[32],
	     config[] = "--config";
	char *file[] = {program, config, path};

	(void)state;
	assert_refused(2, (char *[]){program, unknown}, "unknown flag --no-such");
	assert_refused(2, (char *[]){program, size}, "from 1 to 1000");
	assert_refused(2, (char *[]){program, many}, "whole number");
	assert_refused(2, (char *[]){program, lonely}, "needs a value");
	assert_refused(2, (char *[]){program, level}, "debug, info, warn");
	write_file(path, "DB_POOL_SIZE=3\nNO_SUCH_KEY=1\n");
	assert_refused(ARGC(file), file, ":2: unknown key 'NO_SUCH_KEY'");
	unlink(path);
}

static void reads_secrets_from_files(void **state)
{
	char path[32];
	char *argv[] = {program};
	struct options o;
	char error[512];

	(void)state;
	write_file(path, "hunter2\n");
	setenv("DB_PASSWORD_FILE", path, 1);
	assert_true(options_load(&o, 1, argv, error, sizeof(error)));
	assert_string_equal(option_text(&o, OPT_DB_PASSWORD), "hunter2");
	options_fini(&o);
	setenv("DB_PASSWORD", "other", 1);
	assert_refused(1, argv, "both set");
	unsetenv("DB_PASSWORD");
	unlink(path);
	assert_refused(1, argv, "DB_PASSWORD_FILE");
	unsetenv("DB_PASSWORD_FILE");
}

static void hides_secrets(void **state)
{
	char password[] = "--db-password=hunter2",
	     url[] = "--database-url=postgresql://u:hunter2@h/d";
	char *argv[] = {program, password, url};
	struct options o;
	char error[512], *text = NULL;
	size_t len;

	(void)state;
	assert_true(options_load(&o, ARGC(argv), argv, error, sizeof(error)));
	FILE *out = open_memstream(&text, &len);

	options_print_values(&o, out);
	fclose(out);
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "DB_PASSWORD=******** # flag"));
	free(text);
	options_fini(&o);
}

static void quotes_conninfo(void **state)
{
	char password[] = "--db-password=it's a \\ secret", host[] = "--db-host=/run/pg";
	char *argv[] = {program, password, host};
	struct options o;
	char error[512];

	(void)state;
	assert_true(options_load(&o, ARGC(argv), argv, error, sizeof(error)));
	char *conninfo = options_conninfo(&o);

	assert_string_equal(conninfo, "host='/run/pg' port='5432' user='sage' "
	                              "password='it\\'s a \\\\ secret' dbname='sage_memory' ");
	free(conninfo);
	options_fini(&o);
}

static void reloads_what_it_can(void **state)
{
	char level[] = "--log-level=debug", listen[] = "--listen=127.0.0.1:1";
	char *argv[] = {program, level, listen};
	struct option_change changes[OPT_COUNT];
	struct options o, fresh;
	char error[512];

	(void)state;
	assert_true(options_load(&o, 1, argv, error, sizeof(error)));
	assert_true(options_load(&fresh, ARGC(argv), argv, error, sizeof(error)));
	assert_int_equal(options_reload(&o, &fresh, changes), 2);
	assert_string_equal(changes[0].name, "LISTEN");
	assert_false(changes[0].applied);
	assert_string_equal(changes[1].name, "LOG_LEVEL");
	assert_true(changes[1].applied);
	assert_string_equal(option_text(&o, OPT_LOG_LEVEL), "debug");
	assert_string_equal(option_text(&o, OPT_LISTEN), "127.0.0.1:8080");
	options_fini(&o);
	options_fini(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(orders_sources),
	    cmocka_unit_test(refuses_bad_values),
	    cmocka_unit_test(reads_secrets_from_files),
	    cmocka_unit_test(hides_secrets),
	    cmocka_unit_test(quotes_conninfo),
	    cmocka_unit_test(reloads_what_it_can),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
