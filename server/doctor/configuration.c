/* configuration: options and secrets, before anything is done with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database_options.h"
#include "doctor/doctor.h"

#define VARIABLE_BYTES     128
#define CONTAINER_GRACE_MS 10000

/* Variables that begin so are meant for us, or for those who start us. */
static const char *const prefixes[] = {"DB_", "METRICS_", "LOG_"};

static bool begins_as_ours(const char *name)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* The first variable that looks like an option and is none. False: there is none. */
static bool find_mistyped(char name[VARIABLE_BYTES])
{
	for (char **variable = environ; *variable != NULL; variable++) {
		snprintf(name, VARIABLE_BYTES, "%.*s", (int)strcspn(*variable, "="), *variable);
		if (begins_as_ours(name) && !option_is_variable(name))
			return true;
	}
	return false;
}

void doctor_options(struct doctor *doctor)
{
	const struct options *o = doctor->options;
	struct database_config database;
	char error[512], name[VARIABLE_BYTES];

	if (!options_agree(o, error, sizeof(error)) ||
	    !database_options(o, &database, error, sizeof(error)))
		doctor_say(
		    doctor, DOCTOR_FAIL, "options", "serve refuses to start so", "%s", error);
	else if (find_mistyped(name))
		doctor_say(doctor, DOCTOR_WARN, "options",
		    "is it mistyped? 'sage-mcp --help' lists the options",
		    "%s is set in the environment and is no option", name);
	else
		doctor_say(doctor, DOCTOR_OK, "options", NULL,
		    "they agree; 'sage-mcp --print-config' shows them");
}

/* Docker's own patience is 10 s, and whoever has changed it has to say so. */
void doctor_stop(struct doctor *doctor)
{
	const struct options *o = doctor->options;
	long ends_ms = option_number(o, OPT_LAME_DUCK_MS) + option_number(o, OPT_DRAIN_MS);
	bool contained =
	    access("/.dockerenv", F_OK) == 0 || getenv("KUBERNETES_SERVICE_HOST") != NULL;

	if (contained && option_number(o, OPT_STOP_GRACE_MS) == 0 &&
	    ends_ms >= CONTAINER_GRACE_MS)
		doctor_say(doctor, DOCTOR_WARN, "stop",
		    "set STOP_GRACE_MS to what it is (compose: stop_grace_period, Kubernetes: "
		    "terminationGracePeriodSeconds)",
		    "after SIGTERM up to %ld ms are used, and when the kill comes is not known",
		    ends_ms);
	else
		doctor_say(doctor, DOCTOR_OK, "stop", NULL,
		    "after SIGTERM it ends within %ld ms", ends_ms);
}

/* True: there was something to say. */
static bool look_at_secret(struct doctor *doctor, const char *name)
{
	char file_name[VARIABLE_BYTES];
	struct stat stat_of;

	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	const char *path = getenv(file_name);

	if (path == NULL || stat(path, &stat_of) != 0 || (stat_of.st_mode & S_IROTH) == 0)
		return false;
	doctor_say(doctor, DOCTOR_WARN, "secrets", "chmod o-r", "%s: everybody may read %s",
	    file_name, path);
	return true;
}

void doctor_secrets(struct doctor *doctor)
{
	const char *const *names = options_secret_names();
	bool said = false;

	for (; *names != NULL; names++)
		said = look_at_secret(doctor, *names) || said;
	if (doctor->options->from[OPT_DB_PASSWORD] == FROM_FLAG ||
	    doctor->options->from[OPT_DATABASE_URL] == FROM_FLAG) {
		doctor_say(doctor, DOCTOR_WARN, "secrets",
		    "use DB_PASSWORD_FILE or DATABASE_URL_FILE",
		    "a secret was given as a flag: everybody on this machine sees it in ps");
		said = true;
	}
	if (!said)
		doctor_say(
		    doctor, DOCTOR_OK, "secrets", NULL, "no file of them is open to all");
}
