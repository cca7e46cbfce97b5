/* process_families: what the system tells about this process, and what it is made of. */
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "admin/families.h"
#include "admin/prometheus.h"
#include "clock.h"
#include "library.h"
#include "log.h"
#include "service.h"

static void write_gauge(FILE *out, const char *name, const char *help, double value)
{
	prometheus_family(out, name, "gauge", help);
	prometheus_number(out, name, "", value);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void write_cpu(FILE *out)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	prometheus_family(out, "process_cpu_seconds_total", "counter",
	    "CPU time of user and system together.");
	prometheus_number(out, "process_cpu_seconds_total", "",
	    seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

static void write_memory(FILE *out)
{
	double page_bytes = (double)sysconf(_SC_PAGESIZE);
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long total, resident;

	if (statm == NULL)
		return;
	if (fscanf(statm, "%lu %lu", &total, &resident) == 2) {
		write_gauge(out, "process_virtual_memory_bytes", "Address space in use.",
		    (double)total * page_bytes);
		write_gauge(out, "process_resident_memory_bytes", "Memory in use.",
		    (double)resident * page_bytes);
	}
	fclose(statm);
}

static void write_descriptors(FILE *out)
{
	struct rlimit limit;
	struct stat fds;

	/* Its size is their number since Linux 6.2; listing 10,000 would hold up the loop. */
	if (stat("/proc/self/fd", &fds) == 0 && fds.st_size > 0)
		write_gauge(out, "process_open_fds",
		    "Open file descriptors (from Linux 6.2 on).", (double)fds.st_size);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		write_gauge(out, "process_max_fds", "File descriptors at the most.",
		    (double)limit.rlim_cur);
}

/* Unix time; always the same, though two clocks are read for it. */
static double start_time_s(const struct service *service)
{
	static double start_s;
	struct timespec now;

	if (start_s == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		start_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
		          (double)(clock_ms() - service->started_ms) / 1e3;
	}
	return start_s;
}

void families_of_process(FILE *out, const struct service *service)
{
	char labels[PROMETHEUS_LABEL_BYTES];
	int libpq = library_libpq_version();

	write_cpu(out);
	write_memory(out);
	write_descriptors(out);
	write_gauge(out, "process_start_time_seconds",
	    "When the process started, in unix time.", start_time_s(service));
	prometheus_family(out, "sage_log_lines_dropped_total", "counter",
	    "Log lines lost: a reader too slow, or a full disk.");
	prometheus_count(out, "sage_log_lines_dropped_total", "", log_dropped_lines());
	snprintf(labels, sizeof(labels), "version=\"%s\",libpq=\"%d.%d\",libevent=\"%s\"",
	    SAGE_VERSION, libpq / 10000, libpq % 10000, event_get_version());
	prometheus_family(
	    out, "sage_build_info", "gauge", "1, with the versions in the labels.");
	prometheus_count(out, "sage_build_info", labels, 1);
}
