/* show_breakers: every pool has one, and every provider. */
#include "tools/show_breakers.h"

#include <string.h>

#include "backfill.h"
#include "database.h"
#include "embed/embedder.h"
#include "embed/reranker.h"
#include "service.h"

static void show(json_t *list, const struct breaker *b)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "name", b->name, "state",
	                                breaker_state_name(b->state), "failures", b->failures));
}

json_t *show_breakers(struct service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < database_pool_count(service->db); i++)
		show(list, pool_breaker(database_pool(service->db, i)));
	if (service->embedder != NULL)
		show(list, provider_breaker(embedder_provider(service->embedder)));
	if (service->reranker != NULL)
		show(list, reranker_breaker(service->reranker));
	return list;
}

static bool is_meant(const struct breaker *b, const char *name)
{
	return name == NULL || strcmp(name, b->name) == 0;
}

static void show_reset(json_t *list, const struct breaker *b, const char *was)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", b->name, "was", was,
	                                "now", breaker_state_name(b->state)));
}

static void reset_embedder(struct service *service, const char *name, json_t *list)
{
	struct provider *provider = embedder_provider(service->embedder);
	const struct breaker *b = provider_breaker(provider);
	const char *was = breaker_state_name(b->state);

	if (!is_meant(b, name))
		return;
	provider_reset_breaker(provider);
	backfill_kick(service->backfill);
	show_reset(list, b, was);
}

static void reset_reranker(struct service *service, const char *name, json_t *list)
{
	struct breaker *b = reranker_breaker(service->reranker);
	const char *was = breaker_state_name(b->state);

	if (!is_meant(b, name))
		return;
	breaker_reset(b);
	show_reset(list, b, was);
}

json_t *reset_breakers(struct service *service, const char *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < database_pool_count(service->db); i++) {
		struct pool *pool = database_pool(service->db, i);
		const struct breaker *b = pool_breaker(pool);
		const char *was = breaker_state_name(b->state);

		if (!is_meant(b, name))
			continue;
		pool_reset_breaker(pool);
		show_reset(list, b, was);
	}
	if (service->embedder != NULL)
		reset_embedder(service, name, list);
	if (service->reranker != NULL)
		reset_reranker(service, name, list);
	return list;
}
