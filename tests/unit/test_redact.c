/* redact: what is taken out of a text, what stays, and that a second run changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "redact.h"

/* What is left of a text; checks on the way what holds for every text. */
static char *redacted(const char *text, struct redactions *counts)
{
	struct redactions again = {.of = {0}};
	struct redacted out, second;
	size_t len = strlen(text);
	char *exact = malloc(len + 1); /* reading past it is seen */

	assert_non_null(exact);
	memcpy(exact, text, len);
	assert_true(redact(exact, len, counts, &out));
	free(exact);
	if (out.text == NULL)
		return strdup(text);
	assert_int_equal(strlen(out.text), out.len);
	assert_true(out.len <= REDACT_GROWTH * len);
	assert_true(redact(out.text, out.len, &again, &second));
	if (second.text != NULL)
		fail_msg("%s -> %s -> %s", text, out.text, second.text);
	return out.text;
}

struct example {
	const char *text, *left;
};

static void check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct redactions counts = {.of = {0}};
		char *left = redacted(examples[i].text, &counts);

		if (strcmp(left, examples[i].left) != 0)
			fail_msg("%s\n-> %s\nnot %s", examples[i].text, left, examples[i].left);
		free(left);
	}
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof(*(examples)))

static void removes_private_spans(void **state)
{
	static const struct example examples[] = {
	    {"a <private>b</private> c", "a [redacted:private] c"},
	    {"<PRIVATE>b</Private>", "[redacted:private]"},
	    {"a<private>b<private>c</private>d</private>e", "a[redacted:private]e"},
	    {"a<private>b\nc", "a[redacted:private]"},
	    {"a<private>b<private>c</private>d", "a[redacted:private]"},
	    {"a</private>b", "a</private>b"},
	    {"<private>a</private><private>b</private>",
	        "[redacted:private][redacted:private]"},
	    {"<pri<private>x</private>vate>y", "<pri[redacted:private]vate>y"},
	    {"AKIAIOSF<private>x</private>ODNN7EXAMPLE",
	        "AKIAIOSF[redacted:private]ODNN7EXAMPLE"},
	    {"<private >a</private  >b", "[redacted:private]b"},
	    {"vector<private_type> x < private", "vector<private_type> x < private"},
	    {"<privat", "<privat"},
	    {"<private", "<private"},
	    {"</private", "</private"},
	    {"\xe7\xa7\x81<private>\xe5\xaf\x86</private>\xe8\xaf\x9d",
	        "\xe7\xa7\x81[redacted:private]\xe8\xaf\x9d"},
	};

	(void)state;
	CHECK(examples);
}

#define HEX32 "0123456789abcdef0123456789abcdef"
#define R36   "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
#define R20   "A1b2C3d4E5f6G7h8I9j0"
#define KEY   "[redacted:api_key]"

static void replaces_api_keys(void **state)
{
	/* None is real; each has the form of its provider's. */
	static const char *const keys[] = {
	    "sage_" R36 "s9_-Tu1",
	    "sk-" R36 R20,
	    "sk-" HEX32,
	    "sk-proj-" R36 "_" R36 "-T3BlbkFJ" R20,
	    "sk-ant-api03-" R36 "-_" R36 R20 "AA",
	    "sk-or-v1-" HEX32 HEX32,
	    "sk_live_" R20,
	    "rk_test_" R20,
	    "ghp_" R36,
	    "gho_" R36,
	    "ghs_" R36,
	    "github_pat_11ABCDEFG0" R20 "_" R36 R20,
	    "glpat-" R20,
	    "AKIAIOSFODNN7EXAMPLE",
	    "ASIAIOSFODNN7EXAMPLE",
	    "xoxb-1234567890-1234567890123-" R20,
	    "xoxp-1234567890-1234567890-1234567890-" HEX32,
	    "xapp-1-A0123456789-1234567890123-" HEX32,
	    "hooks.slack.com/services/T00000000/B00000000/" R20,
	    "AIzaSy" R20 "K1l2M3n4O5p6Q",
	    "ya29.a0" R36,
	    "GOCSPX-" R20 "abcdefgh",
	    "hf_" R20 "K1l2M3n4O5p6Q7",
	    "npm_" R36,
	    "pypi-AgEIcHlwaS5vcmc" R36 R36,
	    "SG." R20 "ab." R36 "s9Tu1vw",
	    "SK" HEX32,
	    "dop_v1_" HEX32 HEX32,
	    "dapi" HEX32,
	    "shpat_" HEX32,
	    "hvs." R36,
	    "gsk_" R36 R20,
	    "pat"
	    "A1b2C3d4E5f6G7"
	    "." HEX32 HEX32,
	    "glsa_" HEX32 "_a1b2c3d4",
	    "123456789:AAF" R20 "K1l2M3n4O5p6",
	    "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabc12." R36,
	    "AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
	};
	static const char *const around[][2] = {{"", ""}, {"key: ", "."}, {"(", ")"},
	    {"https://host/?k=", "&b=1"}, {"{\"k\": \"", "\"}"},
	    {"\xe5\xaf\x86\xef\xbc\x9a", "\xe3\x80\x82"}, {"echo \"x\\n", "\\n\""}};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		for (size_t k = 0; k < sizeof(around) / sizeof(*around); k++) {
			struct redactions counts = {.of = {0}};
			char text[512], expected[512];

			snprintf(
			    text, sizeof(text), "%s%s%s", around[k][0], keys[i], around[k][1]);
			snprintf(expected, sizeof(expected), "%s" KEY "%s", around[k][0],
			    around[k][1]);
			char *left = redacted(text, &counts);

			if (strcmp(left, expected) != 0)
				fail_msg("%s -> %s", text, left);
			assert_int_equal(counts.of[REDACTED_API_KEY], 1);
			free(left);
		}
	}
}

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9Pl"

static void replaces_tokens(void **state)
{
	static const struct example examples[] = {
	    {JWT, "[redacted:token]"},
	    {"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0x.", "[redacted:token]"},
	    {"cookie: id=" JWT "; path=/", "cookie: id=[redacted:token]; path=/"},
	    {"Authorization: Bearer " JWT, "Authorization: Bearer [redacted:token]"},
	    {"Authorization: Bearer abc123", "Authorization: Bearer [redacted:token]"},
	    {"-H 'authorization: bearer a1b2c3d4e5f6g7h8'",
	        "-H 'authorization: bearer [redacted:token]'"},
	    {"{\"Authorization\": \"Bearer mF_9.B5f-4.1JqM\"}",
	        "{\"Authorization\": \"Bearer [redacted:token]\"}"},
	    {"Bearer a1b2c3d4e5f6g7h8i9", "Bearer [redacted:token]"},
	    {"Authorization: Basic dXNlcjpwYXNzd29yZA==",
	        "Authorization: Basic [redacted:token]"},
	    {"Proxy-Authorization: Basic QWxhZGRpbjpPcGVuU2VzYW1l",
	        "Proxy-Authorization: Basic [redacted:token]"},
	    {"Basic dXNlcjpwYXNzd29yZA==", "Basic [redacted:token]"},
	    {"token=a1b2c3d4e5f6g7h8i9j0", "token=[redacted:token]"},
	    {"?access_token=a1b2c3d4e5f6g7h8&x=1", "?access_token=[redacted:token]&x=1"},
	    {"token = \"abcd-1234\"", "token = \"[redacted:token]\""},
	    {"'accessToken': 'abcd-1234-efgh'", "'accessToken': '[redacted:token]'"},
	    {"&sig=pzOa0%2BsRp7xYw3Kq1mN5v8B4dF6hJ2l%3D", "&sig=[redacted:token]"},
	    {"api_key: 0a1b2c3d4e5f6789abcd", "api_key: " KEY},
	    {"X-Api-Key: 550e8400-e29b-41d4-a716-446655440000", "X-Api-Key: " KEY},
	    {"apiKey=\"abcdef0123456789\"", "apiKey=\"" KEY "\""},
	    {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	        "aws_secret_access_key = " KEY},
	    {"AccountKey=a1B2c3D4e5F6g7H8i9J0==;Suffix=x", "AccountKey=" KEY ";Suffix=x"},
	    {"CLIENT_SECRET='q1w2e3r4t5y6'", "CLIENT_SECRET='[redacted:secret]'"},
	    {"config['secret'] = 'q1w2e3r4t5y6'", "config['secret'] = '[redacted:secret]'"},
	    {"\xe4\xbb\xa4\xe7\x89\x8c\xef\xbc\x9a"
	     "a1b2c3d4e5f6g7h8i9",
	        "\xe4\xbb\xa4\xe7\x89\x8c\xef\xbc\x9a[redacted:token]"},
	};

	(void)state;
	CHECK(examples);
}

static void replaces_passwords(void **state)
{
	static const struct example examples[] = {
	    {"password=hunter2", "password=[redacted:password]"},
	    {"DB_PASSWORD=sage123\nDB_NAME=x", "DB_PASSWORD=[redacted:password]\nDB_NAME=x"},
	    {"password: tr0ub4dor&3", "password: [redacted:password]&3"},
	    {"Password: s3cret.", "Password: [redacted:password]."},
	    {"password=\"a b\"", "password=\"[redacted:password]\""},
	    {"password=\"say \\\"hi1\\\" now\"", "password=\"[redacted:password]\""},
	    {"{\"password\":\"hunter\"}", "{\"password\":\"[redacted:password]\"}"},
	    {"\"{\\\"password\\\":\\\"hunter\\\"}\"",
	        "\"{\\\"password\\\":\\\"[redacted:password]\\\"}\""},
	    {"pwd=12345678", "pwd=12345678"},
	    {"password=12345678", "password=[redacted:password]"},
	    {"PGPASSWORD='x;y z'", "PGPASSWORD='[redacted:password]'"},
	    {"userPass = \"q1w2\"", "userPass = \"[redacted:password]\""},
	    {"DB_PASS=q1w2e3", "DB_PASS=[redacted:password]"},
	    {"passphrase='correct horse battery staple'", "passphrase='[redacted:password]'"},
	    {"CREATE ROLE sage PASSWORD 'sage123'",
	        "CREATE ROLE sage PASSWORD '[redacted:password]'"},
	    {"password := `q1w2e3`", "password := `[redacted:password]`"},
	    {":password => 'q1w2e3'", ":password => '[redacted:password]'"},
	    {"<password>hunter2</password>", "<password>[redacted:password]</password>"},
	    {"password=\"no end", "password=\"no end"},
	    {"password=\"q1w2e3", "password=\"[redacted:password]"},
	    {"\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a"
	     "abc123\xef\xbc\x8c",
	        "\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a[redacted:password]\xef\xbc\x8c"},
	    {"\xe5\xaf\x86\xe7\xa0\x81: abc123",
	        "\xe5\xaf\x86\xe7\xa0\x81: [redacted:password]"},
	    {"postgresql://sage:sage123@db:5432/sage",
	        "postgresql://sage:[redacted:password]@db:5432/sage"},
	    {"redis://:p4ss@cache", "redis://:[redacted:password]@cache"},
	    {"amqp://u:p@ss:w@rd@host/x", "amqp://u:[redacted:password]@host/x"},
	    {"https://token:" JWT "@host", "https://token:[redacted:password]@host"},
	};

	(void)state;
	CHECK(examples);
}

#define BODY64 "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"

static void replaces_private_keys(void **state)
{
	static const struct example examples[] = {
	    {"a\n-----BEGIN PRIVATE KEY-----\n" BODY64 "\n" BODY64
	     "\nabcd==\n-----END PRIVATE KEY-----\nb",
	        "a\n[redacted:private_key]\nb"},
	    {"-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: "
	     "AES-256-CBC,0102"
	     "\r\n\r\n" BODY64 "\r\n-----END RSA PRIVATE KEY-----",
	        "[redacted:private_key]"},
	    {"k=\"-----BEGIN EC PRIVATE KEY-----\\n" BODY64
	     "\\nabc=\\n-----END EC PRIVATE KEY-----\\n\"",
	        "k=\"[redacted:private_key]\\n\""},
	    {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n" BODY64
	     "\nab\n=AbCd\n-----END PGP PRIVATE KEY BLOCK-----.",
	        "[redacted:private_key]."},
	    {"-----BEGIN OPENSSH PRIVATE KEY-----\n" BODY64 "\n" BODY64 "\nabcd",
	        "[redacted:private_key]"},
	    {"-----BEGIN OPENSSH PRIVATE KEY-----\n" BODY64 "\n\nand then some prose",
	        "[redacted:private_key]\n\nand then some prose"},
	    {"-----BEGIN PUBLIC KEY-----\n" BODY64 "\n-----END PUBLIC KEY-----",
	        "-----BEGIN PUBLIC KEY-----\n" BODY64 "\n-----END PUBLIC KEY-----"},
	    {"It begins with -----BEGIN PRIVATE KEY----- and that is all.",
	        "It begins with -----BEGIN PRIVATE KEY----- and that is all."},
	    {"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
	        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"},
	};

	(void)state;
	CHECK(examples);
}

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
	    "password=q1w2e3 secret='q1w2e3r4' " JWT;
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

/* Four times the text takes about four times as long; quadratic would be sixteen. */
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
		double small = seconds_for(units[i], 256 * 1024);
		double large = seconds_for(units[i], 1024 * 1024);

		if (large > 0.05 && large > 9 * small)
			fail_msg(
			    "%s: 256 KiB in %.3f s, 1 MiB in %.3f s", units[i], small, large);
		slowest = large > longest ? units[i] : slowest;
		longest = large > longest ? large : longest;
	}
	print_message("the slowest MiB, of \"%s\", took %.3f s\n", slowest, longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removes_private_spans),
	    cmocka_unit_test(replaces_api_keys),
	    cmocka_unit_test(replaces_tokens),
	    cmocka_unit_test(replaces_passwords),
	    cmocka_unit_test(replaces_private_keys),
	    cmocka_unit_test(replaces_cards),
	    cmocka_unit_test(leaves_the_rest_alone),
	    cmocka_unit_test(counts_and_adds),
	    cmocka_unit_test(judges_by_name),
	    cmocka_unit_test(takes_linear_time),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
