/*
 * systemd: tells a service manager how the process is doing (sd_notify's protocol, without its library).
 *
 * Without NOTIFY_SOCKET in the environment all of it does nothing. Nothing here waits.
 */
#pragma once

struct event_base;

/* It serves from now on. When the manager has a watchdog, it is told often enough from the loop. */
void systemd_ready(struct event_base *base);

void systemd_stopping(void);

/* Ends the watchdog's timer. */
void systemd_fini(void);
