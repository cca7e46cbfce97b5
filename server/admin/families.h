/*
 * families: the parts of /metrics, by file; each writes whole families.
 */
#pragma once

#include <stdio.h>

struct service;

void families_of_database(FILE *out, struct service *service);
void families_of_vectors(FILE *out, const struct service *service);
/* Nothing without a provider. */
void families_of_embedding(FILE *out, struct service *service);
void families_of_rerank(FILE *out, const struct service *service);
void families_of_process(FILE *out, const struct service *service);
