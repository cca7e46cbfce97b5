/* curl_loop: curl_multi_socket_action() and libevent. */
#include "embed/curl_loop.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

struct curl_loop {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

/* What has ended since. A done may start and stop other jobs. */
static void take_ended(struct curl_loop *loop)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
		struct curl_job *job = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
		curl_multi_remove_handle(loop->multi, job->easy);
		job->done(job->arg, code);
	}
}

static void act(struct curl_loop *loop, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(loop->multi, fd, what, &running);
	take_ended(loop);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	act(arg, fd,
	    ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
	        ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl wants another set of events for a socket; assigned is ours, of this socket. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct curl_loop *loop = arg;
	struct event *event = assigned;
	short wanted = EV_PERSIST;

	(void)easy;
	if (event != NULL)
		event_free(event);
	event = NULL;
	if ((what & CURL_POLL_IN) != 0 && what != CURL_POLL_REMOVE)
		wanted |= EV_READ;
	if ((what & CURL_POLL_OUT) != 0 && what != CURL_POLL_REMOVE)
		wanted |= EV_WRITE;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(loop->base, fd, wanted, on_socket, loop);
		if (event == NULL || event_add(event, NULL) != 0)
			return -1;
	}
	curl_multi_assign(loop->multi, fd, event);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct curl_loop *loop = arg;
	const struct timeval after = {ms / 1000, ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(loop->timer);
	else
		event_add(loop->timer, &after);
	return 0;
}

struct curl_loop *curl_loop_new(struct event_base *base, char *error, size_t error_len)
{
	struct curl_loop *loop;

	snprintf(error, error_len, "out of memory");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) == 0) {
		snprintf(error, error_len,
		    "this libcurl (%s) resolves names only by blocking; one with a threaded or "
		    "c-ares resolver is needed",
		    curl_version_info(CURLVERSION_NOW)->version);
		return NULL;
	}
	loop = calloc(1, sizeof(*loop));
	if (loop == NULL)
		return NULL;
	loop->base = base;
	loop->timer = evtimer_new(base, on_timer, loop);
	loop->multi = curl_multi_init();
	if (loop->timer == NULL || loop->multi == NULL) {
		curl_loop_free(loop);
		return NULL;
	}
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
	return loop;
}

void curl_loop_free(struct curl_loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->multi != NULL)
		curl_multi_cleanup(loop->multi);
	if (loop->timer != NULL)
		event_free(loop->timer);
	free(loop);
}

bool curl_loop_start(struct curl_loop *loop, struct curl_job *job)
{
	curl_easy_setopt(job->easy, CURLOPT_PRIVATE, job);
	curl_easy_setopt(job->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(job->easy, CURLOPT_QUICK_EXIT, 1L);
	return curl_multi_add_handle(loop->multi, job->easy) == CURLM_OK;
}

void curl_loop_stop(struct curl_loop *loop, struct curl_job *job)
{
	curl_multi_remove_handle(loop->multi, job->easy);
}
