/*
 * commands: what `sage-mcp COMMAND` does. Each returns the exit status: 0 fine,
 * 1 failed (the reason is on stderr), 2 used wrongly.
 */
#pragma once

struct options;

int command_serve(struct options *options, int argc, char **argv);
int command_migrate(struct options *options, int argc, char **argv);
int command_key(struct options *options, int argc, char **argv);
int command_export(struct options *options, int argc, char **argv);
int command_import(struct options *options, int argc, char **argv);
int command_reembed(struct options *options, int argc, char **argv);
int command_healthcheck(struct options *options, int argc, char **argv);

/* doctor also explains options that could not be loaded. */
int command_doctor(struct options *options, int argc, char **argv);
int command_doctor_unread(struct options *options, const char *error);
