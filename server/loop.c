/*
 * loop: a timerfd for the appointments, since libevent's own timers are only as exact as the
 * kernel's coarse clock (4 ms), and one event_base_loop() for each turn.
 */
#include "loop.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "server_limits.h"

#define PERIOD_US (LOOP_PERIOD_MS * INT64_C(1000))

static struct {
	int64_t next_us;   /* the appointment */
	int64_t marked_us; /* 0: nothing was marked in this turn */
} loop;

void loop_mark(void)
{
	if (loop.marked_us == 0)
		loop.marked_us = clock_us();
}

static void on_appointment(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count = 0;

	(void)what;
	(void)arg;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return;
	metrics_lag(clock_us() - loop.next_us);
	loop.next_us += (int64_t)count * PERIOD_US;
}

/* NULL: without it. */
static struct event *make_appointments(struct event_base *base, int fd)
{
	struct event *event;

	loop.next_us = clock_us() + PERIOD_US;
	const struct itimerspec when = {
	    .it_value = {loop.next_us / 1000000, loop.next_us % 1000000 * 1000},
	    .it_interval = {PERIOD_US / 1000000, PERIOD_US % 1000000 * 1000}};

	if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) != 0) {
		log_warn("the lag of the loop is not measured", "why", strerror(errno));
		return NULL;
	}
	event = event_new(base, fd, EV_READ | EV_PERSIST, on_appointment, NULL);
	if (event != NULL)
		event_add(event, NULL);
	return event;
}

void loop_run(struct event_base *base, bool measures)
{
	int fd = measures ? timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC) : -1;
	struct event *appointments = measures ? make_appointments(base, fd) : NULL;

	log_gather(true);
	while (event_base_loop(base, EVLOOP_ONCE) == 0 && !event_base_got_break(base)) {
		log_flush();
		if (loop.marked_us == 0)
			continue;
		metrics_turn(clock_us() - loop.marked_us);
		loop.marked_us = 0;
	}
	log_gather(false);
	if (appointments != NULL)
		event_free(appointments);
	if (fd >= 0)
		close(fd);
}
