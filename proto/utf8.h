/*
 * utf8: makes a text that may have been cut, or came from a header, fit for JSON.
 */
#pragma once

/* Replaces every byte that is not part of valid UTF-8 by '?', in place. */
void utf8_repair(char *text);
