/*
 * prometheus: writes metrics in the text format 0.0.4.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "histogram.h"

#define PROMETHEUS_TYPE        "text/plain; version=0.0.4; charset=utf-8"
#define PROMETHEUS_LABEL_BYTES 256

/* The two lines before the samples of a name; type is "counter", "gauge" or "histogram". */
void prometheus_family(FILE *out, const char *name, const char *type, const char *help);

/* Samples. labels: "" or a list such as pool="primary",state="idle" */
void prometheus_count(FILE *out, const char *name, const char *labels, uint64_t value);
void prometheus_number(FILE *out, const char *name, const char *labels, double value);
void prometheus_histogram(
    FILE *out, const char *name, const char *labels, const struct histogram *h);

/* name="value" with what the format wants escaped. */
void prometheus_label(char label[PROMETHEUS_LABEL_BYTES], const char *name, const char *value);
