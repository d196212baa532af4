// SPDX-License-Identifier: BSD-3-Clause
// The C shim over google-benchmark: the only C++ file.
#include "shim.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include "bench_commit.h"
#include "turns.h"

struct bench_state {
	benchmark::State *state; // None outside of google-benchmark.
	std::vector<uint64_t> samples;
	std::map<std::string, std::vector<uint64_t>> beside; // By prefix.
	uint64_t items;
};

namespace
{

// A registered benchmark.  Lives until the program ends.
struct entry {
	std::string name;
	unsigned int threads;
	struct bench bench;
	std::vector<char> arg;
	pthread_barrier_t ready; // setup() has returned
	std::string skip;        // Written by thread 0 before `ready`, read after it.
};

std::vector<std::unique_ptr<entry>> entries;
cpu_set_t allowed; // Immutable after main() has begun.
bool wrong;        // Only ever set; read when all threads are gone.

// The sample below which `percent` of them lie.
template <typename T> double percentile(const std::vector<T> &sorted, double percent)
{
	auto last = static_cast<double>(sorted.size() - 1);

	return static_cast<double>(sorted[static_cast<size_t>(last * percent / 100)]);
}

// Of repetitions; google-benchmark knows median and cv by itself.
double p99(const std::vector<double> &values)
{
	std::vector<double> sorted = values;

	std::sort(sorted.begin(), sorted.end());
	return sorted[(sorted.size() * 99 + 99) / 100 - 1]; // The nearest rank.
}

void counter_set(benchmark::State &state, const char *name, double value)
{
	state.counters[name] = {value, benchmark::Counter::kAvgThreads};
}

void report_samples(benchmark::State &state, const std::string &prefix,
	std::vector<uint64_t> &samples, uint64_t items)
{
	static const struct {
		const char *name;
		double percent; // So many samples of a hundred lie below it.
	} figures[] = {{"p50_ns", 50}, {"p99_ns", 99}, {"p999_ns", 99.9}, {"max_ns", 100}};

	std::sort(samples.begin(), samples.end());
	for (const auto &figure : figures)
		counter_set(state, (prefix + figure.name).c_str(),
			percentile(samples, figure.percent) /
				static_cast<double>(items ? items : 1));
}

void report(benchmark::State &state, bench_state &self, uint64_t elapsed)
{
	auto iterations = static_cast<double>(state.max_iterations);
	double ns = static_cast<double>(elapsed) / iterations;

	if (!self.samples.empty()) {
		report_samples(state, "", self.samples, self.items);
		for (auto &[prefix, samples] : self.beside)
			report_samples(state, prefix, samples, self.items);
		return;
	}
	// google-benchmark divides the time by the threads; this is what one thread sees.
	counter_set(state, "thread_ns", ns);
	if (self.items)
		counter_set(state, "item_ns", ns / static_cast<double>(self.items));
}

void run(benchmark::State &state, entry &entry)
{
	bench_state self = {&state, {}, {}, 0};
	uint64_t begin = 0, end = 0;

	bench_pin(static_cast<unsigned int>(state.thread_index()));
	if (state.thread_index() == 0) {
		const char *why = entry.bench.setup(entry.arg.data());

		entry.skip = why ? std::string("skipped: ") + why : "";
	}
	pthread_barrier_wait(&entry.ready);
	if (!entry.skip.empty())
		state.SkipWithError(entry.skip.c_str());
	while (state.KeepRunningBatch(state.max_iterations)) {
		begin = bench_now();
		entry.bench.run(
			&self, entry.arg.data(), static_cast<uint64_t>(state.max_iterations));
		end = bench_now();
	}
	if (!state.error_occurred())
		report(state, self, end - begin);
	// The loop ended in a barrier: nobody uses what is taken down here.
	if (state.thread_index() == 0 && entry.skip.empty() && entry.bench.teardown)
		entry.bench.teardown(entry.arg.data());
}

void add(const struct bench *bench, const void *arg, size_t arg_len, unsigned int threads,
	const char *name)
{
	entries.push_back(std::make_unique<entry>());
	entry *added = entries.back().get();
	added->name = name;
	added->threads = threads;
	const char *bytes = static_cast<const char *>(arg);
	added->bench = *bench;
	added->arg.assign(bytes, bytes + arg_len);
	pthread_barrier_init(&added->ready, nullptr, threads);

	auto *registered = benchmark::RegisterBenchmark(
		name, [added](benchmark::State &state) { run(state, *added); });
	registered->Threads(static_cast<int>(threads));
	registered->ComputeStatistics("p99", p99);
	if (bench->sampled)
		registered->UseManualTime();
	else
		registered->UseRealTime();
}

} // namespace

void bench_add(const struct bench *bench, const void *arg, size_t arg_len, unsigned int threads,
	const char *name, ...)
{
	auto cpus = static_cast<unsigned int>(CPU_COUNT(&allowed));
	char text[160];
	va_list ap;

	va_start(ap, name);
	vsnprintf(text, sizeof(text), name, ap);
	va_end(ap);

	if (threads != BENCH_EACH) {
		add(bench, arg, arg_len, threads, text);
		return;
	}
	add(bench, arg, arg_len, 1, text);
	add(bench, arg, arg_len, 2, text);
	if (cpus > 2)
		add(bench, arg, arg_len, cpus, text);
}

void bench_sample(struct bench_state *state, uint64_t ns)
{
	state->samples.push_back(ns);
	state->state->SetIterationTime(static_cast<double>(ns) * 1e-9);
}

void bench_spent(struct bench_state *state, uint64_t ns)
{
	state->state->SetIterationTime(static_cast<double>(ns) * 1e-9);
}

void bench_sample_beside(struct bench_state *state, const char *prefix, uint64_t ns)
{
	state->beside[prefix].push_back(ns);
}

void bench_counter(struct bench_state *state, const char *name, double value)
{
	counter_set(*state->state, name, value);
}

void bench_items(struct bench_state *state, uint64_t count)
{
	state->items = count;
}

void bench_wrong(struct bench_state *state, const char *what)
{
	wrong = true;
	if (state->state)
		state->state->SkipWithError(what);
}

const struct bench *bench_find(const char *name, const void **arg)
{
	for (auto &entry : entries) {
		if (entry->threads == 1 && entry->name == name) {
			*arg = entry->arg.data();
			return &entry->bench;
		}
	}
	return nullptr;
}

bool bench_run_alone(const struct bench *bench, const void *arg, uint64_t iterations)
{
	static bench_state self = {nullptr, {}, {}, 0};

	bench->run(&self, arg, iterations);
	return !wrong;
}

void bench_pin(unsigned int index)
{
	unsigned int left = index % static_cast<unsigned int>(CPU_COUNT(&allowed));
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && left-- == 0) {
			CPU_SET(cpu, &set);
			break;
		}
	}
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

unsigned int bench_cpus(void)
{
	return static_cast<unsigned int>(CPU_COUNT(&allowed));
}

void bench_unpin(void)
{
	pthread_setaffinity_np(pthread_self(), sizeof(allowed), &allowed);
}

uint64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return static_cast<uint64_t>(ts.tv_sec) * 1000000000u + static_cast<uint64_t>(ts.tv_nsec);
}

int bench_main(int argc, char **argv)
{
	sched_getaffinity(0, sizeof(allowed), &allowed);
	if (argc > 1 && strcmp(argv[1], "--turns") == 0) {
		bench_all_add();
		int status = turns_main(argc - 2, argv + 2);
		bench_all_end();
		return status;
	}
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	benchmark::AddCustomContext("commit", BENCH_COMMIT);
	benchmark::AddCustomContext("compiler", BENCH_COMPILER);
	benchmark::AddCustomContext("flags", BENCH_FLAGS);
	bench_all_add();
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	bench_all_end();
	return wrong ? 1 : 0;
}
