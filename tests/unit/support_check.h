/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

/* The checker on the runtime of the test's own process, and what it found. */

#include "check.h"
#include "runtime.h"
#include "support.h"

/* The findings of one look. */
struct findings {
	int cnt;
	char first[256];
	bool matched; /* One of them begins with `wanted`. */
	const char *wanted;
};

static inline void finding_take(void *arg, const char *finding)
{
	struct findings *findings = arg;

	if (findings->first[0] == 0)
		snprintf(findings->first, sizeof(findings->first), "%s", finding);
	if (findings->wanted && strncmp(finding, findings->wanted, strlen(findings->wanted)) == 0)
		findings->matched = true;
}

/* Look at the runtime: all that is found. */
static inline struct findings findings_of(const char *wanted)
{
	struct findings findings = {.wanted = wanted};
	struct region_image image;
	int err = region_image_take(&image, runtime.region_fd, runtime.list_fds);

	if (err) {
		findings.cnt = err;
		return findings;
	}
	findings.cnt = check_image(&image, finding_take, &findings);
	region_image_free(&image);
	return findings;
}

static inline void assert_sound(void)
{
	struct findings findings = findings_of(NULL);

	if (findings.cnt)
		fail_msg("%d findings: %s", findings.cnt, findings.first);
}

#endif /* SUPPORT_CHECK_H */
