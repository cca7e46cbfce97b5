/*
 * rest: the tools for curl: plain JSON in and out, without JSON-RPC.
 *
 *	POST /v1/tools/NAME   arguments as a JSON object, or no body at all
 *	GET /v1/search?q=...  search_memories; every argument of it may be a query parameter
 *	GET /openapi.json     all of this as OpenAPI 3.1, made from the tool tables
 *
 * The answer is the tool's structured result, or with "Accept: text/plain" its text. What
 * went wrong is {"error":{"code":STATUS,"message":...}} with the HTTP status that fits.
 */
#pragma once

struct exchange;
struct service;

void rest_tool(struct service *service, struct exchange *x);
void rest_search(struct service *service, struct exchange *x);
void rest_openapi(struct service *service, struct exchange *x);
