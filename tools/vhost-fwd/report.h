/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_REPORT_H
#define VHOST_REPORT_H

/*
 * Figures of the run: a line of JSON an interval for programs, a line that
 * rewrites itself for people.  All counts are totals since the start, so that
 * a reader takes differences over whatever span it likes.
 */

#include <stdio.h>

#include "data.h"
#include "guest.h"

struct report {
	const struct data_thread *data;
	const struct switchboard *board;
	struct guest *guests;
	unsigned int guest_cnt;
	FILE *json;    /* NULL: none. */
	bool progress; /* Rewrite a line on standard error. */
	double cycles_per_ns;
	uint64_t begun; /* Time stamps. */
	uint64_t last;
	uint64_t last_packets, last_changes;
	uint64_t last_kept; /* How many long gaps had been reported. */
};

void report_begin(struct report *report);
/* One interval is over; `final` for the last time. */
void report_interval(struct report *report, bool final);

/* What one translation of addresses that packets used costs, in nanoseconds; 0 when none was. */
double measure_translation(const struct port *port, double cycles_per_ns);

#endif /* VHOST_REPORT_H */
