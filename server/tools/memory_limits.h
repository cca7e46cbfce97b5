/*
 * memory_limits: how large the parts of a memory may be, for every tool that takes or shows them.
 */
#pragma once

#define MAX_MEMORY_TEXT_BYTES (1024 * 1024) /* user_input and assistant_response, each */
#define MAX_METADATA_BYTES    (100 * 1024)
#define MAX_TAGS              64
#define MAX_TAG_BYTES         100
#define MAX_RESPONSE_BYTES    (1024 * 1024) /* of one answer's texts */
#define MAX_BATCH_ITEMS       1000
#define MAX_PAGE_ITEMS        100
#define MAX_QUERY_BYTES       16384 /* of what is searched for */
#define MAX_HITS              50
#define MAX_SAMPLE            5000 /* memories that an analysis reads */
#define MAX_REPORT_NAME_BYTES 200  /* agent_name and task_id of reports, to look for them */
