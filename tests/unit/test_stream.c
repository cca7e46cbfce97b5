/* stream: what a client gets that loses its connection, on an exchange that is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "exchange.h"
#include "mcp/stream.h"
#include "server_limits.h"

/* One connection of the client: all that it was sent. */
struct fake {
	struct exchange x;
	char text[65536];
	size_t len;
	bool started, finished;
	int replied;
};

static void reply(struct exchange *x, const struct reply *r)
{
	((struct fake *)x)->replied = r->status;
}

static void start(struct exchange *x, const struct header *headers)
{
	(void)headers;
	((struct fake *)x)->started = true;
}

static bool take(struct exchange *x, const char *bytes, size_t len)
{
	struct fake *f = (struct fake *)x;

	assert_true(f->started && !f->finished && f->len + len < sizeof(f->text));
	memcpy(f->text + f->len, bytes, len);
	f->len += len;
	f->text[f->len] = '\0';
	return true;
}

static void finish(struct exchange *x)
{
	((struct fake *)x)->finished = true;
}

static const struct exchange_ops ops = {
    .reply = reply, .start = start, .send = take, .finish = finish};

static struct event_base *base;
static struct streams *all;
static int given_up;

static void count_gone(void *arg)
{
	(void)arg;
	given_up++;
}

static int set_up(void **state)
{
	(void)state;
	given_up = 0;
	base = event_base_new();
	all = streams_new(base);
	return base == NULL || all == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	streams_free(all);
	event_base_free(base);
	return 0;
}

static struct fake *connect_client(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->x.ops = &ops;
	return f;
}

static void hang_up(struct fake *f)
{
	void (*gone)(void *arg) = f->x.gone;

	f->x.gone = NULL;
	if (gone != NULL)
		gone(f->x.gone_arg);
	free(f);
}

static struct stream *open_stream(struct fake *f, const char *session)
{
	return stream_open(all,
	    &(struct stream_order){
	        .x = &f->x, .session = session, .primed = session != NULL, .gone = count_gone});
}

/* The id of the last event a client has seen. */
static void last_id(const struct fake *f, char id[64])
{
	const char *at = f->text, *found = NULL;

	while ((at = strstr(at, "id: ")) != NULL)
		found = at += 4;
	assert_non_null(found);
	snprintf(id, 64, "%.*s", (int)strcspn(found, "\n"), found);
}

static void say(struct stream *s, int number)
{
	stream_send(s, json_pack("{s:i}", "n", number));
}

static void plain_stream_has_no_ids_and_ends_with_its_connection(void **state)
{
	struct fake *f = connect_client();
	struct stream *s = open_stream(f, NULL);

	(void)state;
	say(s, 1);
	assert_string_equal(f->text, "event: message\ndata: {\"n\":1}\n\n");
	hang_up(f);
	assert_int_equal(given_up, 1);
}

static void primed_stream_begins_with_an_id(void **state)
{
	struct fake *f = connect_client();
	struct stream *s = open_stream(f, "a");

	(void)state;
	assert_memory_equal(f->text, "id: ", 4);
	assert_non_null(strstr(f->text, "\nretry: "));
	assert_non_null(strstr(f->text, "\ndata: \n\n"));
	stream_end(s);
	assert_true(f->finished);
	hang_up(f);
	assert_int_equal(given_up, 0);
}

static void client_that_comes_back_gets_what_it_missed_and_no_more(void **state)
{
	struct fake *f = connect_client();
	struct stream *s = open_stream(f, "a"), *other;
	struct fake *g = connect_client();
	char id[64];

	(void)state;
	other = open_stream(g, "a");
	say(s, 1);
	last_id(f, id);
	hang_up(f);
	say(s, 2);
	say(other, 99);
	say(s, 3);
	f = connect_client();
	assert_true(stream_resume(all, &f->x, "a", id));
	assert_null(strstr(f->text, "\"n\":1"));
	assert_null(strstr(f->text, "\"n\":99")); /* the ids have digits too */
	assert_non_null(strstr(f->text, "\"n\":2"));
	say(s, 4);
	assert_non_null(strstr(f->text, "\"n\":4"));
	stream_end(s);
	assert_true(f->finished);
	hang_up(f);
	hang_up(g);
}

static void ended_stream_can_still_be_fetched(void **state)
{
	struct fake *f = connect_client();
	struct stream *s = open_stream(f, "a");
	char id[64];

	(void)state;
	last_id(f, id);
	stream_detach(s);
	assert_true(f->finished);
	hang_up(f);
	say(s, 7);
	stream_end(s);
	f = connect_client();
	assert_true(stream_resume(all, &f->x, "a", id));
	assert_non_null(strstr(f->text, "\"n\":7"));
	assert_true(f->finished);
	hang_up(f);
	assert_int_equal(given_up, 0);
}

static void resume_replaces_a_connection_nobody_knew_dead(void **state)
{
	struct fake *f = connect_client(), *g = connect_client();
	struct stream *s = open_stream(f, "a");
	char id[64];

	(void)state;
	last_id(f, id);
	assert_true(stream_resume(all, &g->x, "a", id));
	assert_true(f->finished);
	say(s, 1);
	assert_null(strstr(f->text, "\"n\":1"));
	assert_non_null(strstr(g->text, "\"n\":1"));
	hang_up(f);
	hang_up(g);
}

static void foreign_and_broken_ids_are_refused(void **state)
{
	struct fake *f = connect_client(), *g = connect_client();
	struct stream *s = open_stream(f, "a");
	char id[64], later[80];

	(void)state;
	say(s, 1);
	last_id(f, id);
	assert_false(stream_resume(all, &g->x, "b", id));
	snprintf(later, sizeof(later), "%.17s9", id);
	assert_false(stream_resume(all, &g->x, "a", later));
	assert_false(stream_resume(all, &g->x, "a", ""));
	assert_false(stream_resume(all, &g->x, "a", "0000000000000000-0"));
	assert_false(stream_resume(all, &g->x, "a", "not an id"));
	assert_false(
	    stream_resume(all, &g->x, "a", "ffffffffffffffffffffffff-99999999999999999999"));
	assert_false(g->started);
	hang_up(f);
	hang_up(g);
}

static void client_that_was_away_for_too_much_is_told(void **state)
{
	struct fake *f = connect_client();
	struct stream *s = open_stream(f, "a");
	char id[64];

	(void)state;
	last_id(f, id);
	hang_up(f);
	for (int i = 0; i <= STREAM_KEEP_EVENTS; i++)
		say(s, i);
	f = connect_client();
	assert_false(stream_resume(all, &f->x, "a", id));
	hang_up(f);
}

static void oldest_are_given_up_when_too_many_are_away(void **state)
{
	(void)state;
	for (int i = 0; i < STREAMS_KEEP_LIMIT + 5; i++) {
		struct fake *f = connect_client();

		open_stream(f, "a");
		hang_up(f);
	}
	assert_int_equal(given_up, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(plain_stream_has_no_ids_and_ends_with_its_connection),
	    TEST(primed_stream_begins_with_an_id),
	    TEST(client_that_comes_back_gets_what_it_missed_and_no_more),
	    TEST(ended_stream_can_still_be_fetched),
	    TEST(resume_replaces_a_connection_nobody_knew_dead),
	    TEST(foreign_and_broken_ids_are_refused),
	    TEST(client_that_was_away_for_too_much_is_told),
	    TEST(oldest_are_given_up_when_too_many_are_away),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
