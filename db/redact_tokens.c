/* redact_tokens: secrets that show what they are by how they begin. */
#include <string.h>

#include "redact_impl.h"

#define MAX_TELEGRAM_DIGITS 12
#define PEM_LINE            40 /* shorter first lines are examples, or prose */
#define PEM_HEADERS         8

/*
 * Prefix, characters behind it, how many at least, and how random they must look at least
 * where ordinary names may begin the same. In order of the first character, and longer
 * prefixes before shorter ones. A few providers give an exact length; most may grow, so
 * more is fine.
 */
struct token_rule {
	const char *prefix;
	enum redact_set set;
	unsigned short least, most; /* most 0: any */
	unsigned short jumps;
};

/* clang-format off */
static const struct token_rule rules[] = {
	{ "AKIA", SET_ALNUM, 16, 16, 0 },               /* AWS */
	{ "ASIA", SET_ALNUM, 16, 16, 0 },               /* AWS, temporary */
	{ "ABIA", SET_ALNUM, 16, 16, 0 },
	{ "ACCA", SET_ALNUM, 16, 16, 0 },
	{ "ABSK", SET_BASE64, 100, 0, 2 },              /* AWS Bedrock */
	{ "AIza", SET_URLSAFE, 35, 0, 1 },              /* Google */
	{ "ATATT3", SET_URLSAFE, 100, 0, 2 },           /* Atlassian */
	{ "AKID", SET_ALNUM, 32, 32, 2 },               /* Tencent Cloud */
	{ "AGE-SECRET-KEY-1", SET_ALNUM, 50, 0, 0 },    /* age */
	{ "GOCSPX-", SET_URLSAFE, 24, 0, 0 },           /* Google OAuth */
	{ "LTAI", SET_ALNUM, 16, 0, 2 },                /* Alibaba Cloud */
	{ "NRAK-", SET_ALNUM, 27, 0, 0 },               /* New Relic */
	{ "PMAK-", SET_URLSAFE, 50, 0, 1 },             /* Postman */
	{ "SG.", SET_DOTTED, 60, 0, 2 },                /* SendGrid */
	{ "SK", SET_HEX, 32, 32, 0 },                   /* Twilio */
	{ "csk-", SET_ALNUM, 40, 0, 1 },                /* Cerebras */
	{ "dckr_pat_", SET_URLSAFE, 20, 0, 0 },         /* Docker Hub */
	{ "dop_v1_", SET_HEX, 60, 0, 0 },               /* DigitalOcean */
	{ "doo_v1_", SET_HEX, 60, 0, 0 },
	{ "dor_v1_", SET_HEX, 60, 0, 0 },
	{ "dapi", SET_HEX, 32, 32, 0 },                 /* Databricks */
	{ "dp.pt.", SET_ALNUM, 40, 0, 0 },              /* Doppler */
	{ "fw_", SET_ALNUM, 20, 0, 3 },                 /* Fireworks */
	{ "figd_", SET_URLSAFE, 30, 0, 1 },             /* Figma */
	{ "fm2_", SET_BASE64, 60, 0, 2 },               /* Fly.io */
	{ "ghp_", SET_ALNUM, 30, 0, 0 },                /* GitHub */
	{ "gho_", SET_ALNUM, 30, 0, 0 },
	{ "ghu_", SET_ALNUM, 30, 0, 0 },
	{ "ghs_", SET_ALNUM, 30, 0, 0 },
	{ "ghr_", SET_ALNUM, 30, 0, 0 },
	{ "github_pat_", SET_WORD, 40, 0, 1 },
	{ "glpat-", SET_URLSAFE, 20, 0, 0 },            /* GitLab */
	{ "gldt-", SET_URLSAFE, 20, 0, 1 },
	{ "glrt-", SET_URLSAFE, 20, 0, 1 },
	{ "glcbt-", SET_URLSAFE, 20, 0, 1 },
	{ "glptt-", SET_HEX, 40, 0, 0 },
	{ "glft-", SET_URLSAFE, 20, 0, 1 },
	{ "glimt-", SET_URLSAFE, 20, 0, 1 },
	{ "glsoat-", SET_URLSAFE, 20, 0, 1 },
	{ "glagent-", SET_URLSAFE, 40, 0, 1 },
	{ "gloas-", SET_HEX, 40, 0, 0 },
	{ "gsk_", SET_ALNUM, 40, 0, 1 },                /* Groq */
	{ "glc_", SET_BASE64, 32, 0, 2 },               /* Grafana */
	{ "glsa_", SET_WORD, 40, 0, 1 },                /* Grafana service accounts */
	{ "hooks.slack.com/services/", SET_BASE64, 20, 0, 0 },
	{ "hf_", SET_ALNUM, 30, 0, 1 },                 /* Hugging Face */
	{ "hvs.", SET_URLSAFE, 24, 0, 1 },              /* Vault */
	{ "hvb.", SET_URLSAFE, 24, 0, 1 },
	{ "jina_", SET_URLSAFE, 40, 0, 2 },             /* Jina */
	{ "key-", SET_HEX, 32, 32, 1 },                 /* Mailgun */
	{ "lin_api_", SET_ALNUM, 30, 0, 0 },            /* Linear */
	{ "lsv2_", SET_WORD, 40, 0, 1 },                /* LangSmith */
	{ "npm_", SET_ALNUM, 36, 0, 1 },                /* npm */
	{ "ntn_", SET_ALNUM, 40, 0, 1 },                /* Notion */
	{ "nvapi-", SET_URLSAFE, 60, 0, 0 },            /* NVIDIA */
	{ "ops_eyJ", SET_BASE64, 60, 0, 0 },            /* 1Password */
	{ "pypi-AgE", SET_URLSAFE, 50, 0, 0 },          /* PyPI */
	{ "pplx-", SET_ALNUM, 40, 0, 1 },               /* Perplexity */
	{ "pat", SET_DOTTED, 70, 0, 10 },               /* Airtable */
	{ "pscale_tkn_", SET_DOTTED, 32, 0, 0 },        /* PlanetScale */
	{ "pscale_pw_", SET_DOTTED, 32, 0, 0 },
	{ "pul-", SET_HEX, 40, 40, 1 },                 /* Pulumi */
	{ "rk_live_", SET_ALNUM, 10, 0, 0 },            /* Stripe, restricted */
	{ "rk_test_", SET_ALNUM, 10, 0, 0 },
	{ "rubygems_", SET_HEX, 48, 0, 0 },             /* RubyGems */
	{ "r8_", SET_ALNUM, 36, 0, 1 },                 /* Replicate */
	{ "sage_", SET_URLSAFE, 43, 0, 3 },             /* this server's own */
	{ "sk-ant-", SET_URLSAFE, 20, 0, 0 },           /* Anthropic */
	{ "sk-proj-", SET_URLSAFE, 20, 0, 1 },          /* OpenAI */
	{ "sk-svcacct-", SET_URLSAFE, 20, 0, 1 },
	{ "sk-admin-", SET_URLSAFE, 20, 0, 1 },
	{ "sk-or-v1-", SET_ALNUM, 32, 0, 0 },           /* OpenRouter */
	{ "sk-lf-", SET_URLSAFE, 32, 0, 0 },            /* Langfuse */
	{ "sk-", SET_ALNUM, 20, 0, 2 },                 /* OpenAI, DeepSeek, SiliconFlow ... */
	{ "sk_live_", SET_ALNUM, 10, 0, 0 },            /* Stripe */
	{ "sk_test_", SET_ALNUM, 10, 0, 0 },
	{ "shpat_", SET_HEX, 32, 0, 0 },                /* Shopify */
	{ "shpca_", SET_HEX, 32, 0, 0 },
	{ "shppa_", SET_HEX, 32, 0, 0 },
	{ "shpss_", SET_HEX, 32, 0, 0 },
	{ "secret_", SET_ALNUM, 40, 0, 3 },             /* Notion, older */
	{ "sntrys_", SET_BASE64, 40, 0, 1 },            /* Sentry */
	{ "sntryu_", SET_HEX, 60, 0, 0 },
	{ "sbp_", SET_HEX, 40, 0, 0 },                  /* Supabase */
	{ "sb_secret_", SET_URLSAFE, 20, 0, 1 },
	{ "sq0atp-", SET_URLSAFE, 22, 0, 0 },           /* Square */
	{ "sq0csp-", SET_URLSAFE, 40, 0, 0 },
	{ "sha256~", SET_URLSAFE, 40, 0, 1 },           /* OpenShift */
	{ "tvly-", SET_URLSAFE, 24, 0, 2 },             /* Tavily */
	{ "tskey-", SET_URLSAFE, 20, 0, 1 },            /* Tailscale */
	{ "whsec_", SET_BASE64, 24, 0, 1 },             /* Stripe webhooks */
	{ "xoxb-", SET_URLSAFE, 10, 0, 0 },             /* Slack */
	{ "xoxp-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxa-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxr-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxs-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxo-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxe-", SET_URLSAFE, 10, 0, 0 },
	{ "xoxe.xox", SET_URLSAFE, 20, 0, 1 },
	{ "xapp-", SET_URLSAFE, 20, 0, 1 },
	{ "xkeysib-", SET_URLSAFE, 60, 0, 0 },          /* Brevo */
	{ "xai-", SET_ALNUM, 60, 0, 1 },                /* xAI */
	{ "ya29.", SET_URLSAFE, 20, 0, 1 },             /* Google OAuth */
};
/* clang-format on */

/* The length of what a rule matches at i, or 0. */
static size_t rule_len(const struct token_rule *rule, const struct scan *scan, size_t i)
{
	if (rule->prefix[1] != redact_at(scan, i + 1))
		return 0;
	size_t prefix = strlen(rule->prefix);

	if (scan->len - i < prefix + rule->least ||
	    memcmp(scan->s + i, rule->prefix, prefix) != 0)
		return 0;
	size_t least = redact_run(scan, i + prefix, rule->set, rule->least);

	if (least < rule->least ||
	    redact_jumps(scan->s + i + prefix, rule->least) < rule->jumps)
		return 0;
	if (rule->most == 0) {
		size_t len = prefix + redact_run(scan, i + prefix, rule->set, SIZE_MAX);

		while (scan->s[i + len - 1] == '.') /* ends the sentence */
			len--;
		return len;
	}
	return redact_in(SET_ALNUM, redact_at(scan, i + prefix + rule->most)) ? 0
	                                                                      : prefix + least;
}

/* header.payload.signature, each base64url; the last may be empty ("alg":"none"). */
static size_t jwt_len(const struct scan *scan, size_t i)
{
	size_t header = redact_run(scan, i, SET_URLSAFE, SIZE_MAX);
	size_t payload_at = i + header + 1;

	if (header < 13 || redact_at(scan, i + header) != '.')
		return 0;
	size_t payload = redact_run(scan, payload_at, SET_URLSAFE, SIZE_MAX);

	if (payload < 10 || redact_at(scan, payload_at + payload) != '.')
		return 0;
	return header + 1 + payload +
	       redact_run(scan, payload_at + payload, SET_DOTTED, SIZE_MAX);
}

/* Discord: the bot's id in base64, a dot, a time of six characters, a dot, a signature. */
static size_t discord_len(const struct scan *scan, size_t i)
{
	size_t id = redact_run(scan, i, SET_ALNUM, 30);

	if (id < 24 || id > 28 || redact_at(scan, i + id) != '.' ||
	    redact_run(scan, i + id + 1, SET_URLSAFE, 7) != 6 ||
	    redact_at(scan, i + id + 7) != '.' ||
	    redact_run(scan, i + id + 8, SET_URLSAFE, 27) < 27 ||
	    redact_jumps(scan->s + i + id + 8, 27) < 3)
		return 0;
	return id + 8 + redact_run(scan, i + id + 8, SET_URLSAFE, SIZE_MAX);
}

/* Telegram: the bot's number, a colon, AA and 33 more. */
static size_t telegram_len(const struct scan *scan, size_t i)
{
	size_t digits = 0;

	while (digits <= MAX_TELEGRAM_DIGITS && redact_at(scan, i + digits) >= '0' &&
	       redact_at(scan, i + digits) <= '9')
		digits++;
	if (digits < 8 || digits > MAX_TELEGRAM_DIGITS || scan->len - i < digits + 36 ||
	    memcmp(scan->s + i + digits, ":AA", 3) != 0 ||
	    redact_run(scan, i + digits + 3, SET_URLSAFE, 33) < 33)
		return 0;
	return digits + 3 + redact_run(scan, i + digits + 3, SET_URLSAFE, SIZE_MAX);
}

/* The first rule for tokens that begin with c, if any begins with c and next; the next one for the same character. */
static const struct token_rule *first_rule(char c, char next)
{
	static const struct token_rule *first[128];
	static bool pairs[128]
	                 [128]; /* with which two characters tokens begin: most words do not */

	if (first['s'] == NULL) {
		for (size_t k = sizeof(rules) / sizeof(*rules); k > 0; k--) {
			const unsigned char *prefix =
			    (const unsigned char *)rules[k - 1].prefix;

			first[prefix[0]] = &rules[k - 1];
			pairs[prefix[0]][prefix[1]] = true;
		}
	}
	return (unsigned char)next < 128 && pairs[(unsigned char)c][(unsigned char)next]
	           ? first[(unsigned char)c]
	           : NULL;
}

static const struct token_rule *next_rule(const struct token_rule *rule)
{
	const struct token_rule *next = rule + 1;

	return next < rules + sizeof(rules) / sizeof(*rules) && *next->prefix == *rule->prefix
	           ? next
	           : NULL;
}

bool redact_token(const struct scan *scan, size_t i, struct finding *f)
{
	char c = scan->s[i], before = redact_before(scan, i, 1);
	size_t len = 0;

	if (c >= '0' && c <= '9' && before != '.' && before != '-')
		len = telegram_len(scan, i);
	if (c == 'M' || c == 'N' || c == 'O')
		len = discord_len(scan, i);
	for (const struct token_rule *rule = first_rule(c, redact_at(scan, i + 1));
	     len == 0 && rule != NULL; rule = next_rule(rule))
		len = rule_len(rule, scan, i);
	*f = (struct finding){i, i + len, REDACTED_API_KEY};
	if (len == 0 && scan->len - i > 3 && memcmp(scan->s + i, "eyJ", 3) == 0 &&
	    before != '-') {
		len = jwt_len(scan, i);
		*f = (struct finding){i, i + len, REDACTED_TOKEN};
	}
	return len > 0;
}

/* Blanks, line ends, and "\n" as it stands in source code and JSON. */
static size_t skip_breaks(const struct scan *scan, size_t i)
{
	for (;;) {
		char c = redact_at(scan, i);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			i++;
		else if (c == '\\' &&
		         (redact_at(scan, i + 1) == 'n' || redact_at(scan, i + 1) == 'r'))
			i += 2;
		else
			return i;
	}
}

/* "Proc-Type: 4,ENCRYPTED" and the like, each on a line of its own. */
static size_t skip_headers(const struct scan *scan, size_t i)
{
	for (int k = 0; k < PEM_HEADERS; k++) {
		size_t name = redact_run(scan, i, SET_URLSAFE, 20);

		if (name == 0 || redact_at(scan, i + name) != ':')
			return i;
		while (i < scan->len && scan->s[i] != '\n' && scan->s[i] != '\\')
			i++;
		i = skip_breaks(scan, i);
	}
	return i;
}

/* The length of "-----WHAT ...PRIVATE KEY...-----" at i, or 0. */
static size_t pem_boundary(const struct scan *scan, size_t i, const char *what)
{
	size_t begin = strlen(what), at = i + begin;
	size_t most = scan->len - i < begin + 60 ? scan->len : i + begin + 60;

	if (scan->len - i < begin || memcmp(scan->s + i, what, begin) != 0)
		return 0;
	while (at < most && (redact_in(SET_ALNUM, scan->s[at]) || scan->s[at] == ' '))
		at++;
	if (scan->len - at < 5 || memcmp(scan->s + at, "-----", 5) != 0 ||
	    memmem(scan->s + i, at - i, "PRIVATE KEY", 11) == NULL)
		return 0;
	return at + 5 - i;
}

bool redact_pem(struct scan *scan, size_t i, struct finding *f)
{
	size_t boundary = pem_boundary(scan, i, "-----BEGIN ");

	if (boundary == 0)
		return false;
	size_t at = skip_headers(scan, skip_breaks(scan, i + boundary));
	size_t line = redact_run(scan, at, SET_BASE64, SIZE_MAX), end;

	if (line < PEM_LINE)
		return false;
	do {
		end = at + line;
		at = skip_breaks(scan, end);
		line = redact_run(scan, at, SET_BASE64, SIZE_MAX);
	} while (line >= PEM_LINE);
	if (at + line == scan->len) /* cut in its last line */
		end = scan->len;
	for (int short_lines = 0; short_lines < 2;
	     short_lines++) { /* the last one, a checksum */
		at = skip_breaks(scan, at + line);
		boundary = pem_boundary(scan, at, "-----END ");
		if (boundary > 0)
			end = at + boundary;
		line = redact_run(scan, at, SET_BASE64, PEM_LINE);
	}
	*f = (struct finding){i, end, REDACTED_PRIVATE_KEY};
	return true;
}
