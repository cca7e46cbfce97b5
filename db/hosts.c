/* hosts: comma lists, side by side. */
#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT "5432"

/* Item i of a comma list; a list of one serves all. */
static void copy_item(const char *list, int i, char *out, size_t size)
{
	*out = '\0';
	if (list == NULL)
		return;
	if (strchr(list, ',') == NULL)
		i = 0;
	for (; i > 0 && list != NULL; i--) {
		list = strchr(list, ',');
		list += list != NULL;
	}
	if (list != NULL)
		snprintf(out, size, "%.*s", (int)strcspn(list, ","), list);
}

static int count_items(const char *list)
{
	int count = 1;

	for (; list != NULL && *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* One port does for all hosts, one address does not. */
static bool fit(int hosts, const char *names, const char *addresses, const char *ports)
{
	int port_count = count_items(ports);

	return (port_count == 1 || port_count == hosts) &&
	       (names == NULL || addresses == NULL || count_items(addresses) == hosts);
}

bool hosts_read(struct hosts *hosts, const char *names, const char *addresses,
    const char *ports, char *error, size_t error_len)
{
	const char *usual = getenv("PGPORT") != NULL ? getenv("PGPORT") : DEFAULT_PORT;

	if (names == NULL && addresses == NULL)
		names = getenv("PGHOST");
	if (ports == NULL)
		ports = usual;
	hosts->count = count_items(names != NULL ? names : addresses);
	if (hosts->count > HOSTS_MAX) {
		snprintf(error, error_len,
		    "the connection string names %d hosts; at most %d work", hosts->count,
		    HOSTS_MAX);
		return false;
	}
	if (!fit(hosts->count, names, addresses, ports)) {
		snprintf(error, error_len,
		    "the connection string has %d hosts, %d ports and %d addresses (hostaddr); "
		    "it "
		    "takes one port for all or one for each, and an address for each or none",
		    hosts->count, count_items(ports),
		    addresses != NULL ? count_items(addresses) : 0);
		return false;
	}
	for (int i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->list[i];

		copy_item(names, i, host->name, sizeof(host->name));
		copy_item(addresses, i, host->address, sizeof(host->address));
		copy_item(ports, i, host->port, sizeof(host->port));
		if (*host->port == '\0')
			snprintf(host->port, sizeof(host->port), "%s", usual);
	}
	return true;
}

void hosts_keep_only(struct hosts *hosts, int index)
{
	hosts->list[0] = hosts->list[index];
	hosts->count = 1;
}
