/* chunk: the latest good place to cut in the second half of what fits. */
#include "embed/chunk.h"

#include <stdbool.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool starts_character(char c)
{
	return ((unsigned char)c & 0xC0) != 0x80;
}

enum { CUT_CHARACTER, CUT_SPACE, CUT_SENTENCE, CUT_LINE, CUT_BLANK_LINE };

/* Full-width ends of sentences, three bytes each. */
static bool ends_wide_sentence(const char *s, size_t at)
{
	static const char *const ends[] = {"。", "！", "？"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (at >= 3 && memcmp(s + at - 3, ends[i], 3) == 0)
			return true;
	}
	return false;
}

/* How good it is to cut before s[at]; at is at least 2. */
static int rate_cut(const char *s, size_t at)
{
	char before = s[at - 1];

	if (!starts_character(s[at]))
		return -1;
	if (before == '\n')
		return s[at - 2] == '\n' ? CUT_BLANK_LINE : CUT_LINE;
	if (is_space(before))
		return strchr(".!?", s[at - 2]) != NULL && s[at - 2] != '\0' ? CUT_SENTENCE
		                                                             : CUT_SPACE;
	return ends_wide_sentence(s, at) ? CUT_SENTENCE : CUT_CHARACTER;
}

static size_t find_cut(const char *s, size_t most)
{
	size_t best = most;
	int best_rate = -1;

	for (size_t at = most; at > most / 2 && at >= 2; at--) {
		int rate = rate_cut(s, at);

		if (rate > best_rate) {
			best = at;
			best_rate = rate;
		}
	}
	return best;
}

size_t chunk_text(const char *text, size_t len, size_t most, struct chunk *chunks, size_t room)
{
	size_t count = 0, from = 0;

	while (count < room) {
		while (from < len && is_space(text[from]))
			from++;
		if (from == len)
			break;
		size_t piece = len - from > most ? find_cut(text + from, most) : len - from;
		size_t next = from + piece;

		while (is_space(text[from + piece - 1]))
			piece--;
		chunks[count++] = (struct chunk){from, piece};
		from = next;
	}
	return count;
}
