/*
 * card: GET /mcp/server-card, what a client may know before it connects (MCP extension
 * Server Cards, SEP-2127). The same for everyone; it names nothing that is stored.
 */
#pragma once

struct exchange;
struct service;

void card_answer(struct service *service, struct exchange *x);
