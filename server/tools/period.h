/*
 * period: the arguments from, to and tz of whatever is about a time: [from, to).
 *
 * A tool's struct holds a struct period, its table PERIOD_ARGUMENTS(type, member, help of from, help of to), and its
 * first step calls period_read().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "args.h"
#include "zones.h"

struct call;

struct period {
	struct arg_text from, to, tz;
	int64_t from_us, to_us; /* made by period_read(); ROWS_NO_TIME: open */
};

#define MAX_MOMENT_BYTES 40

#define PERIOD_AT(type, member, field) (offsetof(type, member) + offsetof(struct period, field))
#define PERIOD_TZ_HELP                                                                         \
	"Zone of times without an offset: Asia/Shanghai or +08:00; UTC when left out."

/* clang-format off */
#define PERIOD_ARGUMENT(type, member, field, text, is_rare, most)                                 \
	{ .name = #field, .kind = ARG_TEXT, .rare = (is_rare), .min = 1, .max = (most),           \
	  .at = PERIOD_AT(type, member, field), .help = (text) }
#define PERIOD_ROWS(type, member, from_help, to_help, is_rare)                                    \
	PERIOD_ARGUMENT(type, member, from, from_help, is_rare, MAX_MOMENT_BYTES),                \
	PERIOD_ARGUMENT(type, member, to, to_help, is_rare, MAX_MOMENT_BYTES),                    \
	PERIOD_ARGUMENT(type, member, tz, PERIOD_TZ_HELP, is_rare, ZONE_NAME_BYTES)
#define PERIOD_ARGUMENTS(type, member, from_help, to_help)                                        \
	PERIOD_ROWS(type, member, from_help, to_help, false)
#define RARE_PERIOD_ARGUMENTS(type, member, from_help, to_help)                                   \
	PERIOD_ROWS(type, member, from_help, to_help, true)
#define PERIOD_RESULT_ROW(is_rare)                                                                \
	{ .name = "period", .kind = ARG_RECORD, .rare = (is_rare), .items = period_results,       \
	  .help = "What from, to and tz were taken for." }
#define PERIOD_RESULT      PERIOD_RESULT_ROW(false)
#define RARE_PERIOD_RESULT PERIOD_RESULT_ROW(true)
/* clang-format on */

extern const struct arg period_results[];

/* False: it has called call_bad_argument(). */
bool period_read(struct call *call, struct period *period) __attribute__((warn_unused_result));

/*
 * Besides, words of a question such as "yesterday" are read as of query_timestamp, where that is given and from and to
 * are not (date_words.h). False: as above.
 */
bool period_of_question(struct call *call, struct period *period,
    const struct arg_text *query_timestamp, const struct arg_text *question)
    __attribute__((warn_unused_result));

/* Adds "period" to a result, when one was asked for. */
void period_show(const struct period *period, json_t *result);

/* ", from ... to before ...", or nothing. */
void period_write(const struct period *period, FILE *out);
