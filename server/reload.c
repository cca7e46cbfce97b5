/* reload: takes over what may change while the server runs. */
#include "reload.h"

#include "database_options.h"
#include "log.h"
#include "log_sink.h"
#include "service.h"

const char *reload_effect(const struct option_change *change)
{
	return change->applied ? "now" : "after a restart";
}

/* Also when the configuration is wrong: whoever rotated the log will compress the old one. */
static void reopen_log(void)
{
	char error[512];

	log_flush();
	if (!log_sink_reopen(error, sizeof(error)))
		log_error("the log goes on where it was", "error", error);
}

bool reload_run(struct service *service, struct reload *reload)
{
	struct options *old = service->options;
	struct options fresh;
	struct database_config database;
	bool ok =
	    options_load(&fresh, old->argc, old->argv, reload->error, sizeof(reload->error)) &&
	    options_agree(&fresh, reload->error, sizeof(reload->error)) &&
	    database_options(&fresh, &database, reload->error, sizeof(reload->error));

	reopen_log();
	reload->count = 0;
	if (ok) {
		reload->count = options_reload(old, &fresh, reload->changes);
		for (size_t i = 0; i < reload->count; i++)
			log_info("configuration changed", "option", reload->changes[i].name,
			    "effect", reload_effect(&reload->changes[i]));
		database_configure(service->db, &database);
		log_set_level(option_text(old, OPT_LOG_LEVEL));
		log_info("configuration read again");
	} else {
		log_error("configuration not taken; the old one stays in force", "error",
		    reload->error);
	}
	options_fini(&fresh);
	return ok;
}
