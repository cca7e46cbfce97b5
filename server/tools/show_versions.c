/* show_versions: the words as they were, who replaced them and when. */
#include "tools/show_versions.h"

#include "pages.h"
#include "rows.h"
#include "tools/show.h"

json_t *show_version(const struct memory_version *v)
{
	json_t *json = json_pack("{s:i, s:s, s:s, s:o, s:o, s:s*, s:s*, s:s*}", "version",
	    v->version, "visibility", v->visibility, "replaced_by", v->replaced_by,
	    "written_at", show_time(v->written_us), "replaced_at", show_time(v->replaced_us),
	    "session_id", v->session_id, "user_input", v->user_input, "assistant_response",
	    v->assistant_response);

	json_object_set_new(json, "tags", json_loads(v->tags, 0, NULL));
	if (v->metadata != NULL)
		json_object_set_new(json, "metadata", json_loads(v->metadata, 0, NULL));
	if (v->event_us != ROWS_NO_TIME)
		json_object_set_new(json, "event_time", show_time(v->event_us));
	return json;
}

void show_version_text(FILE *out, const struct memory_version *v)
{
	fprintf(out, "\nversion %d of memory %s, replaced by %s%s\n", v->version, v->id,
	    v->replaced_by,
	    v->user_input == NULL ? " (its words do not fit; get_memory with this id alone)"
	                          : "");
	if (v->user_input == NULL)
		return;
	show_fenced(out, "user", v->user_input);
	show_fenced(out, "assistant", v->assistant_response);
}
