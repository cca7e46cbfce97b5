/* report: findings, as lines for people or JSON for programs. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"

#define TEXT_BYTES 700

static const char *const names[] = {
    [DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"};

/* One line, whatever was quoted. */
static void flatten(char *text)
{
	for (size_t i = strlen(text); i > 0 && strchr("\r\n", text[i - 1]) != NULL; i--)
		text[i - 1] = '\0';
	for (; *text != '\0'; text++) {
		if (strchr("\r\n\t", *text) != NULL)
			*text = ' ';
	}
}

void doctor_say(struct doctor *doctor, enum doctor_status status, const char *what,
    const char *next, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	flatten(text);
	if (status > doctor->worst)
		doctor->worst = status;
	json_array_append_new(
	    doctor->findings, json_pack("{s:s, s:s, s:s, s:s*}", "check", what, "status",
	                          names[status], "text", text, "next", next));
}

static const char *string(const json_t *finding, const char *key)
{
	return json_string_value(json_object_get(finding, key));
}

static void print_lines(const struct doctor *doctor)
{
	size_t i;
	json_t *finding;

	json_array_foreach (doctor->findings, i, finding) {
		const char *next = string(finding, "next");

		printf("%-4s  %-11s  %s%s%s\n", string(finding, "status"),
		    string(finding, "check"), string(finding, "text"), next != NULL ? "; " : "",
		    next != NULL ? next : "");
	}
}

int doctor_report(const struct doctor *doctor, bool as_json)
{
	if (as_json) {
		json_t *all = json_pack("{s:s, s:s, s:O}", "status", names[doctor->worst],
		    "version", SAGE_VERSION, "checks", doctor->findings);

		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(all);
	} else {
		print_lines(doctor);
	}
	return doctor->worst == DOCTOR_FAIL ? 1 : 0;
}
