// SPDX-License-Identifier: BSD-3-Clause
/* Figures while the back end runs. */

#include <string.h>

#include "report.h"

struct totals {
	uint64_t packets, bytes, corrupt, dropped;
	unsigned int guests, regions, pads;
};

/* Relaxed loads, here and below: figures, each a recent value. */
static struct totals totals_read(const struct report *report)
{
	struct totals sum = {0};

	for (unsigned int i = 0; i < report->guest_cnt; i++) {
		const struct guest *guest = &report->guests[i];
		const struct port_count *count = &guest->port->count;
		unsigned int regions = guest->region_cnt;

		sum.packets += shared_load_relaxed(&count->packets);
		sum.bytes += shared_load_relaxed(&count->bytes);
		sum.corrupt += shared_load_relaxed(&count->corrupt);
		sum.dropped += shared_load_relaxed(&count->dropped);
		sum.guests += guest->pair != NULL;
		sum.regions += regions;
		if (regions && report->board->pad_to > regions)
			sum.pads += report->board->pad_to - regions;
	}
	return sum;
}

static double to_ns(const struct report *report, uint64_t cycles)
{
	return (double)cycles / report->cycles_per_ns;
}

/* The end of the last bucket that has a count, in nanoseconds. */
static double longest(const struct report *report, const uint64_t *buckets)
{
	for (unsigned int i = GAPS_BUCKETS; i-- > 0;)
		if (shared_load_relaxed(&buckets[i]))
			return to_ns(report, gaps_bucket_end(i));
	return 0;
}

static void write_histogram(const struct report *report, const char *name, const uint64_t *buckets)
{
	const char *comma = "";

	fprintf(report->json, ",\"%s\":[", name);
	for (unsigned int i = 0; i < GAPS_BUCKETS; i++) {
		uint64_t cnt = shared_load_relaxed(&buckets[i]);

		if (!cnt)
			continue;
		fprintf(report->json, "%s[%.0f,%llu]", comma, to_ns(report, gaps_bucket_end(i)),
			(unsigned long long)cnt);
		comma = ",";
	}
	fprintf(report->json, "]");
}

/* Those since the report before this one: begin, end, run delay, overlap. */
static void write_long_gaps(struct report *report)
{
	const struct gaps *gaps = &report->data->gaps;
	/* Acquire pairs with keep(): the slots before it are whole. */
	uint64_t cnt = shared_load_acquire(&gaps->kept_cnt);
	uint64_t i = report->last_kept;

	if (cnt - i > GAPS_KEPT)
		i = cnt - GAPS_KEPT;
	report->last_kept = cnt;
	fprintf(report->json, ",\"cycles_per_ns\":%.9f,\"long_gaps\":[", report->cycles_per_ns);
	for (const char *comma = ""; i < cnt; i++, comma = ",") {
		const struct gaps_long *slot = &gaps->kept[i % GAPS_KEPT];

		fprintf(report->json, "%s[%llu,%llu,%llu,%llu]", comma,
			(unsigned long long)shared_load_relaxed(&slot->begin),
			(unsigned long long)shared_load_relaxed(&slot->end),
			(unsigned long long)shared_load_relaxed(&slot->delay),
			(unsigned long long)shared_load_relaxed(&slot->overlap));
	}
	fprintf(report->json, "]");
}

static void write_gaps(const struct report *report)
{
	const struct gaps_count *count = &report->data->gaps.count;

	fprintf(report->json,
		",\"change_over\":%llu,\"over_before\":%llu,\"standing\":%llu,\"over_sleeps\":%llu,"
		"\"over_faults\":%"
		"llu,\"other_over\":%"
		"llu,\"aside\":%llu,\"aside_max_ns\":%.0f"
		",\"aside_switches\":%llu,\"aside_delay_ns\":%llu",
		(unsigned long long)shared_load_relaxed(&count->change_over),
		(unsigned long long)shared_load_relaxed(&count->over_before),
		(unsigned long long)shared_load_relaxed(&count->standing),
		(unsigned long long)shared_load_relaxed(&count->over_sleeps),
		(unsigned long long)shared_load_relaxed(&count->over_faults),
		(unsigned long long)shared_load_relaxed(&count->other_over),
		(unsigned long long)shared_load_relaxed(&count->aside),
		to_ns(report, shared_load_relaxed(&count->aside_max)),
		(unsigned long long)shared_load_relaxed(&count->aside_nivcsw),
		(unsigned long long)shared_load_relaxed(&count->aside_delay_ns));
	write_histogram(report, "gaps", count->all);
	write_histogram(report, "gaps_of_change", count->of_change);
}

static void write_json(struct report *report, const struct totals *sum, uint64_t now, bool final)
{
	const struct switchboard *board = report->board;

	fprintf(report->json,
		"{\"seconds\":%.6f,\"final\":%s,\"lookup\":\"%s\",\"guests\":%u,\"regions\":%u"
		",\"padding\":%u,\"packets\":%llu,\"bytes\":%llu,\"corrupt\":%llu,\"dropped\":%llu"
		",\"connections\":%llu,\"drops\":%llu"
		",\"changes\":%llu,\"changes_in_use\":%llu,\"change_ns\":%llu,\"change_max_ns\":%"
		"llu"
		",\"translate_ns\":%.3f",
		(double)(now - report->begun) / report->cycles_per_ns / 1e9,
		final ? "true" : "false",
		report->guests[0].port->lookup.kind == LOOKUP_SCAN ? "scan" : "index", sum->guests,
		sum->regions, sum->pads, (unsigned long long)sum->packets,
		(unsigned long long)sum->bytes, (unsigned long long)sum->corrupt,
		(unsigned long long)sum->dropped, (unsigned long long)board->connections,
		(unsigned long long)board->drops, (unsigned long long)board->changes,
		(unsigned long long)board->changes_in_use, (unsigned long long)board->change_ns,
		(unsigned long long)board->change_ns_max,
		measure_translation(report->guests[0].port, report->cycles_per_ns));
	write_gaps(report);
	write_long_gaps(report);
	fprintf(report->json, "}\n");
	fflush(report->json);
}

static void write_progress(const struct report *report, const struct totals *sum, uint64_t now)
{
	double seconds = (double)(now - report->last) / report->cycles_per_ns / 1e9;
	const struct gaps_count *count = &report->data->gaps.count;

	fprintf(stderr,
		"\r%u guest%s, %u regions  %7.3f Mpps  %5.1f changes/s  "
		"longest gap of a change %.1f us  corrupt %llu   ",
		sum->guests, sum->guests == 1 ? "" : "s", sum->regions,
		(double)(sum->packets - report->last_packets) / seconds / 1e6,
		(double)(report->board->changes - report->last_changes) / seconds,
		longest(report, count->of_change) / 1000, (unsigned long long)sum->corrupt);
	fflush(stderr);
}

void report_begin(struct report *report)
{
	report->begun = tsc_now();
	report->last = report->begun;
}

void report_interval(struct report *report, bool final)
{
	struct totals sum = totals_read(report);
	uint64_t now = tsc_now();

	if (report->json)
		write_json(report, &sum, now, final);
	if (report->progress)
		write_progress(report, &sum, now);
	if (report->progress && final)
		fputc('\n', stderr);
	report->last = now;
	report->last_packets = sum.packets;
	report->last_changes = report->board->changes;
}
