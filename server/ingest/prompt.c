/* prompt: elements that clients write, and sentences that they begin with. */
#include "ingest/prompt.h"

#include <string.h>

#define MAX_TAG_BYTES 200 /* of the attributes of an element */

/* Elements that are left out with all that is in them. */
static const char *const injected[] = {"system-reminder", "user-prompt-submit-hook",
    "local-command-stdout", "local-command-stderr", "local-command-caveat", "command-message",
    "bash-stdout", "bash-stderr", "ide_opened_file", "ide_selection", "task-notification",
    PROMPT_MEMORY_TAG};

/* How messages begin that no person wrote. */
static const char *const foreign[] = {"Caveat: The messages below were generated",
    "[Request interrupted by user",
    "Stop hook feedback:", "This session is being continued from a previous conversation"};

struct span {
	const char *s, *end;
};

static bool begins(struct span text, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(text.end - text.s) >= len && memcmp(text.s, with, len) == 0;
}

/* The length of "<name>" or "<name attributes>" at text, or 0. */
static size_t opening(struct span text, const char *name)
{
	struct span inside = {text.s + 1, text.end};
	size_t len = strlen(name);

	if (*text.s != '<' || !begins(inside, name))
		return 0;
	inside.s += len;
	if (inside.s == inside.end || (*inside.s != '>' && *inside.s != ' '))
		return 0;
	size_t left = (size_t)(inside.end - inside.s);
	const char *end = memchr(inside.s, '>', left < MAX_TAG_BYTES ? left : MAX_TAG_BYTES);

	return end != NULL ? (size_t)(end + 1 - text.s) : 0;
}

/* Where "</name>" is; the end of text when it is not there. */
static const char *closing(struct span text, const char *name)
{
	for (; text.s < text.end; text.s++) {
		text.s = memchr(text.s, '<', (size_t)(text.end - text.s));
		if (text.s == NULL)
			break;
		struct span inside = {text.s + 2, text.end};

		if (text.end - text.s > 2 && text.s[1] == '/' && begins(inside, name))
			return text.s;
	}
	return text.end;
}

/* What is inside the first element of this name; empty: there is none. */
static struct span content(struct span text, const char *name)
{
	while (text.s < text.end &&
	       (text.s = memchr(text.s, '<', (size_t)(text.end - text.s))) != NULL) {
		size_t len = opening(text, name);

		if (len > 0) {
			text.s += len;
			return (struct span){text.s, closing(text, name)};
		}
		text.s++;
	}
	return (struct span){text.end, text.end};
}

/* Behind an injected element that begins at text; text.s when none does. */
static const char *behind(struct span text)
{
	for (size_t i = 0; i < sizeof(injected) / sizeof(*injected); i++) {
		size_t len = opening(text, injected[i]);

		if (len == 0)
			continue;
		struct span rest = {text.s + len, text.end};
		const char *close = closing(rest, injected[i]);
		const char *end = memchr(close, '>', (size_t)(text.end - close));

		return end != NULL ? end + 1 : text.end;
	}
	return text.s;
}

static struct span trimmed(struct span text)
{
	while (text.s < text.end && strchr(" \t\r\n", *text.s) != NULL)
		text.s++;
	while (text.end > text.s && strchr(" \t\r\n", text.end[-1]) != NULL)
		text.end--;
	return text;
}

static void add_command(struct buffer *prompt, struct span name, struct span arguments)
{
	if (prompt->len > 0)
		buffer_add(prompt, "\n\n", 2);
	if (*name.s != '/')
		buffer_add(prompt, "/", 1);
	buffer_add(prompt, name.s, (size_t)(name.end - name.s));
	if (arguments.s < arguments.end)
		buffer_add(prompt, " ", 1);
	buffer_add(prompt, arguments.s, (size_t)(arguments.end - arguments.s));
}

static void add_words(struct buffer *prompt, struct span rest)
{
	size_t before = prompt->len;

	while (rest.s < rest.end) {
		const char *after = behind(rest);

		if (after > rest.s) {
			rest.s = after;
			continue;
		}
		if (prompt->len == before && strchr(" \t\r\n", *rest.s) != NULL) {
			rest.s++;
			continue;
		}
		if (prompt->len == before && before > 0)
			buffer_add(prompt, "\n\n", 2);
		const char *tag = memchr(rest.s + 1, '<', (size_t)(rest.end - rest.s - 1));

		after = tag != NULL ? tag : rest.end;
		buffer_add(prompt, rest.s, (size_t)(after - rest.s));
		rest.s = after;
	}
	buffer_trim(prompt);
}

bool prompt_add(struct buffer *prompt, const char *text, size_t len, bool *command)
{
	struct span rest = trimmed((struct span){text, text + len});
	struct span name = trimmed(content(rest, "command-name"));
	size_t before = prompt->len;

	*command = name.s < name.end;
	if (*command) {
		add_command(prompt, name, trimmed(content(rest, "command-args")));
		return true;
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		if (begins(rest, foreign[i]))
			return false;
	}
	add_words(prompt, rest);
	return prompt->len > before;
}
