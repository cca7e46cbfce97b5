/* command_key: makes, lists and ends API keys. */
#include <stdio.h>
#include <string.h>

#include "command_db.h"
#include "commands.h"
#include "principals.h"
#include "rfc3339.h"
#include "rows.h"

#define DEFAULT_NAMESPACE "default"

static bool take_name(const char *what, const char *given, char name[PRINCIPAL_NAME_BYTES])
{
	size_t len = strlen(given);

	if (len == 0 || len >= PRINCIPAL_NAME_BYTES ||
	    strspn(given,
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") != len) {
		fprintf(stderr,
		    "sage-mcp: %s: must have 1 to %d characters out of A-Z a-z 0-9 . _ - @\n",
		    what, PRINCIPAL_NAME_BYTES - 1);
		return false;
	}
	memcpy(name, given, len + 1);
	return true;
}

static int create(struct options *options, int argc, char **argv)
{
	struct principal who;
	char text[KEY_TEXT_BYTES], hint[KEY_HINT_BYTES];
	unsigned char hash[KEY_HASH_BYTES];
	struct query q;

	if (argc < 1 || argc > 2) {
		fputs("usage: sage-mcp key create AGENT [NAMESPACE]\n", stderr);
		return 2;
	}
	if (!take_name("AGENT", argv[0], who.agent) ||
	    !take_name("NAMESPACE", argc > 1 ? argv[1] : DEFAULT_NAMESPACE, who.namespace))
		return 2;
	if (!key_generate(text, hint, hash)) {
		fputs("sage-mcp: the system gave no random numbers\n", stderr);
		return 1;
	}
	key_create_ask(&q, hash, hint, &who);
	struct rows *rows = once_query(options, &q);

	if (rows == NULL)
		return 1;
	rows_free(rows);
	fprintf(stderr,
	    "Key for agent %s in namespace %s. It is shown only now; clients send it as\n"
	    "'Authorization: Bearer KEY'. From now on every request needs a key.\n",
	    who.agent, who.namespace);
	puts(text); /* alone on stdout, for KEY=$(sage-mcp key create ...) */
	return 0;
}

static int list(struct options *options)
{
	struct query q;

	key_list_ask(&q);
	struct rows *rows = once_query(options, &q);

	if (rows == NULL)
		return 1;
	printf("%-36s  %-13s  %-20s  %-20s  %-27s  %s\n", "ID", "HINT", "NAMESPACE", "AGENT",
	    "CREATED", "REVOKED");
	for (int row = 0; row < rows_count(rows); row++) {
		struct key_row key;
		char created[RFC3339_TEXT_BYTES], revoked[RFC3339_TEXT_BYTES] = "-";

		key_list_read(rows, row, &key);
		rfc3339_format(key.created_us, created);
		if (key.revoked_us != ROWS_NO_TIME)
			rfc3339_format(key.revoked_us, revoked);
		printf("%-36s  %-13s  %-20s  %-20s  %-27s  %s\n", key.id, key.hint,
		    key.namespace, key.agent, created, revoked);
	}
	rows_free(rows);
	return 0;
}

static int revoke(struct options *options, const char *id_or_hint)
{
	struct query q;

	key_revoke_ask(&q, id_or_hint);
	struct rows *rows = once_query(options, &q);

	if (rows == NULL)
		return 1;
	int count = rows_count(rows);

	if (count == 0)
		fprintf(stderr,
		    "sage-mcp: no key has this id or hint; 'sage-mcp key list' shows them\n");
	else
		printf("revoked %s; it ends within seconds on every server\n", id_or_hint);
	rows_free(rows);
	return count == 0 ? 1 : 0;
}

int command_key(struct options *options, int argc, char **argv)
{
	const char *action = argc > 0 ? argv[0] : "";

	if (strcmp(action, "create") == 0)
		return create(options, argc - 1, argv + 1);
	if (strcmp(action, "list") == 0 && argc == 1)
		return list(options);
	if (strcmp(action, "revoke") == 0 && argc == 2)
		return revoke(options, argv[1]);
	fputs(
	    "usage: sage-mcp key create AGENT [NAMESPACE] | key list | key revoke ID-OR-HINT\n",
	    stderr);
	return 2;
}
