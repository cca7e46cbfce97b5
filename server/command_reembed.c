/*
 * command_reembed: vectors of another model, made beside those in use.
 *
 *	probe -> canary with the old -> build, until none is missing -> canary with the new -> switch -> move -> sweep
 *
 * It may be broken off at any moment and goes on where it was: what is missing is asked of the database. Up to the
 * switch searches use the old vectors, from it on the new ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_db.h"
#include "commands.h"
#include "embed/embedder.h"
#include "embed_options.h"
#include "embedding.h"
#include "log.h"
#include "options.h"
#include "progress.h"
#include "reembed_build.h"
#include "reembed_canary.h"
#include "rows.h"

#define MOVES_AT_ONCE 200
#define SWEEP_AT_ONCE 1000
#define USAGE         "sage-mcp reembed [force] [instead]"

struct reembed {
	struct command_db *db;
	const struct options *options;
	bool force;   /* switch although the recall dropped, or memories have no vector */
	bool instead; /* of what was begun for another model */
	struct embedder *embedder;
	char model[EMBEDDER_MODEL_BYTES], old[EMBEDDER_MODEL_BYTES]; /* old "": there is none */
	struct canary canary;
	double before, after; /* below 0: not measured */
	int64_t missing;      /* memories, when it began */
	struct progress progress;
	int64_t done;
};

static void on_opened(void *arg)
{
	command_db_wake(arg);
}

/* Probes; false: it does not answer, why says why. */
static bool open_embedder(struct reembed *r, struct embedder *e, char *why, size_t why_len)
{
	embedder_open(e, on_opened, r->db);
	command_db_wait_ms(r->db, embedder_config(e)->provider.timeout_ms);
	if (embedder_model(e) != NULL)
		return true;
	snprintf(why, why_len, "%s", embedder_problem(e));
	return false;
}

/* --- the canary ------------------------------------------------------------ */

/* An embedder of the model in use, from the provider of the new one; NULL: why says why. */
static struct embedder *open_old(struct reembed *r, char *why, size_t why_len)
{
	char name[EMBEDDER_MODEL_BYTES];
	const char *at = strrchr(r->old, '@');
	size_t dimensions = at != NULL ? (size_t)strtoul(at + 1, NULL, 10) : 0;

	snprintf(name, sizeof(name), "%.*s", at != NULL ? (int)(at - r->old) : 0, r->old);
	/* As the model gives them, or cut by the provider. */
	for (int asks = 0; asks <= 1; asks++) {
		struct embedder *e = embed_options_other(command_db_base(r->db), r->options,
		    name, asks == 0 ? 0 : dimensions, why, why_len);

		if (e == NULL)
			return NULL;
		if (open_embedder(r, e, why, why_len) && strcmp(embedder_model(e), r->old) == 0)
			return e;
		embedder_free(e);
	}
	return NULL;
}

static bool measure_before(struct reembed *r)
{
	char why[EMBEDDER_WHY_BYTES] = "it has other dimensions now";
	struct embedder *e;

	if (!canary_make(&r->canary, r->db))
		return false;
	if (r->canary.count < CANARY_LEAST) {
		puts("recall is not measured: there are too few memories to make questions "
		     "from");
		return true;
	}
	if (*r->old == '\0' || strcmp(r->old, r->model) == 0)
		return true;
	e = open_old(r, why, sizeof(why));
	if (e != NULL)
		r->before =
		    canary_measure(&r->canary, r->db, e, r->old, true, why, sizeof(why));
	embedder_free(e);
	if (r->before >= 0) {
		printf("recall@5 with %s: %.3f of %zu questions\n", r->old, r->before,
		    r->canary.count);
		return true;
	}
	if (r->force)
		return true;
	fprintf(stderr,
	    "sage-mcp: the recall with the vectors in use cannot be measured, since %s is not "
	    "to be had from "
	    "this provider: %s\nsage-mcp: nothing was changed; 'sage-mcp reembed force' goes "
	    "without it\n",
	    r->old, why);
	return false;
}

/* False: it is worse than before, and not forced. */
static bool measure_after(struct reembed *r)
{
	char why[EMBEDDER_WHY_BYTES] = "";

	if (r->canary.count < CANARY_LEAST)
		return true;
	r->after =
	    canary_measure(&r->canary, r->db, r->embedder, r->model, false, why, sizeof(why));
	if (r->after >= 0)
		printf("recall@5 with %s: %.3f of %zu questions\n", r->model, r->after,
		    r->canary.count);
	else
		fprintf(stderr,
		    "sage-mcp: the recall with the new vectors cannot be measured: %s\n", why);
	if (r->force || (r->after >= 0 && r->after >= r->before - CANARY_TOLERANCE))
		return true;
	fprintf(stderr,
	    "sage-mcp: not switched: searches would find less than with %s, which they still "
	    "use; "
	    "'sage-mcp reembed force' switches all the same\n",
	    r->old);
	return false;
}

/* --- building --------------------------------------------------------------- */

static bool begin(struct reembed *r)
{
	struct reembed_begun begun;
	struct query q;
	struct rows *rows;

	reembed_begin_ask(&q, r->model, r->instead);
	rows = command_db_query(r->db, &q);
	if (rows == NULL)
		return false;
	reembed_begin_read(rows, &begun);
	snprintf(r->old, sizeof(r->old), "%s", begun.current != NULL ? begun.current : "");
	r->missing = begun.missing;
	bool ours = strcmp(begun.building, r->model) == 0;

	if (ours)
		printf("%s: %lld memories, %lld of them without vectors of %s\n",
		    begun.current != NULL ? begun.current : "no model yet",
		    (long long)begun.memories, (long long)begun.missing, r->model);
	else
		fprintf(stderr,
		    "sage-mcp: vectors of %s are being made already; finish that, or begin "
		    "anew "
		    "with 'sage-mcp reembed instead'\n",
		    begun.building);
	rows_free(rows);
	return ours;
}

static bool build(struct reembed *r)
{
	struct reembed_build build = {
	    .db = r->db, .embedder = r->embedder, .model = r->model, .missing = r->missing};

	if (!reembed_build(&build))
		return false;
	if (build.refused == 0 || r->force)
		return true;
	fprintf(stderr,
	    "sage-mcp: not switched: the provider gave no vectors of %lld memories; 'sage-mcp "
	    "reembed "
	    "force' switches all the same, and servers try them again\n",
	    (long long)build.refused);
	return false;
}

/* --- the switch -------------------------------------------------------------- */

/* Runs ask again and again until it has nothing more to do. */
static bool drain(struct reembed *r, void (*ask)(struct reembed *r, struct query *q))
{
	struct query q;
	int count = 1;

	while (count > 0) {
		ask(r, &q);
		struct rows *rows = command_db_query(r->db, &q);

		if (rows == NULL)
			return false;
		count = rows_count(rows);
		r->done += count;
		progress_at(&r->progress, r->done, r->done);
		rows_free(rows);
	}
	return true;
}

static void ask_move(struct reembed *r, struct query *q)
{
	embed_move_ask(q, r->model, MOVES_AT_ONCE);
}

static void ask_sweep(struct reembed *r, struct query *q)
{
	(void)r;
	reembed_sweep_ask(q, SWEEP_AT_ONCE);
}

static bool change_over(struct reembed *r)
{
	struct query q;
	struct rows *rows;

	reembed_switch_ask(&q, r->model, r->before, r->after);
	rows = command_db_query(r->db, &q);
	if (rows == NULL)
		return false;
	rows_free(rows);
	printf("searches use the vectors of %s now; restart servers that are configured for "
	       "another model\n",
	    r->model);
	fflush(stdout);
	r->done = 0;
	progress_begin(&r->progress, "vectors put in their place", 0);
	bool ok = drain(r, ask_move);

	progress_end(&r->progress, r->done);
	return ok && drain(r, ask_sweep);
}

static bool run(struct reembed *r)
{
	char why[EMBEDDER_WHY_BYTES];

	r->embedder =
	    embed_options_embedder(command_db_base(r->db), r->options, why, sizeof(why));
	if (r->embedder == NULL || !open_embedder(r, r->embedder, why, sizeof(why))) {
		fprintf(stderr, "sage-mcp: %s\n", why);
		return false;
	}
	snprintf(r->model, sizeof(r->model), "%s", embedder_model(r->embedder));
	return begin(r) && measure_before(r) && build(r) && measure_after(r) && change_over(r);
}

static bool read_words(struct reembed *r, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "force") == 0)
			r->force = true;
		else if (strcmp(argv[i], "instead") == 0)
			r->instead = true;
		else
			return false;
	}
	return true;
}

int command_reembed(struct options *options, int argc, char **argv)
{
	struct reembed r = {.options = options, .before = -1, .after = -1};
	bool ok;

	if (!read_words(&r, argc, argv)) {
		fputs("usage: " USAGE "\n", stderr);
		return 2;
	}
	if (!embed_options_given(options)) {
		fputs("sage-mcp: there is no embedding provider; EMBEDDING_API_URL or "
		      "EMBEDDING_API_KEY "
		      "says which one to use\n",
		    stderr);
		return 2;
	}
	log_set_level("error");
	r.db = command_db_open(options, 1);
	ok = r.db != NULL && run(&r);
	embedder_free(r.embedder);
	command_db_close(r.db);
	return ok ? 0 : 1;
}
