/*
 * provider_impl: between the line of requests (provider.c) and one request on the wire (provider_send.c).
 */
#pragma once

#include "embed/curl_loop.h"
#include "embed/post.h"
#include "embed/provider.h"

struct provider {
	struct provider_config config; /* its texts are owned */
	char *url, *key, *model;
	struct curl_loop *loop;
	struct event *pump;
	struct provider_list waiting, running;
	struct breaker breaker;
	struct provider_stats stats;
	bool floats; /* it does not know base64 */
	bool proven; /* it has answered once */
};

/* One try of a request. */
struct provider_wire {
	struct provider_request *request;
	struct post post;
	struct answer answer;
	size_t received;
};

/* Makes r->wire with its post, but for job.done. False: out of memory. */
bool provider_send_prepare(struct provider *p, struct provider_request *r)
    __attribute__((warn_unused_result));

/* How a try went. */
enum sent {
	SENT_OK,
	SENT_TROUBLE, /* the provider's trouble */
	SENT_DENIED, /* its trouble, and asking again soon does not help: the key, the model, the URL */
	SENT_REFUSED, /* these texts */
	SENT_FLOATS,  /* it may not know base64 */
};

/* Reads the outcome into r->error and r->message; retry_ms: what Retry-After says, or 0. */
enum sent provider_send_judge(
    const struct provider *p, struct provider_request *r, CURLcode code, int64_t *retry_ms);

/* What prepare made. */
void provider_send_fini(struct provider_request *r);
