/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef NUMBER_H
#define NUMBER_H

/* Numbers on the command lines of vhost-fwd, vhost-peer and vhost-churn. */

#include <argp.h>
#include <stdlib.h>

/* One from `least` to `most`; anything else is wrong usage, which ends the process. */
static inline unsigned int number(
	struct argp_state *state, const char *text, unsigned int least, unsigned int most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10); /* Too large a one is ULONG_MAX. */

	if (*text < '0' || *text > '9' || *end || value < least || value > most)
		argp_error(state, "'%s' is not a number from %u to %u", text, least, most);
	return (unsigned int)value;
}

#endif /* NUMBER_H */
