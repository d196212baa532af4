/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHECK_H
#define CHECK_H

/*
 * Whether the shared state is sound: every place that says which memory is in
 * use says the same, everything is in one place only, and what is counted is
 * what is there.
 *
 * INV-CHECK-1  Nothing in an image is believed before it was checked: no pointer
 *              is followed and no index used that could lead out of the image, no
 *              loop is longer than a table whose size the layout tells, and no
 *              block or node is entered twice.
 * INV-CHECK-2  An image between operations has no finding unless something is wrong.
 *              While one is in progress, or was interrupted, only what holds at
 *              every instant is checked, and that it is so is a finding.
 */

#include "region_image.h"

/* Findings that are told one by one; more are only counted. */
#define CHECK_FINDINGS_TOLD 100

/* Receives a line for each finding. */
typedef void (*check_report_t)(void *arg, const char *finding);

/* Number of findings, or -ENOMEM. */
int check_image(const struct region_image *image, check_report_t report, void *arg);

#endif /* CHECK_H */
