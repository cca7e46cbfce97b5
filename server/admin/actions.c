/* actions: what can be done with the pools, the breakers and the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "admin/handlers.h"
#include "clock.h"
#include "database.h"
#include "log.h"
#include "reload.h"
#include "router.h"
#include "server_limits.h"
#include "service.h"
#include "tools/show_breakers.h"
#include "uri.h"

/* What an action is about: one by its name, or all with "". */
struct target {
	char name[BREAKER_NAME_BYTES];
};

static const char *pool_name(struct pool *pool)
{
	return pool_stats(pool).name;
}

static bool is_meant(const struct target *target, const char *name)
{
	return *target->name == '\0' || strcmp(target->name, name) == 0;
}

/*
 * Reads "key=NAME" or nothing at all; all else is refused, since a name that was misspelt or sent
 * in a body would mean all of them. False: answered.
 */
static bool read_target(struct service *service, struct exchange *x, const char *key,
    bool (*is_there)(struct service *service, const struct target *target),
    struct target *target)
{
	size_t key_len = strlen(key);
	char text[256];

	*target->name = '\0';
	if (x->body_len > 0 ||
	    (*x->query != '\0' &&
	        (strncmp(x->query, key, key_len) != 0 || x->query[key_len] != '=' ||
	            !uri_unescape(
	                x->query + key_len + 1, target->name, sizeof(target->name))))) {
		snprintf(text, sizeof(text),
		    "%s takes nothing but ?%s=NAME behind the path, percent-encoded; without "
		    "it, all are meant",
		    x->path, key);
		router_refuse(x, 400, text, NULL);
		return false;
	}
	if (!is_there(service, target)) {
		snprintf(text, sizeof(text), "there is no %s '%s'; GET /pools lists them", key,
		    target->name);
		router_refuse(x, 404, text, NULL);
		return false;
	}
	log_info("admin", "action", x->path, key, *target->name != '\0' ? target->name : "all",
	    "peer", x->peer, "request_id", x->id);
	return true;
}

static bool pool_is_there(struct service *service, const struct target *target)
{
	for (size_t i = 0; i < database_pool_count(service->db); i++) {
		if (is_meant(target, pool_name(database_pool(service->db, i))))
			return true;
	}
	return false;
}

static bool breaker_is_there(struct service *service, const struct target *target)
{
	json_t *all = show_breakers(service), *one;
	bool found = false;
	size_t i;

	json_array_foreach (all, i, one)
		found =
		    found || is_meant(target, json_string_value(json_object_get(one, "name")));
	json_decref(all);
	return found;
}

static void answer_pools(struct service *service, struct exchange *x,
    const struct target *target, const char *status)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < database_pool_count(service->db); i++) {
		struct pool *pool = database_pool(service->db, i);

		if (is_meant(target, pool_name(pool)))
			json_array_append_new(rows, admin_pool_row(pool));
	}
	admin_show(x, json_pack("{s:s, s:o}", "status", status, "pools", rows));
}

/* False: answered, and nothing was done. */
static bool act(struct service *service, struct exchange *x, void (*run)(struct pool *pool),
    struct target *target)
{
	if (!read_target(service, x, "pool", pool_is_there, target))
		return false;
	for (size_t i = 0; i < database_pool_count(service->db); i++) {
		struct pool *pool = database_pool(service->db, i);

		if (is_meant(target, pool_name(pool)))
			run(pool);
	}
	return true;
}

static void act_and_answer(struct service *service, struct exchange *x,
    void (*run)(struct pool *pool), const char *status)
{
	struct target target;

	if (act(service, x, run, &target))
		answer_pools(service, x, &target, status);
}

void admin_resume(struct service *service, struct exchange *x)
{
	act_and_answer(service, x, pool_resume, "resumed");
}

void admin_reconnect(struct service *service, struct exchange *x)
{
	act_and_answer(service, x, pool_reconnect, "reconnecting");
}

void admin_kill(struct service *service, struct exchange *x)
{
	act_and_answer(service, x, pool_kill, "killed");
}

/* --- pause: waits for what runs --- */

struct pause {
	struct service *service;
	struct exchange *x;
	struct event *timer;
	int64_t deadline_ms;
	struct target target;
};

static void pause_free(void *arg)
{
	struct pause *p = arg;

	if (p->timer != NULL)
		event_free(p->timer);
	free(p);
}

/* NULL: it is not known yet, queries run. */
static const char *outcome_of(const struct pause *p)
{
	struct service *service = p->service;
	bool runs = false;

	for (size_t i = 0; i < database_pool_count(service->db); i++) {
		const struct pool_stats stats = pool_stats(database_pool(service->db, i));

		if (!is_meant(&p->target, stats.name))
			continue;
		if (!stats.paused)
			return "resumed"; /* by somebody else, meanwhile */
		runs = runs || stats.running > 0;
	}
	if (!runs)
		return "paused";
	return clock_ms() < p->deadline_ms ? NULL : "pausing";
}

static void pause_look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = {0, ADMIN_POLL_MS * 1000};
	struct pause *p = arg;
	const char *status = outcome_of(p);

	(void)fd;
	(void)what;
	if (status == NULL) {
		event_add(p->timer, &again);
		return;
	}
	p->x->gone = NULL;
	answer_pools(p->service, p->x, &p->target, status);
	pause_free(p);
}

void admin_pause(struct service *service, struct exchange *x)
{
	struct pause *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->timer = evtimer_new(service->base, pause_look, p);
	if (p == NULL || p->timer == NULL) {
		free(p);
		router_refuse(x, 503, "out of memory; nothing was paused", NULL);
		return;
	}
	if (!act(service, x, pool_pause, &p->target)) {
		pause_free(p);
		return;
	}
	p->service = service;
	p->x = x;
	p->deadline_ms = clock_ms() + ADMIN_PAUSE_MS;
	x->gone = pause_free;
	x->gone_arg = p;
	pause_look(-1, 0, p);
}

/* --- the breakers, the configuration --- */

void admin_reset_breaker(struct service *service, struct exchange *x)
{
	struct target target;

	if (read_target(service, x, "name", breaker_is_there, &target))
		admin_show(
		    x, json_pack("{s:o}", "reset",
		           reset_breakers(service, *target.name != '\0' ? target.name : NULL)));
}

void admin_reload(struct service *service, struct exchange *x)
{
	struct reload reload;
	json_t *changed;

	log_info("admin", "action", x->path, "peer", x->peer, "request_id", x->id);
	if (!reload_run(service, &reload)) {
		router_refuse(x, 409, reload.error, NULL);
		return;
	}
	changed = json_array();
	for (size_t i = 0; i < reload.count; i++)
		json_array_append_new(
		    changed, json_pack("{s:s, s:s}", "option", reload.changes[i].name, "effect",
		                 reload_effect(&reload.changes[i])));
	admin_show(x, json_pack("{s:s, s:o}", "status", "reloaded", "changed", changed));
}
