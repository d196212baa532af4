/* SPDX-License-Identifier: BSD-3-Clause */
/* Which mistake this run makes: only in builds with -Dplanted=true. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "planted.h"

uint32_t rcu_plant;

#define PLANT_NAME(id, name) name,

__attribute__((constructor)) static void plant_choose(void)
{
	static const char *const names[] = {"none", RCU_PLANTS(PLANT_NAME)};
	const char *wanted = getenv("RCUMEM_PLANT");
	uint32_t i = 0;

	if (!wanted)
		return;
	while (i < sizeof(names) / sizeof(names[0]) && strcmp(wanted, names[i]) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0])) {
		fprintf(stderr, "RCUMEM_PLANT: there is no %s\n", wanted);
		exit(2);
	}
	rcu_plant = i;
}
