/*
 * doctor: looks at what a server needs, changes nothing, and says what to do next.
 *
 * One finding for each thing that was looked at. The parts of it run one after the other and may wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "options.h"

enum doctor_status { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	const struct options *options;
	json_t *findings; /* an array */
	enum doctor_status worst;
};

/*
 * Adds a finding about what. next says what to do about it, and is NULL for DOCTOR_OK.
 */
void doctor_say(struct doctor *doctor, enum doctor_status status, const char *what,
    const char *next, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What there is to look at, in the order it is shown. */
void doctor_options(struct doctor *doctor);
void doctor_stop(struct doctor *doctor);
void doctor_secrets(struct doctor *doctor);
void doctor_log(struct doctor *doctor);
void doctor_descriptors(struct doctor *doctor);
void doctor_listen(struct doctor *doctor);
void doctor_admin(struct doctor *doctor);
void doctor_database(struct doctor *doctor); /* and all that is asked there */

/* Prints them, a line each or as one JSON object; the exit status. */
int doctor_report(const struct doctor *doctor, bool as_json);
