/*
 * serve: the server as a whole, with whatever it offers.
 */
#pragma once

struct options;
struct surface;

/* Runs until it is told to stop. Returns the exit status: 0 drained, 1 could not start. */
int serve(struct options *options, const struct surface *surface);
