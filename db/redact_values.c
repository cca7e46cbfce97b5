/* redact_values: what is a secret under the name it is given to, and what only looks so. */
#include <string.h>

#include "redact_impl.h"

#define MAX_LOOK        64 /* characters that tell whether a bare value is a secret */
#define RANDOM_LEN      16
#define RANDOM_JUMPS    3
#define LONG_AUTH_VALUE 20

/* What people write where a secret would stand. */
static const char *const placeholders[] = {"password", "passwd", "secret", "token", "string",
    "text", "null", "none", "undefined", "true", "false", "required", "optional", "example",
    "placeholder", "bearer", "basic"};

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_placeholder(const char *s, size_t len)
{
	size_t same = 1;

	for (size_t k = 0; k < sizeof(placeholders) / sizeof(*placeholders); k++) {
		if (len == strlen(placeholders[k]) && redact_same(s, placeholders[k], len))
			return true;
	}
	while (same < len && s[same] == s[0]) /* ****, xxxx, .... */
		same++;
	if (same == len || (len >= 5 && redact_same(s, "your", 4) && !is_letter(s[4])))
		return true;
	return memmem(s, len, REDACT_MARKER_BEGIN, strlen(REDACT_MARKER_BEGIN)) != NULL;
}

/* What a value is made of. */
struct makeup {
	size_t letters, digits, symbols, blanks, dots;
};

static struct makeup makeup_of(const char *s, size_t len)
{
	struct makeup m = {0};

	for (size_t i = 0; i < len; i++) {
		m.letters += is_letter(s[i]);
		m.digits += is_digit(s[i]);
		m.symbols +=
		    redact_in(SET_VALUE, s[i]) && !redact_in(SET_DOTTED, s[i]) && s[i] != ':';
		m.blanks += s[i] == ' ';
		m.dots += s[i] == '.';
	}
	return m;
}

bool redact_quoted_secret(const struct keyword *keyword, const char *s, size_t len)
{
	struct makeup m = makeup_of(s, len);

	if (len < 3 || strchr("$<{%", *s) != NULL || is_placeholder(s, len))
		return false;
	if (keyword->kind == REDACTED_PASSWORD) /* a label of some words is none */
		return m.blanks < 2 || m.digits > 0 ||
		       strcmp(keyword->name, REDACT_PASSPHRASE) == 0;
	return len >= 8 && m.blanks == 0 && (m.digits > 0 || m.symbols > 0 || len >= 20);
}

/* Without quotes it may as well be a variable, a type or a call. */
static bool is_bare_secret(const struct keyword *keyword, const char *s, size_t len, char next)
{
	struct makeup m = makeup_of(s, len);
	bool path = *s == '/' || (*s == '.' && len > 1 && s[1] == '/') || *s == '~';

	if ((next != '\0' && strchr("([{<`\\", next) != NULL) || path ||
	    strchr("$<{%", *s) != NULL || memmem(s, len, "://", 3) != NULL)
		return false;
	if (keyword->kind != REDACTED_PASSWORD)
		return len >= RANDOM_LEN && redact_jumps(s, len) >= RANDOM_JUMPS;
	if (m.letters == 0)
		return m.digits >= 6 && m.digits == len && !keyword->whole;
	if (m.dots > 0 && m.symbols == 0 && is_letter(*s)) /* module.name2 */
		return redact_jumps(s, len) >= RANDOM_JUMPS;
	return len >= 4 && (m.digits > 0 || m.symbols > 0);
}

/* How far a value at i may reach: not past the end of a quoted one that it stands in. */
static size_t fence(const struct scan *scan, size_t i)
{
	size_t end = scan->len;

	for (int k = 0; k < QUOTES; k++) {
		if (scan->closed[k] >= i && scan->closed[k] < end)
			end = scan->closed[k];
	}
	return end;
}

/* Where the quoted value that begins at i ends on its line; false: it does not. */
static bool closing_quote(
    const struct scan *scan, size_t i, char quote, bool escaped, size_t *close)
{
	size_t end = fence(scan, i), begin = i;

	for (; i < end && scan->s[i] != '\n'; i++) {
		bool backslash = scan->s[i] == '\\';

		*close = i;
		if (!escaped && scan->s[i] == quote)
			return true;
		if (escaped && backslash && redact_at(scan, i + 1) == quote &&
		    (i == begin || scan->s[i - 1] != '\\'))
			return true;
		i += backslash && !escaped;
	}
	return false;
}

/* Without what ends the sentence. */
static size_t sentence_len(const struct scan *scan, size_t i, size_t len)
{
	while (len > 0 && strchr(".:!?", scan->s[i + len - 1]) != NULL)
		len--;
	return len;
}

/* The value at i, with or without quotes. */
bool redact_value(struct scan *scan, const struct keyword *keyword, size_t i, struct finding *f)
{
	static const char quotes[] = "\"'`";
	bool escaped = redact_at(scan, i) == '\\';
	char quote = redact_at(scan, i + escaped);
	const char *kind = quote != '\0' ? strchr(quotes, quote) : NULL;

	f->kind = keyword->kind;
	if (kind != NULL && !(escaped && quote == '`')) {
		i += 1 + escaped;
		if (closing_quote(scan, i, quote, escaped, &f->to)) {
			f->from = i;
			if (redact_quoted_secret(keyword, scan->s + i, f->to - i))
				return true;
			scan->closed[(kind - quotes) + (escaped ? QUOTE_DOUBLE_ESCAPED : 0)] =
			    f->to;
			return false;
		}
	}
	/* A look of bounded length, so that a=a=a=... is not read again from each sign. */
	size_t look = redact_run(scan, i, SET_VALUE, MAX_LOOK);
	char next = '\0';

	if (look < MAX_LOOK)
		next = redact_at(scan, i + look);
	look = sentence_len(scan, i, look);
	if (look == 0 || !is_bare_secret(keyword, scan->s + i, look, next) ||
	    is_placeholder(scan->s + i, look))
		return false;
	f->from = i;
	f->to = i + sentence_len(scan, i, redact_run(scan, i, SET_VALUE, SIZE_MAX));
	return true;
}

/* <password>value</password> */
bool redact_element(
    const struct scan *scan, const struct keyword *keyword, size_t i, struct finding *f)
{
	size_t end = i, most = fence(scan, i);

	while (end < most && strchr("<>\n[", scan->s[end]) == NULL)
		end++;
	*f = (struct finding){i, end, keyword->kind};
	return redact_at(scan, end) == '<' && redact_at(scan, end + 1) == '/' &&
	       redact_quoted_secret(keyword, scan->s + i, end - i);
}

bool redact_credentials(const struct scan *scan, size_t i, struct finding *f)
{
	if (scan->s[i] != 'B' && scan->s[i] != 'b')
		return false;
	bool bearer = scan->len - i > 7 && redact_same(scan->s + i, "bearer ", 7);
	bool basic = scan->len - i > 6 && redact_same(scan->s + i, "basic ", 6);

	if (!bearer && !basic)
		return false;
	size_t from = redact_skip_spaces(scan, i + (bearer ? 6 : 5));
	size_t len = redact_run(scan, from, bearer ? SET_TOKEN68 : SET_BASE64, SIZE_MAX);
	char next = redact_at(scan, from + len);

	while (len > 0 && scan->s[from + len - 1] == '.')
		len--;
	const char *s = scan->s + from;
	struct makeup m = makeup_of(s, len < RANDOM_LEN * 4 ? len : RANDOM_LEN * 4);

	*f = (struct finding){from, from + len, REDACTED_TOKEN};
	if (len < 4 || next == '[' || is_placeholder(s, len))
		return false;
	if (len >= RANDOM_LEN && redact_jumps(s, len) >= RANDOM_JUMPS)
		return true;
	if (basic && len >= 8 && s[len - 1] == '=')
		return true;
	return redact_after_authorization(scan, i) &&
	       (m.digits > 0 || len >= LONG_AUTH_VALUE || (basic && redact_jumps(s, len) > 0));
}

/* The authority of a URL, from behind "://" on (RFC 3986 3.2): remembers its password. */
static void read_authority(struct scan *scan, size_t at)
{
	size_t password = 0, host = 0;

	for (; at < scan->len; at++) {
		unsigned char c = (unsigned char)scan->s[at];

		if (c <= ' ' || c >= 0x80 || strchr("/?#\"'<>[]{}\\`,;()", c) != NULL)
			break;
		if (c == ':' && password == 0)
			password = at + 1;
		if (c == '@' && password > 0)
			host = at;
	}
	scan->url_password = host > password ? password : 0;
	scan->url_host = host;
}

bool redact_url(struct scan *scan, size_t i, struct finding *f)
{
	if (redact_at(scan, i + 1) == '/' && redact_at(scan, i + 2) == '/' &&
	    redact_in(SET_ALNUM, redact_before(scan, i, 1)))
		read_authority(scan, i + 3);
	if (i + 1 != scan->url_password)
		return false;
	*f = (struct finding){i + 1, scan->url_host, REDACTED_PASSWORD};
	return scan->s[f->from] != '$' && scan->s[f->from] != '%' &&
	       !is_placeholder(scan->s + f->from, f->to - f->from);
}
