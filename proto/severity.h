/*
 * severity: the log levels of MCP (RFC 5424), least severe first.
 */
#pragma once

/* Its place from 0 (debug) to 7 (emergency), or -1. NULL is fine. */
int severity_of(const char *name);
