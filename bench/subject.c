/* SPDX-License-Identifier: BSD-3-Clause */
/* What all subjects share; see subject.h. */
#include "subject.h"

int subject_add_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	struct subject_sum *sum = arg;

	(void)list;
	sum->bytes += ms->len;
	sum->cnt++;
	return 0;
}

int subject_add_run(
	const struct rte_memseg_list *list, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct subject_sum *sum = arg;

	(void)list;
	(void)ms;
	sum->bytes += len;
	sum->cnt++;
	return 0;
}

int subject_add_list(const struct rte_memseg_list *list, void *arg)
{
	struct subject_sum *sum = arg;

	sum->bytes += list->len;
	sum->cnt++;
	return 0;
}

const char *subject_prepare(const struct subject *subject)
{
	if (!subject->learn || *subject->world_id == world.id)
		return NULL;
	if (subject->learn())
		return "no room for these segments";
	*subject->world_id = world.id;
	return NULL;
}
