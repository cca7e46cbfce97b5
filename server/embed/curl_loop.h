/*
 * curl_loop: libcurl's transfers on the event loop: sockets and timers, no thread of ours, nothing that waits.
 *
 * Names are resolved by libcurl's own threads or c-ares; a libcurl that would block for it is refused. A
 * transfer that is given up while its name is being resolved does not wait for that either.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

struct curl_loop;
struct event_base;

/* One transfer; embedded in its owner. */
struct curl_job {
	CURL *easy;
	void (*done)(void *arg, CURLcode code); /* not from within curl_loop_start() */
	void *arg;
};

/* NULL: error says why. */
struct curl_loop *curl_loop_new(struct event_base *base, char *error, size_t error_len);

/* After all jobs have ended or were stopped. NULL is fine. */
void curl_loop_free(struct curl_loop *loop);

/* Starts job->easy; its CURLOPT_PRIVATE becomes ours. False: out of memory, done will not come. */
bool curl_loop_start(struct curl_loop *loop, struct curl_job *job)
    __attribute__((warn_unused_result));

/* Takes the transfer off the loop, finished or not; done will not come. The easy handle stays the owner's. */
void curl_loop_stop(struct curl_loop *loop, struct curl_job *job);
