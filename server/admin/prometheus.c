/* prometheus: families, samples, labels. */
#include "admin/prometheus.h"

#include <inttypes.h>
#include <string.h>

void prometheus_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void begin(FILE *out, const char *name, const char *labels)
{
	fputs(name, out);
	if (*labels != '\0')
		fprintf(out, "{%s}", labels);
	fputc(' ', out);
}

void prometheus_count(FILE *out, const char *name, const char *labels, uint64_t value)
{
	begin(out, name, labels);
	fprintf(out, "%" PRIu64 "\n", value);
}

void prometheus_number(FILE *out, const char *name, const char *labels, double value)
{
	begin(out, name, labels);
	fprintf(out, "%.15g\n", value);
}

void prometheus_histogram(
    FILE *out, const char *name, const char *labels, const struct histogram *h)
{
	const char *comma = *labels != '\0' ? "," : "";
	char full[96];
	uint64_t below = 0;

	for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
		below += h->counts[i];
		fprintf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma,
		    histogram_bounds_s[i], below);
	}
	fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, h->count);
	snprintf(full, sizeof(full), "%s_sum", name);
	prometheus_number(out, full, labels, h->sum_s);
	snprintf(full, sizeof(full), "%s_count", name);
	prometheus_count(out, full, labels, h->count);
}

void prometheus_label(char label[PROMETHEUS_LABEL_BYTES], const char *name, const char *value)
{
	size_t len = (size_t)snprintf(label, PROMETHEUS_LABEL_BYTES, "%s=\"", name);

	for (; *value != '\0' && len + 4 < PROMETHEUS_LABEL_BYTES; value++) {
		if (strchr("\\\"\n", *value) != NULL)
			label[len++] = '\\';
		if (*value == '\n')
			label[len++] = 'n';
		else
			label[len++] = *value;
	}
	snprintf(label + len, PROMETHEUS_LABEL_BYTES - len, "\"");
}
