/*
 * error: how a database operation failed, as far as its caller can act on it.
 */
#pragma once

enum db_error_kind {
	DB_OK,
	DB_UNAVAILABLE, /* no connection to be had; the statement was not sent */
	DB_BUSY,        /* wait queue full, or waited too long; not sent */
	DB_TIMEOUT,     /* sent, and the deadline passed: outcome unknown for a write */
	DB_UNCERTAIN,   /* sent, and the connection broke: outcome unknown for a write */
	DB_REJECTED,    /* PostgreSQL refused the data: sqlstate says why */
	DB_FAILED,      /* anything else PostgreSQL reported: a bug or a broken schema */
};

struct db_error {
	enum db_error_kind kind;
	char sqlstate[6]; /* five characters, or "" when PostgreSQL gave none */
	char text[256];   /* for the log; never shown to clients */
};
