/* text_split: UTF-8 into runs of one script, in NFKC. */
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "text_impl.h"

/* A text is normalised in pieces that end at a blank, so that a long one needs little memory. */
#define PIECE_BYTES      4096
#define PIECE_LEAST      1024
#define BROKEN           0xfffd
#define NORMALIZED_TIMES 18 /* code points from one (Unicode, NFKC) */

enum script {
	SCRIPT_NONE,    /* blanks, punctuation: between words */
	SCRIPT_WORD,    /* letters and digits that form words */
	SCRIPT_CJK,     /* no blanks between words: characters and pairs */
	SCRIPT_PICTURE, /* emoji: a word by itself */
};

struct range {
	uint32_t first, last;
	enum script script;
};

static bool is_word_ascii(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The categories of Unicode stand in order: letters, marks, numbers. */
static enum script script_by_category(uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO)
		return SCRIPT_WORD;
	return category == UTF8PROC_CATEGORY_SO && c != BROKEN ? SCRIPT_PICTURE : SCRIPT_NONE;
}

static enum script script_of(uint32_t c)
{
	static const struct range ranges[] = {
	    {0x0e00, 0x0e3a, SCRIPT_CJK}, /* Thai, Lao */
	    {0x0e40, 0x0e4e, SCRIPT_CJK},
	    {0x0e80, 0x0ece, SCRIPT_CJK},
	    {0x1000, 0x1049, SCRIPT_CJK}, /* Burmese */
	    {0x1780, 0x17d3, SCRIPT_CJK}, /* Khmer */
	    {0x3005, 0x3007, SCRIPT_CJK}, /* the mark that repeats a character; zero */
	    {0x3041, 0x30ff, SCRIPT_CJK}, /* kana */
	    {0x3105, 0x312f, SCRIPT_CJK},
	    {0x3400, 0x4dbf, SCRIPT_CJK},
	    {0x4e00, 0x9fff, SCRIPT_CJK},
	    {0xac00, 0xd7af, SCRIPT_CJK}, /* Hangul */
	    {0xf900, 0xfaff, SCRIPT_CJK},
	    {0x20000, 0x3ffff, SCRIPT_CJK},
	};

	if (c < 0x80)
		return is_word_ascii(c) ? SCRIPT_WORD : SCRIPT_NONE;
	if (c < ranges[0].first)
		return script_by_category(c);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].script;
	}
	return script_by_category(c);
}

/* One code point; anything broken is taken as one byte. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *c)
{
	utf8proc_int32_t point;
	utf8proc_ssize_t n = utf8proc_iterate(s, (utf8proc_ssize_t)len, &point);

	if (n <= 0) {
		*c = BROKEN;
		return 1;
	}
	*c = (uint32_t)point;
	return (size_t)n;
}

/* Most characters of most texts are in NFKC by themselves. Full-width forms of ASCII become ASCII. */
static bool is_plain(uint32_t *c)
{
	if (*c >= 0xff01 && *c <= 0xff5e)
		*c -= 0xfee0;
	return *c < 0x80 || (*c >= 0x4e00 && *c <= 0x9fff) || (*c >= 0x3001 && *c <= 0x3096) ||
	       (*c >= 0x30a1 && *c <= 0x30fa) || *c == 0x30fc ||
	       (*c >= 0x2010 && *c <= 0x201f) || (*c >= 0x1f300 && *c <= 0x1faff);
}

/* Code points of a piece into out, which holds NORMALIZED_TIMES its bytes; how many. */
static size_t normalize(const char *piece, size_t len, uint32_t *out)
{
	const utf8proc_option_t options =
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE;
	const unsigned char *s = (const unsigned char *)piece;
	bool plain = true;
	size_t count = 0;

	for (size_t i = 0; i < len; count++) {
		i += decode(s + i, len - i, &out[count]);
		plain = is_plain(&out[count]) && plain;
	}
	if (plain)
		return count;
	utf8proc_ssize_t capacity = (utf8proc_ssize_t)(len * NORMALIZED_TIMES);
	utf8proc_ssize_t n = utf8proc_decompose(
	    s, (utf8proc_ssize_t)len, (utf8proc_int32_t *)out, capacity, options);

	if (n > 0 && n <= capacity)
		n = utf8proc_normalize_utf32((utf8proc_int32_t *)out, n, options);
	if (n > 0 && n <= capacity)
		return (size_t)n;
	count = 0; /* broken: as it is */
	for (size_t i = 0; i < len; count++)
		i += decode(s + i, len - i, &out[count]);
	return count;
}

/* Between two letters or digits: may it glue them? A comma and an apostrophe only sometimes do. */
static bool glues(const uint32_t *s, size_t i, size_t len)
{
	if (i == 0 || i + 1 >= len || script_of(s[i + 1]) != SCRIPT_WORD)
		return false;
	if (s[i] == ',')
		return s[i - 1] <= '9' && s[i + 1] <= '9';
	return s[i] == '\'' || s[i] == 0x2019 ||
	       (s[i] < 0x80 && strchr("_-./\\:@#+", (int)s[i]));
}

/* Where the run ends that begins at i; "://", "::" and "__" glue, too. */
static size_t run_end(const uint32_t *s, size_t i, size_t len)
{
	for (; i < len; i++) {
		if (script_of(s[i]) == SCRIPT_WORD)
			continue;
		size_t next = i;

		while (next + 1 < len && next < i + 2 && s[next + 1] < 0x80 &&
		       strchr(":/_", (int)s[next]) && strchr("/:_", (int)s[next + 1]))
			next++;
		if ((next > i && i > 0 && next + 1 < len &&
		        script_of(s[next + 1]) == SCRIPT_WORD) ||
		    (next == i && glues(s, i, len))) {
			i = next;
			continue;
		}
		break;
	}
	return i;
}

/* One character of a text without blanks, and its pair with the one before (0: none). */
static bool add_character(struct words *words, uint32_t before, uint32_t c)
{
	uint32_t begin = term_begin(TERM_WORD);

	words->has_before = false;
	if (!terms_add(words->terms, term_char(begin, c)))
		return false;
	if (c == 0x6708) /* moon, month */
		return date_add_month_mark(words) &&
		       (before == 0 ||
		           terms_add(words->terms, term_char(term_char(begin, before), c)));
	if (c != 0x5e74 && c != 0x65e5 && c != 0x53f7) /* year, day, number */
		date_end(words);
	return before == 0 || terms_add(words->terms, term_char(term_char(begin, before), c));
}

static bool is_question_mark(uint32_t c)
{
	return c == '?' || c == 0x61f; /* Arabic's; the full-width one is ASCII by now */
}

/* Whether the text ends in a question, as far as it is read: c is no letter or digit. */
static void note_bracket(struct words *words, uint32_t c)
{
	if (words->bracket != 0)
		words->bracket = c == words->bracket ? 0 : words->bracket;
	else if (c == '(' || c == '[')
		words->bracket = c == '(' ? ')' : ']';
	else if (is_question_mark(c))
		words->beside->asks = true;
}

/* c is no letter or digit; it may end a sentence, and that may be a question. */
static bool add_mark(struct words *words, uint32_t c)
{
	struct terms *terms = words->terms;
	bool ok = true;

	note_bracket(words, c);
	for (size_t i = words->sentence; ok && is_question_mark(c) && i < terms->count; i++)
		ok = terms_add(&words->beside->asked, (uint32_t)terms->items[i]);
	if (is_question_mark(c) || c == '.' || c == '!' || c == '\n' || c == 0x3002)
		words->sentence = terms->count;
	return ok;
}

static bool add_piece(struct words *words, const uint32_t *s, size_t len)
{
	uint32_t before = 0; /* the CJK character just before, or 0 */
	bool ok = true;

	for (size_t i = 0; ok && i < len;) {
		enum script script = script_of(s[i]);
		size_t end = i + 1;

		if (words->beside != NULL && script == SCRIPT_NONE)
			ok = add_mark(words, s[i]);
		else if (words->beside != NULL && words->bracket == 0 &&
		         script != SCRIPT_PICTURE)
			words->beside->asks = false;
		if (ok && script == SCRIPT_WORD) {
			end = run_end(s, i, len);
			ok = words_add_run(words, s + i, end - i);
		} else if (ok && script == SCRIPT_CJK) {
			ok = add_character(words, before, s[i]);
		} else if (ok && script == SCRIPT_PICTURE) {
			ok = terms_add(words->terms, term_char(term_begin(TERM_WORD), s[i]));
		}
		before = script == SCRIPT_CJK ? s[i] : 0;
		i = end;
	}
	return ok;
}

/* How much of a text is its next piece. */
static size_t piece_of(const char *text, size_t len)
{
	if (len <= PIECE_BYTES)
		return len;
	for (size_t i = PIECE_LEAST; i < PIECE_BYTES; i++) {
		if ((unsigned char)text[i] <= ' ')
			return i;
	}
	size_t end = PIECE_BYTES;

	while (end > PIECE_LEAST && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	return end;
}

struct terms_job {
	struct words words;
	const char *text; /* what is left */
	size_t len;
	uint32_t points[]; /* of a piece */
};

struct terms_job *terms_begin(
    struct terms *terms, struct terms_beside *beside, const char *text, size_t len)
{
	size_t room = len < PIECE_BYTES ? len : PIECE_BYTES;
	struct terms_job *job =
	    malloc(sizeof(*job) + room * NORMALIZED_TIMES * sizeof(*job->points));

	if (job == NULL)
		return NULL;
	job->words = (struct words){.terms = terms, .beside = beside, .sentence = terms->count};
	job->text = text;
	job->len = len;
	if (beside != NULL) {
		beside->asked.count = 0;
		beside->asks = false;
	}
	return job;
}

enum terms_progress terms_some(struct terms_job *job, size_t bytes)
{
	size_t least = job->len > bytes ? job->len - bytes : 0; /* to be left */

	while (job->len > least) {
		size_t piece = piece_of(job->text, job->len);

		if (!add_piece(
		        &job->words, job->points, normalize(job->text, piece, job->points)))
			return TERMS_FAILED;
		job->text += piece;
		job->len -= piece;
	}
	return job->len > 0 ? TERMS_MORE : TERMS_DONE;
}

void terms_end(struct terms_job *job)
{
	free(job);
}

bool terms_add_text(struct terms *terms, const char *text, size_t len)
{
	return terms_add_text_beside(terms, NULL, text, len);
}

bool terms_add_text_beside(
    struct terms *terms, struct terms_beside *beside, const char *text, size_t len)
{
	struct terms_job *job = terms_begin(terms, beside, text, len);
	bool ok = job != NULL && terms_some(job, len) == TERMS_DONE;

	terms_end(job);
	return ok;
}
