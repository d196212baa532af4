// SPDX-License-Identifier: BSD-3-Clause
/* What a packet must look like: numbered and made up, or taken from a capture. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "peer.h"

#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_HEAD     24u
#define PCAP_RECORD   16u
#define FRAME_MAX     (PEER_BUFFER - sizeof(struct virtio_net_hdr))

static int read_file(const char *path, char **data, size_t *len)
{
	FILE *file = fopen(path, "rbe");
	struct stat st;
	int err = 0;

	if (!file)
		return -errno;
	if (fstat(fileno(file), &st) || !S_ISREG(st.st_mode))
		err = -EINVAL;
	*len = err ? 0 : (size_t)st.st_size;
	*data = err ? NULL : malloc(*len + 1);
	if (!err && (!*data || fread(*data, 1, *len, file) != *len))
		err = -EIO;
	fclose(file);
	return err;
}

static uint32_t word_at(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Cut the file into frames: 0, or -EINVAL when it is no capture of Ethernet that we can read. */
static int cut_frames(struct peer_packets *packets, size_t len)
{
	const char *at = packets->file;
	size_t left = len;

	if (left < PCAP_HEAD || (word_at(at) != PCAP_MAGIC_US && word_at(at) != PCAP_MAGIC_NS))
		return -EINVAL;
	at += PCAP_HEAD;
	left -= PCAP_HEAD;
	packets->frames = calloc(left / PCAP_RECORD + 1, sizeof(*packets->frames));
	if (!packets->frames)
		return -ENOMEM;
	while (left >= PCAP_RECORD) {
		uint32_t frame = word_at(at + 8);

		at += PCAP_RECORD;
		left -= PCAP_RECORD;
		if (frame > left || frame > FRAME_MAX)
			return -EINVAL;
		packets->frames[packets->frame_cnt].data = at;
		packets->frames[packets->frame_cnt++].len = frame;
		at += frame;
		left -= frame;
	}
	return packets->frame_cnt ? 0 : -EINVAL;
}

int peer_packets_open(struct peer_packets *packets, const struct peer_options *options)
{
	size_t len = 0;
	int err;

	*packets = (struct peer_packets){.size = options->size};
	if (!options->pcap)
		return 0;
	err = read_file(options->pcap, &packets->file, &len);
	if (!err)
		err = cut_frames(packets, len);
	if (err)
		fprintf(stderr, "vhost-peer: %s: %s\n", options->pcap, strerror(-err));
	return err;
}

void peer_packets_close(struct peer_packets *packets)
{
	free(packets->frames);
	free(packets->file);
}

/* Bytes that depend on the number and the place: a packet of another number differs early. */
static void made_up(uint64_t number, char *to, uint32_t len)
{
	uint64_t word = number * 0x9e3779b97f4a7c15ULL;

	for (uint32_t i = 0; i < len; i += 8) {
		uint32_t n = len - i < 8 ? len - i : 8;

		word ^= number + i;
		memcpy(to + i, &word, n);
		word = word << 7 | word >> 57;
	}
}

uint32_t peer_packet_make(const struct peer_packets *packets, uint64_t number, char *to)
{
	if (packets->frames) {
		uint32_t i = (uint32_t)(number % packets->frame_cnt);

		memcpy(to, packets->frames[i].data, packets->frames[i].len);
		return packets->frames[i].len;
	}
	made_up(number, to, packets->size);
	return packets->size;
}

bool peer_packet_check(
	const struct peer_packets *packets, uint64_t number, const char *data, uint32_t len)
{
	char expected[PEER_BUFFER];

	if (packets->frames) {
		uint32_t i = (uint32_t)(number % packets->frame_cnt);

		return len == packets->frames[i].len && !memcmp(data, packets->frames[i].data, len);
	}
	if (len != packets->size)
		return false;
	made_up(number, expected, len);
	return !memcmp(data, expected, len);
}
