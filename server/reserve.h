/*
 * reserve: memory for what must not fail.
 *
 * Some memory is kept aside and given up, piece by piece, when there is no other: then the small
 * things that every answer is made of can still be had. Who asks for much is told that there is
 * none, as ever, and has to say so. While the reserve is not whole new work is refused, and
 * it is filled again as soon as that is possible.
 *
 * It stands behind malloc() and its kin in every program that is linked with it (CMakeLists.txt:
 * --wrap), and with reserve_open() behind those of jansson, libevent and libcrypto.
 */
#pragma once

#include <stdbool.h>

/* Before anything else asks for memory. False: there is none. */
bool reserve_open(void);

/* Fills it when it is not; false: there is too little memory for that. */
bool reserve_is_whole(void);
