/*
 * error: how a database operation failed, as far as its caller can act on it.
 */
#pragma once

enum db_error_kind {
	DB_OK,
	DB_UNAVAILABLE, /* no connection to be had; the statement was not executed */
	DB_BUSY,        /* wait queue full, or waited too long; not sent */
	DB_READ_ONLY,   /* the server takes no writes; not executed */
	DB_BEHIND,      /* the replica has not replayed what the query must see; not executed */
	DB_CONFLICT,    /* deadlock or serialisation failure: rolled back */
	DB_EXHAUSTED,   /* PostgreSQL has no disk or memory left; rolled back */
	DB_TIMEOUT, /* sent, and the deadline passed: outcome unknown for a write, unless it has an
	                 * sqlstate: then PostgreSQL's own deadline came first, and rolled back */
	DB_UNCERTAIN, /* sent, and the connection broke: outcome unknown for a write */
	DB_REJECTED,  /* PostgreSQL refused the data: sqlstate says why */
	DB_FAILED,    /* anything else PostgreSQL reported: a bug or a broken schema */
};

struct db_error {
	enum db_error_kind kind;
	char sqlstate[6]; /* five characters, or "" when PostgreSQL gave none */
	int retry_ms;     /* when to try again, as far as can be said; 0: nothing is known */
	char text[256];   /* for the log; never shown to clients */
};
