/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_PROTOCOL_H
#define VHOST_PROTOCOL_H

/*
 * The vhost-user messages and the split ring, as both ends lay them out.
 *
 * Numbers and layouts are those of the vhost-user specification and of virtio
 * 1.1; all fields are little endian, as the machine is.
 */

#include <stdint.h>

enum vhost_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_GET_MAX_MEM_SLOTS = 36,
	VHOST_ADD_MEM_REG = 37,
	VHOST_REM_MEM_REG = 38,
	VHOST_REQUEST_END,
};

#define VHOST_FLAG_VERSION      1u /* Bits 0 and 1: the version, always 1. */
#define VHOST_FLAG_VERSION_MASK 3u
#define VHOST_FLAG_REPLY        (1u << 2)
#define VHOST_FLAG_NEED_REPLY   (1u << 3)

/* Feature bits of the device and of the protocol. */
#define VIRTIO_NET_F_MRG_RXBUF     (1ULL << 15)
#define VHOST_F_PROTOCOL_FEATURES  (1ULL << 30)
#define VIRTIO_F_VERSION_1         (1ULL << 32)
#define VHOST_PROTOCOL_F_REPLY_ACK (1ULL << 3)
#define VHOST_PROTOCOL_F_MEM_SLOTS (1ULL << 15)

/* Regions that one SET_MEM_TABLE can name, and so descriptors that a message can carry. */
#define VHOST_TABLE_REGIONS 8
#define VHOST_MAX_FDS       VHOST_TABLE_REGIONS

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* Bytes of payload. */
};

struct vhost_region {
	uint64_t gpa;      /* What descriptors say. */
	uint64_t len;      /* Bytes. */
	uint64_t uaddr;    /* Where the front end has it; ring addresses are given in these. */
	uint64_t mmap_off; /* Of its first byte in the file. */
};

struct vhost_table {
	uint32_t cnt;
	uint32_t padding;
	struct vhost_region regions[VHOST_TABLE_REGIONS];
};

struct vhost_slot {
	uint64_t padding;
	struct vhost_region region;
};

struct vhost_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

union vhost_payload {
	uint64_t u64;
	struct vhost_table table;
	struct vhost_slot slot;
	struct vhost_vring_state state;
	struct vhost_vring_addr addr;
};

/* The descriptor's number in SET_VRING_KICK, _CALL and _ERR. */
#define VHOST_VRING_INDEX_MASK 0xffULL
#define VHOST_VRING_NO_FD      0x100ULL

/* ---- Split ring ---- */

#define VRING_DESC_NEXT     1u
#define VRING_DESC_WRITE    2u
#define VRING_DESC_INDIRECT 4u

#define VRING_USED_NO_NOTIFY     1u /* The device polls: kicks are not needed. */
#define VRING_AVAIL_NO_INTERRUPT 1u

#define VRING_NUM_MAX 32768u

struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct vring_used_elem {
	uint32_t id;
	uint32_t len;
};

struct vring_used {
	uint16_t flags;
	uint16_t idx;
	struct vring_used_elem ring[];
};

/* In front of every packet once VERSION_1 or MRG_RXBUF is agreed. */
struct virtio_net_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

static inline uint64_t vring_desc_len(uint32_t num)
{
	return sizeof(struct vring_desc) * num;
}

static inline uint64_t vring_avail_len(uint32_t num)
{
	return sizeof(struct vring_avail) + sizeof(uint16_t) * num;
}

static inline uint64_t vring_used_len(uint32_t num)
{
	return sizeof(struct vring_used) + sizeof(struct vring_used_elem) * num;
}

#endif /* VHOST_PROTOCOL_H */
