/* redact_names: secrets that show what they are by the name they are given to. */
#include <string.h>

#include "redact_impl.h"

#define WIDE_COLON    "："
#define AUTHORIZATION "authorization"

#define END(name, kind)                                                                        \
	{                                                                                      \
		name, sizeof(name) - 1, REDACTED_##kind, false                                 \
	}
#define WHOLE(name, kind)                                                                      \
	{                                                                                      \
		name, sizeof(name) - 1, REDACTED_##kind, true                                  \
	}

static const struct keyword keywords[] = {
    END("password", PASSWORD),
    END("passwd", PASSWORD),
    END(REDACT_PASSPHRASE, PASSWORD),
    WHOLE("pwd", PASSWORD),
    WHOLE("pass", PASSWORD),
    END("密码", PASSWORD),
    END("口令", PASSWORD),
    END("api_key", API_KEY),
    END("access_key", API_KEY),
    END("secret_key", API_KEY),
    END("account_key", API_KEY),
    END("signing_key", API_KEY),
    END("encryption_key", API_KEY),
    END("master_key", API_KEY),
    END("auth_key", API_KEY),
    END("密钥", API_KEY),
    END("private_key", PRIVATE_KEY),
    END("token", TOKEN),
    END("令牌", TOKEN),
    WHOLE("sig", TOKEN),
    END(AUTHORIZATION, TOKEN),
    END("secret", SECRET),
    END("credential", SECRET),
    END("credentials", SECRET),
};

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c + 32);
	return c;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Does the text before end close with the keyword? *begin gets where it begins. */
static bool ends_with(
    const struct scan *scan, size_t end, const struct keyword *keyword, size_t *begin)
{
	size_t k = keyword->len, back = 0;

	for (; k > 0; k--) {
		char want = keyword->name[k - 1], have = redact_before(scan, end, back + 1);
		bool same = want == '_' ? have == '_' || have == '-' || have == ' '
		                        : lower(have) == want;

		if (!same && want != '_')
			return false;
		back += same;
	}
	char before = redact_before(scan, end, back + 1),
	     first = redact_before(scan, end, back);

	*begin = end - back;
	return !keyword->whole || !is_letter(before) || (is_upper(first) && !is_upper(before));
}

static const struct keyword *keyword_before(const struct scan *scan, size_t end, size_t *begin)
{
	char last = lower(redact_before(scan, end, 1));

	for (size_t k = 0; k < sizeof(keywords) / sizeof(*keywords); k++) {
		if (keywords[k].name[keywords[k].len - 1] == last &&
		    ends_with(scan, end, &keywords[k], begin))
			return &keywords[k];
	}
	return NULL;
}

/* Steps back over what may stand between a name and its sign: blanks, a quote, a bracket. */
static size_t name_end(const struct scan *scan, size_t i)
{
	for (int k = 0; k < REDACT_SPACES && redact_before(scan, i, 1) == ' '; k++)
		i--;
	if (redact_before(scan, i, 1) == ']' && i > scan->done)
		i--;
	if (redact_before(scan, i, 1) == '"' || redact_before(scan, i, 1) == '\'') {
		i--;
		if (redact_before(scan, i, 1) == '\\')
			i--;
	}
	return i;
}

size_t redact_skip_spaces(const struct scan *scan, size_t i)
{
	size_t end = i + REDACT_SPACES;

	while (i < end && (redact_at(scan, i) == ' ' || redact_at(scan, i) == '\t'))
		i++;
	return i;
}

/* Is a sign between a name and a value at i? *name: behind the name; *value: before the value. */
static bool read_sign(const struct scan *scan, size_t i, size_t *name, size_t *value)
{
	char before = redact_before(scan, i, 1), after = redact_at(scan, i + 1);

	*name = i;
	*value = i + 1;
	switch (scan->s[i]) {
	case '=':
		*name -= before == ':';
		*value += after == '>';
		return after != '=' && (before == '\0' || strchr("=!<>", before) == NULL);
	case ':':
		return after != ':' && after != '=' && after != '/' && before != ':';
	case '"':
	case '\'':
		*value = i; /* PASSWORD 'value' */
		return before == ' ';
	case '>':
		return true;
	default:
		*value = i + strlen(WIDE_COLON);
		return scan->len - i >= strlen(WIDE_COLON) &&
		       memcmp(scan->s + i, WIDE_COLON, strlen(WIDE_COLON)) == 0;
	}
}

bool redact_assignment(struct scan *scan, size_t i, struct finding *f)
{
	size_t name, value, begin;
	char sign = scan->s[i];

	if (!read_sign(scan, i, &name, &value))
		return false;
	const struct keyword *keyword = keyword_before(scan, name_end(scan, name), &begin);

	if (keyword == NULL)
		return false;
	if (sign == '>')
		return redact_before(scan, begin, 1) == '<' &&
		       redact_element(scan, keyword, value, f);
	if ((sign == '"' || sign == '\'') && keyword->kind != REDACTED_PASSWORD)
		return false;
	return redact_value(scan, keyword, redact_skip_spaces(scan, value), f);
}

bool redact_after_authorization(const struct scan *scan, size_t i)
{
	static const struct keyword authorization = END(AUTHORIZATION, TOKEN);
	size_t begin;

	for (int k = 0; k < REDACT_SPACES; k++) {
		char c = redact_before(scan, i, 1);

		if (c == '\0' || strchr(" \t\"'\\:=,", c) == NULL)
			break;
		i--;
	}
	return ends_with(scan, i, &authorization, &begin);
}

bool redact_by_name(const char *name, size_t name_len, const char *value, size_t value_len,
    enum redaction *kind)
{
	const struct scan scan = {.s = name, .len = name_len};
	size_t begin;
	const struct keyword *keyword = keyword_before(&scan, name_len, &begin);

	/* A name that is given itself, as {"etc/passwd": "etc/passwd"}, is a label. */
	if (keyword == NULL || (name_len == value_len && memcmp(name, value, name_len) == 0) ||
	    !redact_quoted_secret(keyword, value, value_len))
		return false;
	*kind = keyword->kind;
	return true;
}
