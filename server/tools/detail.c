/* detail: ids, the beginning of the texts, or all. */
#include "tools/detail.h"

#include <stddef.h>

#include "tools/memory_limits.h"

const char *const detail_choices[] = {
    [DETAIL_IDS] = "ids", [DETAIL_SNIPPET] = "snippet", [DETAIL_FULL] = "full", NULL};

struct memory_detail detail_of(int detail, int32_t snippet_characters)
{
	const int32_t characters[] = {
	    [DETAIL_IDS] = 0, [DETAIL_SNIPPET] = snippet_characters, [DETAIL_FULL] = INT32_MAX};

	return (struct memory_detail){.characters = characters[detail],
	    .whole = detail == DETAIL_FULL,
	    .bytes = MAX_RESPONSE_BYTES};
}
