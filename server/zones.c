/* zones: small files, read once. */
#include "zones.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rfc3339.h"

#define DATABASE       "/usr/share/zoneinfo"
#define MAX_FILE_BYTES (64 * 1024) /* the largest has 4 KB */
#define MAX_KEPT       32

static struct {
	char name[ZONE_NAME_BYTES + 1];
	struct zone *zone;
} kept[MAX_KEPT];
static size_t next_kept;

/* Such as a path below the database may be, and no way out of it. */
static bool is_name(const char *name, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789_+-/";

	return len > 0 && len <= ZONE_NAME_BYTES && strlen(name) == len &&
	       strspn(name, letters) == len && *name >= 'A' && *name <= 'Z';
}

static struct zone *read_zone(const char *name)
{
	static unsigned char bytes[MAX_FILE_BYTES];
	const char *database = getenv("TZDIR");
	char path[512];
	struct zone *zone = NULL;

	snprintf(path, sizeof(path), "%s/%s", database != NULL ? database : DATABASE, name);
	FILE *file = fopen(path, "re");

	if (file != NULL) {
		size_t len = fread(bytes, 1, sizeof(bytes), file);

		zone = zone_read(bytes, len);
		fclose(file);
	}
	/* A machine without the database still knows this one. */
	return zone == NULL && strcmp(name, "UTC") == 0 ? zone_fixed(0) : zone;
}

static struct zone *make_zone(const char *name, size_t len)
{
	const char *s = name;
	int east;

	if (rfc3339_offset(&s, name + len, &east) && s == name + len)
		return zone_fixed(east);
	return is_name(name, len) ? read_zone(name) : NULL;
}

const struct zone *zones_find(const char *name, size_t len)
{
	for (size_t i = 0; i < MAX_KEPT; i++) {
		if (kept[i].zone != NULL && strlen(kept[i].name) == len &&
		    memcmp(kept[i].name, name, len) == 0)
			return kept[i].zone;
	}
	struct zone *zone = len <= ZONE_NAME_BYTES ? make_zone(name, len) : NULL;

	if (zone == NULL)
		return NULL;
	zone_free(kept[next_kept].zone);
	kept[next_kept].zone = zone;
	memcpy(kept[next_kept].name, name, len);
	kept[next_kept].name[len] = '\0';
	next_kept = (next_kept + 1) % MAX_KEPT;
	return zone;
}
