/* redact_promises: what stays, what is counted, and how long it takes. */
#include <time.h>

#include "redacting.h"

static void replaces_cards(void **state)
{
	static const char *const cards[] = {"4111111111111111", "4111 1111 1111 1111",
	    "4111-1111-1111-1111", "4222222222222", "5555555555554444", "5105 1051 0510 5100",
	    "2223003122003222", "378282246310005", "3782 822463 10005", "6011111111111117",
	    "3530111333300000", "30569309025904", "3056 930902 5904", "6200000000000005",
	    "6304000000000000"};
	static const struct example examples[] = {
	    {"card 4111 1111 1111 1111 12/29 123", "card [redacted:card] 12/29 123"},
	    {"(4111111111111111)", "([redacted:card])"},
	    {"\xe5\x8d\xa1\xe5\x8f\xb7"
	     "4111111111111111\xe3\x80\x82",
	        "\xe5\x8d\xa1\xe5\x8f\xb7[redacted:card]\xe3\x80\x82"},
	    {"4111111111111112", "4111111111111112"},   /* wrong check digit */
	    {"1234567812345670", "1234567812345670"},   /* no issuer */
	    {"41111111111111110", "41111111111111110"}, /* too long */
	    {"14111111111111111", "14111111111111111"}, /* inside a longer number */
	    {"0.4111111111111111", "0.4111111111111111"},
	    {"4111111111111111.5", "4111111111111111.5"},
	    {"1234-4111-1111-1111-1111", "1234-4111-1111-1111-1111"},
	    {"4111-1111-1111-1111-1234", "4111-1111-1111-1111-1234"},
	    {"4111 1111-1111 1111", "4111 1111-1111 1111"}, /* mixed signs */
	    {"x4111111111111111", "x4111111111111111"},
	    {"4111111111111111a", "4111111111111111a"},
	    {"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"},
	    {"1764000000000", "1764000000000"},       /* milliseconds since 1970 */
	    {"1764000000000000", "1764000000000000"}, /* microseconds */
	    {"GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 19"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
		struct redactions counts = {.of = {0}};
		char *left = redacted(cards[i], &counts);

		if (strcmp(left, "[redacted:card]") != 0)
			fail_msg("%s -> %s", cards[i], left);
		free(left);
	}
	CHECK(examples);
}

static void leaves_the_rest_alone(void **state)
{
	static const char *const texts[] = {
	    "",
	    "Ask the bearer of this letter about basic understanding and Basic authentication.",
	    "The password must be at least 8 characters; passwords expire. Tokens: 4096.",
	    "password: must contain letters",
	    "Enter a new password:",
	    "max_tokens=4096 token_count: 1234567890123456789 tokens=100000",
	    "550e8400-e29b-41d4-a716-446655440000",
	    "commit 95987a9e1f0c3b2d4a5968776655443322110099 (HEAD -> main)",
	    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "Order 2025112400012345, invoice INV-2025-000123, phone +86 138 0013 8000",
	    "token = tokens[i + 1]; secret = get_secret(name); password = "
	    "os.environ[\"PASSWORD_1\"]",
	    "password = input(\"Password: \")",
	    "def login(user: str, password: str, token: Optional[str] = None) -> bool:",
	    "if (password == \"\" || token != NULL) return;",
	    "secret_key = settings.SECRET_KEY_V2",
	    "password: ${DB_PASSWORD}, token: {{ token }}, secret=<your secret>, pwd=%s1",
	    "POSTGRES_PASSWORD_FILE=/run/secrets/password1",
	    "password=/run/secrets/password1",
	    "token_url: https://auth.example.com/oauth2/token",
	    "password: \"********\", token: \"your-token-here\", api_key: "
	    "\"YOUR_API_KEY_HERE\"",
	    "password: \"string\", secret: \"kubernetes\", label: \"Enter your new password "
	    "here\"",
	    "{password: \"Please enter your password\"}",
	    "Authorization: Bearer <token>, Authorization: Bearer $TOKEN, Authorization: "
	    "Bearer KEY",
	    "bypass=abc123 compass: n0rth",
	    "https://user@example.com:8080/a:b@c mailto:a@b.c http://localhost:8080/x@y",
	    "postgres://sage:$PASSWORD@db postgres://sage:${P1}@db postgres://sage:****@db",
	    "http://127.0.0.1:17800\xef\xbc\x8c\xe8\x81\x94\xe7\xb3\xbb"
	    "a@b.c",
	    "sk-learn-contrib sk-circle-fade-dot task-1234567890abcdef1234 "
	    "risk-a1b2c3d4e5f6a7b8c9d0e1",
	    "hf_hub_download(repo_id) npm_config_registry "
	    "npm_lifecycle_event_of_a_very_long_script_name",
	    "sage_core_database_migrations_add_content_hash_index_to_memories",
	    "xoxb-token AKIA AKIAIOSFODNN7EXAMPLEX eyJ eyJhbGciOiJIUzI1NiJ9 key-value SK-4711",
	    "path.to.some.module.function.with.very.long.dotted.name.that.goes.on.and.on.py",
	    "\xe7\x94\xa8\xe6\x88\xb7\xe7\x9a\x84\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a"
	    "\xe8\xaf\xb7\xe8\x87\xaa\xe5\xb7\xb1\xe8\xae\xbe\xe7\xbd\xae",
	    "[redacted:api_key] token=[redacted:token] \"[redacted:password]\" [redacted:what]",
	    "\xff\xfe broken \xe4\xb8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct redactions counts = {.of = {0}};
		char *left = redacted(texts[i], &counts);

		if (strcmp(left, texts[i]) != 0)
			fail_msg("%s\n-> %s", texts[i], left);
		free(left);
	}
}

static void counts_and_adds(void **state)
{
	static const char text[] =
	    "<private>x</private> AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE 4111111111111111 "
	    "password=q1w2e3 secret='q1w2e3r4' "
	    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N";
	struct redactions counts = {.of = {[REDACTED_CARD] = 5}};

	(void)state;
	free(redacted(text, &counts));
	assert_int_equal(counts.of[REDACTED_PRIVATE], 1);
	assert_int_equal(counts.of[REDACTED_API_KEY], 2);
	assert_int_equal(counts.of[REDACTED_TOKEN], 1);
	assert_int_equal(counts.of[REDACTED_SECRET], 1);
	assert_int_equal(counts.of[REDACTED_PASSWORD], 1);
	assert_int_equal(counts.of[REDACTED_PRIVATE_KEY], 0);
	assert_int_equal(counts.of[REDACTED_CARD], 6);
	for (enum redaction k = 0; k < REDACTION_KINDS; k++) {
		char marker[64];

		snprintf(marker, sizeof(marker), "[redacted:%s]", redaction_name(k));
		assert_string_equal(redaction_marker(k), marker);
	}
}

static void judges_by_name(void **state)
{
	static const struct {
		const char *name, *value;
		int kind; /* -1: no secret */
	} cases[] = {
	    {"password", "hunter", REDACTED_PASSWORD},
	    {"db_password", "a b", REDACTED_PASSWORD},
	    {"apiKey", "abcdef12", REDACTED_API_KEY},
	    {"Authorization", "Token abc", -1}, /* a blank: the rules for texts see to it */
	    {"access_token", "abcd-1234", REDACTED_TOKEN},
	    {"password_hint", "hunter", -1},
	    {"max_tokens", "abcdef1234", -1},
	    {"token", "", -1},
	    {"password", "string", -1},
	    {"../../etc/passwd", "../../etc/passwd", -1},
	    {"../../etc/passwd", "hunter", REDACTED_PASSWORD},
	    {"password", "[redacted:password]", -1},
	    {"", "abcdef1234", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum redaction kind;
		bool secret = redact_by_name(cases[i].name, strlen(cases[i].name),
		    cases[i].value, strlen(cases[i].value), &kind);

		if (secret != (cases[i].kind >= 0) || (secret && (int)kind != cases[i].kind))
			fail_msg("%s: %s", cases[i].name, cases[i].value);
	}
}

/* However small the pieces, the text and the counts are those of the whole. */
static void pieces_make_the_whole(void **state)
{
	static const char text[] =
	    "a <private>x <private>y</private></private> b AKIAIOSFODNN7EXAMPLE, "
	    "password=hunter2 "
	    "-----BEGIN PRIVATE "
	    "KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"
	    "-----END PRIVATE KEY----- 4111 1111 1111 1111 [redacted:token] https://u:pw@host/ "
	    "水 "
	    "<private>to the end";
	struct redactions whole_counts = {.of = {0}};
	struct redacted whole;

	(void)state;
	assert_true(redact(text, sizeof(text) - 1, &whole_counts, &whole));
	assert_non_null(whole.text);
	for (size_t bytes = 1; bytes < sizeof(text); bytes += 1 + bytes / 8) {
		struct redact_job *job = redact_begin(text, sizeof(text) - 1);
		struct redactions counts = {.of = {0}};
		enum redact_progress progress = REDACT_MORE;
		struct redacted out;
		int calls = 0;

		assert_non_null(job);
		for (; progress == REDACT_MORE; calls++)
			progress = redact_some(job, bytes, &counts, &out);
		redact_end(job);
		assert_int_equal(progress, REDACT_DONE);
		assert_true(bytes > 100 || calls > 1);
		assert_string_equal(out.text, whole.text);
		assert_int_equal(out.len, whole.len);
		assert_memory_equal(&counts, &whole_counts, sizeof(counts));
		free(out.text);
	}
	free(whole.text);
	redact_end(redact_begin(text, sizeof(text) - 1)); /* given up */
}

static double seconds_for(const char *unit, size_t len)
{
	struct redactions counts = {.of = {0}};
	struct timespec begin, end;
	struct redacted out;
	size_t unit_len = strlen(unit);
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = unit[i % unit_len];
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	assert_true(redact(text, len, &counts, &out));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	free(out.text);
	free(text);
	return (double)(end.tv_sec - begin.tv_sec) +
	       1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

/*
 * Four times the text takes about four times as long; quadratic would be sixteen. Other work on
 * the machine may disturb one measurement, not five. Returns the seconds for a MiB.
 */
static double check_linear(const char *unit)
{
	double small = 0, large = 0;

	for (int attempt = 0; attempt < 5; attempt++) {
		small = seconds_for(unit, 256 * 1024);
		large = seconds_for(unit, 1024 * 1024);
		if (large < 0.05 || large < 9 * small)
			return large;
	}
	fail_msg("%s: 256 KiB in %.3f s, 1 MiB in %.3f s", unit, small, large);
	return large;
}

static void takes_linear_time(void **state)
{
	static const char *const units[] = {"a", " ", "<", "<private>", "</private>",
	    "<private ", "[redacted:", "=", "token=", "token=a", "password=", "password=\"",
	    "token='a \"", "token=\\\"", "a://a:", "a://a:b@c", "http://a", ":", "Bearer ",
	    "Bearer a", "Basic a", "bearer=", "eyJ", "eyJaaaaaaaaaaaaaaaaaa.",
	    "eyJaaaaaaaaaaaaa-", "sk-", "sk-a1", "xoxb-a", "-----BEGIN PRIVATE KEY-----\n",
	    "-----BEGIN PRIVATE KEY-----aaaa ", "-----BEGIN ", "4111 ", "4111-1111-",
	    "41111111111111111", "9", "12345678:AA", "M.", "\xef\xbc\x9a",
	    "\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a", "<password>", "<password>a", "glft-",
	    "pat.", "SG.", "authorization: ", "api_key=/", "\\n", "password \"", "password '",
	    "aaaaaaaaaaaaaaaa=", "sig=%"};
	const char *slowest = "";
	double longest = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		double large = check_linear(units[i]);

		slowest = large > longest ? units[i] : slowest;
		longest = large > longest ? large : longest;
	}
	print_message("the slowest MiB, of \"%s\", took %.3f s\n", slowest, longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(replaces_cards),
	    cmocka_unit_test(leaves_the_rest_alone),
	    cmocka_unit_test(counts_and_adds),
	    cmocka_unit_test(judges_by_name),
	    cmocka_unit_test(pieces_make_the_whole),
	    cmocka_unit_test(takes_linear_time),
	};

	return cmocka_run_group_tests_name("redact_promises", tests, NULL, NULL);
}
