/*
 * conversation: text in which lines begin with who speaks.
 *
 *	Human: Where do we deploy?
 *	Assistant: To the cluster in Berlin.
 *
 * Also User:, and in Chinese; with Markdown's emphasis around the name or without.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/reader_impl.h"
#include "ingest/turn.h"

enum speaker { NOBODY, PERSON, ASSISTANT };

static const struct {
	const char *name;
	enum speaker speaker;
} names[] = {
    {"Human", PERSON},
    {"User", PERSON},
    {"用户", PERSON},
    {"Assistant", ASSISTANT},
    {"助手", ASSISTANT},
};

struct conversation {
	struct turns turns;
	enum speaker speaker;
	bool told; /* of text before anybody spoke */
};

/* Who begins to speak in this line; *rest: behind the name and its colon. */
static enum speaker speaker_of(const struct piece *line, const char **rest)
{
	const char *end = line->s + line->len, *s = line->s;

	while (s < end && strchr(" \t#*", *s) != NULL)
		s++;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len = strlen(names[i].name);

		if ((size_t)(end - s) <= len || strncasecmp(s, names[i].name, len) != 0)
			continue;
		const char *at = s + len;

		while (at < end && *at == '*')
			at++;
		if (at < end && *at == ':')
			at++;
		else if (end - at >= 3 && memcmp(at, "：", 3) == 0)
			at += 3;
		else
			continue;
		while (at < end && strchr(" \t*", *at) != NULL)
			at++;
		*rest = at;
		return names[i].speaker;
	}
	return NOBODY;
}

static struct turn *begin_turn(struct reader *reader, size_t line)
{
	struct conversation *conversation = reader->state;
	struct turn *turn = turns_begin(&conversation->turns, line);

	if (turn == NULL) {
		reader->failed = true;
		return turns_now(&conversation->turns);
	}
	json_object_set_new(turn->about, "source", json_string("conversation"));
	if (reader->options.session_id != NULL)
		snprintf(turn->session_id, sizeof(turn->session_id), "%s",
		    reader->options.session_id);
	return turn;
}

static void take(struct reader *reader, const struct piece *piece)
{
	struct conversation *conversation = reader->state;
	struct turn *turn = turns_now(&conversation->turns);
	const char *s = piece->s, *end = piece->s + piece->len;
	enum speaker speaker = piece->len > 0 ? speaker_of(piece, &s) : NOBODY;

	if (speaker == PERSON && conversation->speaker != PERSON)
		turn = begin_turn(reader, piece->line);
	if (speaker != NOBODY)
		conversation->speaker = speaker;
	if (turn->begun) {
		struct buffer *to =
		    conversation->speaker == PERSON ? &turn->said : &turn->answered;

		buffer_add(to, s, (size_t)(end - s));
		buffer_add(to, "\n", 1);
		return;
	}
	reader->counts.orphans += speaker == ASSISTANT;
	if (s < end && !conversation->told)
		reader_tell(reader, piece->line,
		    "text before the first \"Human:\" or \"User:\" was left out");
	conversation->told = conversation->told || s < end;
}

static void end(struct reader *reader)
{
	struct conversation *conversation = reader->state;

	turns_end(&conversation->turns);
}

static bool next(struct reader *reader, struct item *item)
{
	struct conversation *conversation = reader->state;

	return turns_item(&conversation->turns, item, &reader->failed);
}

static void fini(struct reader *reader)
{
	struct conversation *conversation = reader->state;

	turns_fini(&conversation->turns);
}

const struct format format_conversation = {.name = "conversation",
    .state_size = sizeof(struct conversation),
    .take = take,
    .next = next,
    .end = end,
    .fini = fini};
