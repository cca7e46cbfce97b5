/* options_agree: what must hold between options that belong to no part alone. */
#include "options.h"

bool options_agree(const struct options *o, char *error, size_t error_len)
{
	long lame_duck = option_number(o, OPT_LAME_DUCK_MS);
	long drain = option_number(o, OPT_DRAIN_MS);
	long grace = option_number(o, OPT_STOP_GRACE_MS);

	if (grace > 0 && lame_duck + drain >= grace)
		snprintf(error, error_len,
		    "LAME_DUCK_MS (%ld) and DRAIN_MS (%ld) must end before STOP_GRACE_MS "
		    "(%ld), or requests under way are killed; lower them or raise it",
		    lame_duck, drain, grace);
	else if (!option_bool(o, OPT_WAIT_FOR_DATABASE) && !option_bool(o, OPT_MIGRATE))
		snprintf(error, error_len,
		    "WAIT_FOR_DATABASE=false needs MIGRATE=true, which is what looks at the "
		    "database at start");
	else
		return true;
	return false;
}
