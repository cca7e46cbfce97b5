/* redact: what is taken out of a text, each kind in its forms. */
#include "redacting.h"

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

static void replaces_api_keys(void **state)
{
	/* None is real; each has the form of its provider's. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(removes_private_spans),
	    cmocka_unit_test(replaces_api_keys),
	    cmocka_unit_test(replaces_tokens),
	    cmocka_unit_test(replaces_passwords),
	    cmocka_unit_test(replaces_private_keys),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
