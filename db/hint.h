/*
 * hint: what to do about an error of PostgreSQL whose own words do not say it.
 */
#pragma once

/* By what the error says, in English; begins with "; ", or is "". */
const char *hint_for(const char *text);
