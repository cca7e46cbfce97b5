/*
 * library: which libpq this runs on, which need not be the one it was compiled with.
 */
#pragma once

/* 150020 is 15.20 */
int library_libpq_version(void);
