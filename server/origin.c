/* origin: compares Host and Origin with the loopback names and the allow-lists. */
#include "origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "options.h"

struct name {
	const char *s;
	size_t len;
};

/* "localhost:8080" and "[::1]:8080" without the port. */
static struct name without_port(const char *host)
{
	size_t len = strlen(host);
	const char *end = *host == '[' ? strchr(host, ']') : NULL;

	if (end != NULL)
		len = (size_t)(end + 1 - host);
	else if (strchr(host, ':') != NULL)
		len = strcspn(host, ":");
	return (struct name){host, len};
}

static bool is(struct name name, const char *s)
{
	return name.len == strlen(s) && strncasecmp(name.s, s, name.len) == 0;
}

static bool is_loopback(struct name name)
{
	return is(name, "localhost") || is(name, "127.0.0.1") || is(name, "[::1]");
}

/* Is s one of the words of a comma-separated list? "*" in the list means any. */
static bool is_listed(const char *list, struct name name)
{
	for (const char *word = list; *word != '\0';) {
		word += strspn(word, ", ");
		size_t len = strcspn(word, ", ");

		if (len == 1 && *word == '*')
			return true;
		if (len > 0 && len == name.len && strncasecmp(word, name.s, len) == 0)
			return true;
		word += len;
	}
	return false;
}

static bool host_allowed(const struct options *options, const char *host)
{
	const char *list = option_text(options, OPT_ALLOWED_HOSTS);

	return is_loopback(without_port(host)) || is_listed(list, without_port(host)) ||
	       is_listed(list, (struct name){host, strlen(host)});
}

static bool origin_is_loopback(const char *origin)
{
	const char *host = strstr(origin, "://");

	if (host == NULL ||
	    (strncasecmp(origin, "http://", 7) != 0 && strncasecmp(origin, "https://", 8) != 0))
		return false;
	return is_loopback(without_port(host + 3));
}

bool origin_allowed(
    const struct options *options, const struct exchange *x, char *text, size_t text_len)
{
	unsigned copies = 0;
	const char *host = exchange_header(x, "host", NULL);
	const char *origin = exchange_header(x, "origin", &copies);

	if (host != NULL && !host_allowed(options, host)) {
		snprintf(text, text_len,
		    "Host '%.100s' is not served here; ALLOWED_HOSTS lists the names "
		    "besides localhost",
		    host);
		return false;
	}
	if (origin == NULL)
		return true;
	/* A page on this machine may talk to a server on this machine, and to no public name. */
	if (copies == 1 && origin_is_loopback(origin) && host != NULL &&
	    is_loopback(without_port(host)))
		return true;
	if (copies == 1 && is_listed(option_text(options, OPT_ALLOWED_ORIGINS),
	                       (struct name){origin, strlen(origin)}))
		return true;
	snprintf(text, text_len,
	    "Origin '%.100s' may not use this server; ALLOWED_ORIGINS lists those "
	    "that may",
	    origin);
	return false;
}

bool is_loopback_address(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "localhost:", 10) == 0 ||
	       strncmp(address, "[::1]:", 6) == 0;
}
