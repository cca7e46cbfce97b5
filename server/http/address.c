/* address: its two parts. */
#include "address.h"

#include <stdio.h>
#include <string.h>

bool address_split(const char *address, char host[ADDRESS_HOST_BYTES], const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len;

	if (colon == NULL || colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	len = (size_t)(colon - address);
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	snprintf(host, ADDRESS_HOST_BYTES, "%.*s", (int)len, address);
	*port = colon + 1;
	return len > 0 && len < ADDRESS_HOST_BYTES;
}

void address_join(char address[ADDRESS_BYTES], const char *host, unsigned port)
{
	bool bare_v6 = strchr(host, ':') != NULL && *host != '[';

	snprintf(address, ADDRESS_BYTES, bare_v6 ? "[%s]:%u" : "%s:%u", host, port);
}

void address_make_local(char host[ADDRESS_HOST_BYTES])
{
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "*") == 0)
		snprintf(host, ADDRESS_HOST_BYTES, "127.0.0.1");
	if (strcmp(host, "::") == 0)
		snprintf(host, ADDRESS_HOST_BYTES, "::1");
}
