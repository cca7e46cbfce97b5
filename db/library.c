/* library: asks libpq itself. */
#include "library.h"

#include <libpq-fe.h>

int library_libpq_version(void)
{
	return PQlibVersion();
}
