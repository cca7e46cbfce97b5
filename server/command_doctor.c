/* command_doctor: everything that is looked at, in order. */
#include <stdio.h>

#include "commands.h"
#include "doctor/doctor.h"

static bool used_rightly(int argc)
{
	if (argc == 0)
		return true;
	fputs("usage: sage-mcp doctor [--json]\n", stderr);
	return false;
}

static int finish(struct doctor *doctor)
{
	int status = doctor_report(doctor, doctor->options->json);

	json_decref(doctor->findings);
	return status;
}

int command_doctor(struct options *options, int argc, char **argv)
{
	static void (*const looks[])(struct doctor *) = {doctor_options, doctor_secrets,
	    doctor_stop, doctor_log, doctor_descriptors, doctor_listen, doctor_admin,
	    doctor_database};
	struct doctor doctor = {.options = options, .findings = json_array()};

	(void)argv;
	if (!used_rightly(argc)) {
		json_decref(doctor.findings);
		return 2;
	}
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		looks[i](&doctor);
	return finish(&doctor);
}

int command_doctor_unread(struct options *options, const char *error)
{
	struct doctor doctor = {.options = options, .findings = json_array()};

	doctor_say(&doctor, DOCTOR_FAIL, "options",
	    "mend this first, all else depends on it; 'sage-mcp --help' lists the options",
	    "%s", error);
	return finish(&doctor);
}
