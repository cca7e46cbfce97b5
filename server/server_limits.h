/*
 * server_limits: every maximum and every wait of the server, with its unit.
 *
 * What an operator may want to change is an option instead (options.def). Limits
 * of JSON stand in proto/guard.h, those of single arguments in the tool tables.
 * Not limits.h: the C library's own would be shadowed, even with -iquote.
 */
#pragma once

/* HTTP: sizes (RFC 9110 leaves them to the server; over them: 414, 431, 413) */
#define MAX_URI_BYTES    8192
#define MAX_HEADER_COUNT 100
#define MAX_HEADER_BYTES (16 * 1024) /* all names and values of one request */
/* A 10 MB text still gets an answer that names its field. */
#define MAX_BODY_BYTES (16 * 1024 * 1024)
/* Of all requests being read or answered; over it: 503. */
#define MAX_BODIES_TOTAL_BYTES (256 * 1024 * 1024)
#define MAX_PIPELINED_BYTES    (64 * 1024) /* read ahead while a request is being answered */

/* HTTP: connections */
#define LISTEN_BACKLOG  4096
#define ACCEPT_PAUSE_MS 100 /* after EMFILE and the like, and while full */

/* HTTP: absolute deadlines; a byte now and then does not move them */
#define HEADER_DEADLINE_MS     10000 /* from the first byte of a request, or from accept */
#define BODY_DEADLINE_MS       60000 /* from the end of the headers */
#define IDLE_DEADLINE_MS       75000 /* keep-alive without a request; nginx must be shorter */
#define LINGER_DEADLINE_MS     2000 /* after an answer that closes: reading off what still comes */
#define DRAIN_FIRST_REQUEST_MS 1000 /* drain: for a connection that has sent none yet */
#define SWEEP_INTERVAL_MS      250  /* how often deadlines are looked at */

/* HTTP: output of one connection */
#define MAX_OUTPUT_BYTES       (32 * 1024 * 1024) /* queued and not yet taken by the kernel */
#define OUTPUT_AGE_DEADLINE_MS 30000              /* without the client taking a byte */

/* HTTP: streams of server-sent events */
#define STREAM_QUEUE_BYTES                                                                     \
	(256 * 1024)              /* queued for one slow reader; over it the stream ends */
#define STREAM_KEEPALIVE_MS 14000 /* quiet for so long: a comment; proxies cut at 60 s */

/* The event loop, and the admin listener */
#define LOOP_PERIOD_MS        100 /* how often its lag is looked at */
#define ADMIN_MAX_CONNECTIONS 32
#define ADMIN_MAX_CLIENTS     1000  /* rows of /clients */
#define ADMIN_PAUSE_MS        10000 /* how long /pause waits for what still runs ... */
#define ADMIN_POLL_MS         20    /* ... and how often it looks */

/* Identity */
#define MAX_TOKEN_BYTES    512
#define AUTH_CACHE_MS      2000 /* a revoked key ends within this time */
#define AUTH_RENEW_MS      200  /* for asking anew before it ends, until another does */
#define AUTH_CACHE_ENTRIES 1024
#define KEY_POLL_MS        2000 /* a public address opens this soon after the first key */

/* Events */
#define EVENTS_QUEUE_LIMIT   4096        /* not yet told to everyone; over it: "read again" */
#define EVENTS_SLICE         256         /* subscribers told in one turn of the loop ... */
#define EVENTS_SLICE_MS      2           /* ... and none more after this */
#define EVENTS_WAITING_BYTES (64 * 1024) /* for other processes, behind the NOTIFY under way */
#define EVENTS_RECENT        256         /* remembered for late subscriptions ... */
#define EVENTS_RECENT_MS     3000        /* ... for so long */
#define EVENTS_NOTIFY_MS     5           /* from one NOTIFY to the next, unless much waits */
#define EVENTS_RETRY_MS      1000        /* after a NOTIFY that failed */
#define SECRET_RETRY_MS      500         /* the signing key could not be read */

/* Sessions of the older MCP revisions */
#define CLIENT_SESSION_LIFETIME_S                                                              \
	(30 * 24 * 3600)                     /* then clients are told to initialize again */
#define ENDED_SESSIONS_LIMIT     1000000     /* remembered in memory, newest first */
#define STREAM_KEEP_EVENTS       128         /* of one stream, for a client that comes back */
#define STREAM_KEEP_BYTES        (64 * 1024) /* the same, in bytes */
#define STREAM_KEEP_MS           120000      /* how long a stream waits for its client */
#define STREAMS_KEEP_LIMIT       1000 /* streams without a connection; over it the oldest go */
#define STREAM_RETRY_MS          1000 /* told to clients: come back after so long */
#define MAX_BATCH                64   /* messages in one batch (2025-03-26) */
#define REQUEST_STATE_LIFETIME_S 900  /* for answers to questions of 2026-07-28 */
#define MAX_REQUEST_STATE_BYTES  (64 * 1024)

/* Housekeeping */
#define VECTOR_INDEX_REST_MS   30000   /* between two looks at the index on embeddings */
#define VECTOR_CHECK_MS        3600000 /* between two checks of what it finds */
#define HOUSEKEEPING_MS        5000    /* between two rounds */
#define HOUSEKEEPING_BREATH_MS 10      /* between two statements of a round */
#define HOUSEKEEPING_ROWS      100     /* expired memories in one statement */
#define HOUSEKEEPING_TEXTS     10      /* memories whose words are fetched at once */
#define HOUSEKEEPING_CHANGES   2000    /* of the counts of terms, added up in one statement */
#define HOUSEKEEPING_VECTORS   20      /* looked at in one statement */

/* Embedding of what was saved */
#define BACKFILL_MS            5000 /* between two rounds, when nobody saves */
#define BACKFILL_KICK_MS       15 /* after a save: what is saved at once is embedded together */
#define BACKFILL_LANES         16 /* batches at once */
#define BACKFILL_MOVES         50 /* vectors moved in one statement after a switch of the model */
#define BACKFILL_ATTEMPTS      5     /* of one memory, until it counts as failed */
#define BACKFILL_LEASE_MORE_MS 5000  /* beyond what the provider may take */
#define EMBED_WAIT_MS          10000 /* wait_embedded */
#define EMBED_POLL_MS          40

/* Tasks */
#define TASK_LIFETIME_S 3600 /* from its creation; clients are told */
#define TASK_POLL_MS    500  /* how often clients may ask; they are told */
#define TASK_LEASE_S    30   /* a process that is silent for so long has lost its tasks */
#define TASK_RENEW_S    10
#define TASK_RETRY_MS   1000 /* an outcome that could not be stored */
#define TASKS_LIMIT     1000 /* under way in one process */

/* MCP */
#define MAX_SUBSCRIPTIONS 1000   /* URIs of one stream */
#define CALL_DEADLINE_MS  30000  /* one tool call, waiting included */
#define ASK_DEADLINE_MS   600000 /* until a client answers; a person may have to */
