/* show_breakers: every pool has one; other dependencies join here. */
#include "tools/show_breakers.h"

#include <string.h>

#include "database.h"

json_t *show_breakers(struct database *db)
{
	json_t *list = json_array();

	for (size_t i = 0; i < database_pool_count(db); i++) {
		const struct breaker *b = pool_breaker(database_pool(db, i));

		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:i}", "name", b->name, "state",
		              breaker_state_name(b->state), "failures", b->failures));
	}
	return list;
}

json_t *reset_breakers(struct database *db, const char *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < database_pool_count(db); i++) {
		struct pool *pool = database_pool(db, i);
		const struct breaker *b = pool_breaker(pool);
		const char *was = breaker_state_name(b->state);

		if (name != NULL && strcmp(name, b->name) != 0)
			continue;
		pool_reset_breaker(pool);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", b->name, "was",
		                                was, "now", breaker_state_name(b->state)));
	}
	return list;
}
