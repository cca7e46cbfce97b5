/* database_options: one field each, and what must hold between them. */
#include "database_options.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

#define OWN_CONNECTIONS 1 /* LISTEN has one to itself */

static void report_pool(void *arg, const char *pool, bool healthy, const char *text)
{
	(void)arg;
	log_pairs(
	    healthy ? LOG_INFO : LOG_WARN, "database", "pool", pool, "state", text, (char *)0);
}

static int number(const struct options *o, enum option_id id)
{
	return (int)option_number(o, id);
}

static bool check_sizes(const struct options *o, char *error, size_t error_len)
{
	int size = number(o, OPT_DB_POOL_SIZE);
	int least = number(o, OPT_DB_POOL_MIN);
	int most = number(o, OPT_DB_MAX_CONNECTIONS);
	int own = number(o, OPT_DB_NAMESPACE_LIMIT);

	if (size + OWN_CONNECTIONS > most)
		snprintf(error, error_len,
		    "DB_POOL_SIZE (%d) and one connection for LISTEN are more than "
		    "DB_MAX_CONNECTIONS (%d); lower the one or raise the other",
		    size, most);
	else if (least > size)
		snprintf(error, error_len,
		    "DB_POOL_MIN (%d) is more than DB_POOL_SIZE (%d); lower the one or raise "
		    "the "
		    "other",
		    least, size);
	else if (own > size)
		snprintf(error, error_len,
		    "DB_NAMESPACE_LIMIT (%d) is more than DB_POOL_SIZE (%d); lower the one or "
		    "raise the other",
		    own, size);
	else
		return true;
	return false;
}

bool database_options(
    const struct options *o, struct database_config *config, char *error, size_t error_len)
{
	*config = (struct database_config){
	    .read_from_replicas = strcmp(option_text(o, OPT_DB_READ_FROM), "replica") == 0,
	    .pool =
	        {
	            .unprepared = !option_bool(o, OPT_DB_PREPARED_STATEMENTS),
	            .size = number(o, OPT_DB_POOL_SIZE),
	            .least = number(o, OPT_DB_POOL_MIN),
	            .idle_ms = number(o, OPT_DB_IDLE_TIMEOUT_MS),
	            .lifetime_ms = number(o, OPT_DB_LIFETIME_MS),
	            .check_ms = number(o, OPT_DB_CHECK_DELAY_MS),
	            .namespace_limit = number(o, OPT_DB_NAMESPACE_LIMIT),
	            .queue_limit = number(o, OPT_DB_QUEUE_LIMIT),
	            .connect_ms = number(o, OPT_DB_CONNECT_TIMEOUT_MS),
	            .wait_ms = number(o, OPT_DB_WAIT_TIMEOUT_MS),
	            .query_ms = number(o, OPT_DB_QUERY_TIMEOUT_MS),
	            .cancel_ms = number(o, OPT_DB_CANCEL_TIMEOUT_MS),
	            .report = report_pool,
	        },
	};
	return check_sizes(o, error, error_len);
}
