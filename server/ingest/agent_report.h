/*
 * agent_report: what an agent says about its own work inside a text.
 *
 *	=== Code Review Report by @code_reviewer ===
 *	Task ID: cr-001        Execution ID: 7        Execution Time: 3.5 s
 *	<!-- AGENT_METADATA {"quality_score": 0.9, "error_count": 0, "metrics": {...}} -->
 *
 * Also "Agent Report: name", "@name report", and the Chinese of each.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#define AGENT_REPORT_NAME_BYTES 128 /* of names and ids; longer ones are cut */

/*
 * The report in a text as an object, which the caller owns; NULL: there is none (or no
 * memory). Its members, each where it is known: agent_name, task_id, execution_id,
 * report_type (texts); performance_metrics (object); error_count, warning_count (integers);
 * quality_score, execution_time_ms, completeness_score (numbers); metadata (object: what
 * else the AGENT_METADATA says).
 */
json_t *agent_report_find(const char *text, size_t len);
