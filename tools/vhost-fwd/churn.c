// SPDX-License-Identifier: BSD-3-Clause
/* vhost-churn: passing messages on, and changing the regions in between. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "churn.h"

#define ANSWER_MS 10000

static volatile sig_atomic_t ended, running = 1;

void churn_signal(int signo)
{
	if (signo == SIGUSR1)
		running = 1;
	else if (signo == SIGUSR2)
		running = 0;
	else
		ended = 1;
}

int churn_fail(const char *what, int err)
{
	fprintf(stderr, "vhost-churn: %s: %s\n", what, strerror(-err));
	return err;
}

/* ---- The messages of the two ends ---- */

static bool has_answer(const struct churn *churn, const struct vhost_header *hdr)
{
	switch (hdr->request) {
	case VHOST_GET_FEATURES:
	case VHOST_GET_PROTOCOL_FEATURES:
	case VHOST_GET_VRING_BASE:
	case VHOST_GET_MAX_MEM_SLOTS:
		return true;
	default:
		return churn->acks && hdr->flags & VHOST_FLAG_NEED_REPLY;
	}
}

void churn_forget(struct churn *churn)
{
	for (unsigned int i = 0; i < churn->table.cnt; i++)
		close(churn->fds[i]);
	churn->table.cnt = 0;
}

/* What the front end says that matters here. */
static void learn(struct churn *churn)
{
	const union vhost_payload *payload = &churn->front.payload;

	switch (churn->front.hdr.request) {
	case VHOST_SET_PROTOCOL_FEATURES:
		churn->acks = payload->u64 & VHOST_PROTOCOL_F_REPLY_ACK;
		return;
	case VHOST_SET_VRING_ENABLE:
		if (payload->state.num)
			churn->enabled |= 1u << (payload->state.index & 1);
		else
			churn->enabled &= ~(1u << (payload->state.index & 1));
		return;
	case VHOST_SET_MEM_TABLE:
		churn_forget(churn);
		if (payload->table.cnt != churn->front.fd_cnt)
			return;
		churn->table = payload->table;
		for (unsigned int i = 0; i < churn->table.cnt; i++)
			churn->fds[i] = wire_take_fd(&churn->front, i);
		return;
	default:
		return;
	}
}

/* Wait for the back end's answer; it stays in churn->back until wire_next(). */
static int await_answer(struct churn *churn)
{
	const char *why = NULL;
	int got = wire_receive_wait(&churn->back, ANSWER_MS, &why);

	if (got < 0)
		fprintf(stderr, "vhost-churn: back end: %s\n", why);
	return got < 0 ? got : 0;
}

static int pass_on(struct churn *churn)
{
	struct wire *front = &churn->front;
	int err = wire_send(
		churn->back.sock, &front->hdr, &front->payload, front->fds, front->fd_cnt);

	if (err)
		return churn_fail("passing a request on", err);
	if (has_answer(churn, &front->hdr)) {
		err = await_answer(churn);
		if (!err)
			err = wire_send(
				front->sock, &churn->back.hdr, &churn->back.payload, NULL, 0);
		wire_next(&churn->back);
	}
	learn(churn);
	wire_next(front);
	return err;
}

/* ---- Changes ---- */

/* The largest region is the one with the packets. */
static unsigned int largest(const struct vhost_table *table)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < table->cnt; i++)
		if (table->regions[i].len > table->regions[best].len)
			best = i;
	return best;
}

/* Cut the largest region in pieces whose borders move by a page from change to change. */
static unsigned int cut(const struct churn *churn, struct vhost_table *out, int *fds)
{
	const struct vhost_table *table = &churn->table;
	unsigned int at = largest(table), cnt = 0, most = VHOST_TABLE_REGIONS - table->cnt + 1;
	unsigned int pieces = churn->pieces < most ? churn->pieces : most;
	struct stat st;
	uint64_t page, pages, begin = 0;

	if (fstat(churn->fds[at], &st) || st.st_blksize <= 0)
		return 0;
	page = (uint64_t)st.st_blksize;
	pages = table->regions[at].len / page;
	if (pages < 2 * pieces)
		return 0;
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < table->cnt; i++) {
		if (i == at)
			continue;
		fds[cnt] = churn->fds[i];
		out->regions[cnt++] = table->regions[i];
	}
	for (unsigned int i = 1; i <= pieces; i++) {
		uint64_t end = (pages * i / pieces - (churn->changes & 1)) * page;

		if (i == pieces)
			end = table->regions[at].len;
		fds[cnt] = churn->fds[at];
		out->regions[cnt++] = (struct vhost_region){
			.gpa = table->regions[at].gpa + begin,
			.len = end - begin,
			.uaddr = table->regions[at].uaddr + begin,
			.mmap_off = table->regions[at].mmap_off + begin,
		};
		begin = end;
	}
	return out->cnt = cnt;
}

static int change(struct churn *churn)
{
	struct vhost_header hdr = {.request = VHOST_SET_MEM_TABLE,
		.flags = VHOST_FLAG_VERSION | VHOST_FLAG_NEED_REPLY};
	int fds[VHOST_TABLE_REGIONS], err;
	struct vhost_table table;

	if (!churn->acks || churn->enabled != 3 || !churn->table.cnt || !cut(churn, &table, fds))
		return 0;
	hdr.size = (uint32_t)(offsetof(struct vhost_table, regions) +
			      table.cnt * sizeof(table.regions[0]));
	err = wire_send(churn->back.sock, &hdr, &table, fds, table.cnt);
	if (err)
		return churn_fail("a change", err);
	err = await_answer(churn);
	if (!err && churn->back.payload.u64) {
		fprintf(stderr, "vhost-churn: the back end refused a change\n");
		err = -EPROTO;
	}
	wire_next(&churn->back);
	churn->changes++;
	return err;
}

/* ---- The loop ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int churn_serve(struct churn *churn, unsigned int rate)
{
	uint64_t step = rate ? 1000000000u / rate : 0, due = now_ns() + step;
	struct pollfd pfd[2] = {
		{.fd = churn->front.sock, .events = POLLIN}, {.fd = churn->back.sock}};

	while (!ended) {
		uint64_t now = now_ns();
		struct timespec wait = {0, 100000000};
		const char *why = NULL;
		int got, err;

		if (!step || !running) {
			due = now + step;
		} else if (now >= due) {
			err = change(churn);
			if (err)
				return err;
			/* A change that was late is not made up for by a burst of them. */
			due = due + step > now ? due + step : now;
			continue;
		} else {
			wait.tv_nsec = (long)(due - now < 100000000 ? due - now : 100000000);
		}
		ppoll(pfd, 2, &wait, NULL);
		got = wire_receive(&churn->front, &why);
		if (got < 0 || pfd[1].revents)
			return 0;
		err = got ? pass_on(churn) : 0;
		if (err)
			return err;
	}
	return 0;
}
