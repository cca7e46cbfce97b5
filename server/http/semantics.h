/*
 * semantics: what RFC 9110 and 9112 demand of a request beyond its syntax.
 *
 * llhttp sees to framing; these are the checks that it leaves to its user: Host,
 * the form of the target, versions, and the combinations that smuggling needs.
 */
#pragma once

#include "parser.h"

/*
 * Checks a request whose headers are complete and fills in path and query. uri
 * is its text in the block; it may be shortened. status 0: fine.
 */
struct http_fault semantics_check(
    struct http_request *request, char *uri, const llhttp_t *llhttp);
