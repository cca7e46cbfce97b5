/*
 * works: what resources show that no tool shows in this form.
 */
#pragma once

#include "call.h"

extern const struct work resources_list_work; /* cursor */
extern const struct work session_work;        /* session_id */
extern const struct work feed_work;           /* namespace: the caller's own */
