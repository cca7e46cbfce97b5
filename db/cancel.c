/* cancel: PQcancelStart and its polling. */
#include "cancel.h"

#include <stdlib.h>

#include <event2/event.h>

#ifndef LIBPQ_HAS_ASYNC_CANCEL
typedef struct pg_cancel_conn PGcancelConn;

PGcancelConn *PQcancelCreate(PGconn *conn);
int PQcancelStart(PGcancelConn *cancelConn);
PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancelConn);
int PQcancelSocket(const PGcancelConn *cancelConn);
void PQcancelFinish(PGcancelConn *cancelConn);
#endif

/* NULL at run time where libpq is older than 17. */
#pragma weak PQcancelCreate
#pragma weak PQcancelStart
#pragma weak PQcancelPoll
#pragma weak PQcancelSocket
#pragma weak PQcancelFinish

struct cancel {
	struct event_base *base;
	PGcancelConn *pg;
	struct event *io;
	void (*done)(void *arg);
	void *arg;
};

static void on_io(evutil_socket_t fd, short what, void *arg);

/* False: it cannot wait, so it is over. */
static bool wait_for(struct cancel *cancel, short what)
{
	/* The descriptor may be another one after each poll, so the event is always new. */
	if (cancel->io != NULL)
		event_free(cancel->io);
	cancel->io = event_new(cancel->base, PQcancelSocket(cancel->pg), what, on_io, cancel);
	return cancel->io != NULL && event_add(cancel->io, NULL) == 0;
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
	struct cancel *cancel = arg;
	bool waits = false;

	(void)fd;
	(void)what;
	switch (PQcancelPoll(cancel->pg)) {
	case PGRES_POLLING_READING:
		waits = wait_for(cancel, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		waits = wait_for(cancel, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		break;
	}
	if (!waits)
		cancel->done(cancel->arg);
}

struct cancel *cancel_start(
    struct event_base *base, PGconn *pg, void (*done)(void *arg), void *arg)
{
	struct cancel *cancel;

	if (PQcancelCreate == NULL)
		return NULL;
	cancel = calloc(1, sizeof(*cancel));
	if (cancel == NULL)
		return NULL;
	cancel->base = base;
	cancel->done = done;
	cancel->arg = arg;
	cancel->pg = PQcancelCreate(pg);
	if (cancel->pg == NULL || PQcancelStart(cancel->pg) == 0 ||
	    !wait_for(cancel, EV_WRITE)) {
		cancel_free(cancel);
		return NULL;
	}
	return cancel;
}

void cancel_free(struct cancel *cancel)
{
	if (cancel == NULL)
		return;
	if (cancel->io != NULL)
		event_free(cancel->io);
	if (cancel->pg != NULL)
		PQcancelFinish(cancel->pg);
	free(cancel);
}
