/* severity: a table. */
#include "severity.h"

#include <stddef.h>
#include <string.h>

int severity_of(const char *name)
{
	static const char *const names[] = {
	    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};

	for (size_t i = 0; name != NULL && i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}
