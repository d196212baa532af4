/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Debian's dpdk-testpmd, unmodified, forwards between two e1000e on one wire,
 * with all its packet buffers in pages of this process's runtime, which it has
 * mapped through their descriptor; testpmd_memory.c hands it over.
 */

#include <signal.h>
#include <sys/wait.h>

#include "support_vfio.h"

#define PAGES   80u /* testpmd takes 128 MiB, and its buffers. */
#define SECONDS 8

static const unsigned char source[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x08, 0x00};

/* Both cards to vfio-pci: their addresses. */
static int bind_cards(char cards[2][32])
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	char path[320];
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		if (pci_number(entry->d_name, "vendor") != 0x8086 ||
			pci_number(entry->d_name, "device") != 0x10d3 || n == 2)
			continue;
		snprintf(cards[n], sizeof(cards[n]), "%.31s", entry->d_name);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", cards[n]);
		if (sys_write(path, "vfio-pci") &&
			sys_write("/sys/bus/pci/drivers_probe", cards[n]))
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Frames from the first card that stand in the pages. */
static unsigned int frames_in(const char *pages)
{
	const char *at = pages, *end = pages + PAGES * page_sz;
	unsigned int n = 0;

	while ((at = memmem(at, (size_t)(end - at), source, sizeof(source)))) {
		at += sizeof(source);
		n++;
	}
	return n;
}

/* Where testpmd finds the pages: a file of this process's. */
static void environment_set(const char *pages)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(pages, NULL);
	char path[64], at[32];
	size_t off = 0;
	int fd = rte_memseg_get_fd(ms);

	assert_true(fd >= 0);
	assert_int_equal(rte_memseg_get_fd_offset(ms, &off), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	snprintf(at, sizeof(at), "%zu", off);
	setenv("EXTMEM_PATH", path, 1);
	setenv("EXTMEM_OFF", at, 1);
}

/* In the child: testpmd with its input and output in pipes. */
static void testpmd_run(char cards[2][32], int in, int out)
{
	setenv("LD_PRELOAD", "/t/testpmd_memory.so", 1);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/usr/bin/dpdk-testpmd", "dpdk-testpmd", "-l", "0,1", "--in-memory", "--no-telemetry",
		"-m", "64", "--iova-mode", "va", "-a", cards[0], "-a", cards[1], "--",
		"--mp-alloc=xmemhuge", "--total-num-mbufs=2048", "--nb-cores=1",
		"--forward-mode=io", "--tx-first", "--txd=256", "--rxd=256", NULL);
	_exit(127);
}

static bool lives(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

/* What testpmd said at its end: packets that it has received in all; -1: nothing. */
static long received(FILE *out)
{
	bool total = false;
	char line[512];
	long n = -1;

	while (fgets(line, sizeof(line), out)) {
		const char *at = strstr(line, "RX-packets:");

		print_message("testpmd: %s", line);
		total |= strstr(line, "Accumulated forward statistics") != NULL;
		if (total && at && n < 0)
			n = strtol(at + strlen("RX-packets:"), NULL, 10);
	}
	return n;
}

static void testpmd_forwards_from_pages_of_the_runtime(void **state)
{
	char cards[2][32], *pages;
	unsigned int frames;
	int in[2], out[2], status;
	long packets;
	FILE *said;
	pid_t pid;

	(void)state;
	assert_int_equal(bind_cards(cards), 2);
	pages = pages_get(PAGES);
	assert_int_equal(rcumem_pages_pin(pages, PAGES * page_sz), 0);
	assert_int_equal(frames_in(pages), 0);
	assert_int_equal(pipe(in) | pipe(out), 0);
	environment_set(pages);
	pid = fork();
	if (pid == 0)
		testpmd_run(cards, in[0], out[1]);
	close(out[1]);
	close(in[0]);
	for (int s = 0; s < 120 && frames_in(pages) == 0 && lives(pid); s++)
		sleep_ms(500);
	sleep_ms(frames_in(pages) ? SECONDS * 1000 : 0);
	frames = frames_in(pages);
	assert_fails(rcumem_pages_free(pages, PAGES * page_sz), EBUSY);
	if (write(in[1], "\n", 1) != 1)
		print_message("testpmd has ended by itself\n");
	said = fdopen(out[0], "r");
	packets = received(said);
	fclose(said);
	close(in[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	print_message("%ld packets received, %u frames in the pages\n", packets, frames);
	assert_true(packets > 100);
	assert_true(frames > 0);
	assert_int_equal(rcumem_pages_unpin(pages, PAGES * page_sz), 0);
	pages_put(pages, PAGES);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(testpmd_forwards_from_pages_of_the_runtime),
	};

	page_sz = RTE_PGSIZE_2M;
	signal(SIGPIPE, SIG_IGN);
	setenv("RCUMEM_LOG", "error", 0);
	return _cmocka_run_group_tests("testpmd", cases, ARRAY_LEN(cases), NULL, NULL);
}
