/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking at a runtime from outside: taking pictures; observer_read.c tells what they show. */

#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "join.h"
#include "observer.h"
#include "options.h"

struct rcumem_observer *rcumem_observe(const char *prefix)
{
	struct rcumem_observer *observer;
	int err;

	if (prefix == NULL)
		prefix = getenv("RCUMEM_PREFIX");
	if (prefix == NULL || !options_prefix_ok(prefix))
		return api_null(-EINVAL);
	observer = calloc(1, sizeof(*observer));
	if (observer == NULL)
		return api_null(-ENOMEM);
	err = join_fetch(prefix, JOIN_OBSERVE, &observer->gift);
	if (err) {
		free(observer);
		return api_null(err);
	}
	return observer;
}

/* Forget the picture. */
static void forget(struct rcumem_observer *observer)
{
	check_close(&observer->check);
	region_image_free(&observer->image);
}

void rcumem_observer_close(struct rcumem_observer *observer)
{
	if (observer == NULL)
		return;
	forget(observer);
	join_gift_close(&observer->gift);
	free(observer);
}

struct report {
	rcumem_report_t fn;
	void *arg;
};

static void tell(void *arg, const char *finding)
{
	const struct report *report = arg;

	if (report->fn)
		report->fn(finding, report->arg);
}

static int look(struct rcumem_observer *observer, struct report *report)
{
	const struct join_gift *gift = &observer->gift;
	int ret = region_image_take(
		&observer->image, gift->fds[0], &gift->fds[JOIN_LISTS], gift->n_fds - JOIN_LISTS);

	return ret ? ret : check_run(&observer->check, &observer->image, tell, report);
}

int rcumem_observer_check(struct rcumem_observer *observer, rcumem_report_t report, void *arg)
{
	struct report receiver = {report, arg};
	int ret;

	if (observer == NULL)
		return api_result(-EINVAL);
	forget(observer);
	ret = look(observer, &receiver);
	if (ret < 0)
		forget(observer);
	return api_result(ret);
}
