/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost-fwd and the messages of its peers, friendly and hostile: a process apart, over its socket.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vhost_client.h"

/* ---- Messages ---- */

static void features_slots_and_answers_are_as_offered(void **state)
{
	struct client client = client_connect();

	assert_int_equal(client_ask(&client, VHOST_GET_FEATURES),
		VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF | VHOST_F_PROTOCOL_FEATURES);
	assert_int_equal(client_ask(&client, VHOST_GET_PROTOCOL_FEATURES),
		VHOST_PROTOCOL_F_REPLY_ACK | VHOST_PROTOCOL_F_MEM_SLOTS);
	assert_int_equal(client_ask(&client, VHOST_GET_MAX_MEM_SLOTS), 509);
	client_close(&client);
}

static void malformed_messages_end_the_connection(void **state)
{
	static const struct {
		struct vhost_header hdr;
		uint32_t len;
		unsigned int fds;
		const char *why;
	} bad[] = {
		{{VHOST_GET_FEATURES, 2, 0}, 0, 0, "another protocol version"},
		{{VHOST_SET_FEATURES, 1, 1u << 30}, 0, 0, "longer than any request"},
		{{4711, 1, 0}, 0, 0, "unknown request 4711"},
		{{0, 1, 0}, 0, 0, "unknown request 0"},
		{{VHOST_GET_FEATURES, 1 | VHOST_FLAG_REPLY, 0}, 0, 0, "nobody asked for"},
		{{VHOST_SET_FEATURES, 1, 4}, 4, 0, "request 2 with 4 bytes"},
		{{VHOST_SET_MEM_TABLE, 1, 8}, 8, 0, "a table of"},
		{{VHOST_SET_OWNER, 1, 0}, 0, 1, "request 3 with 1 descriptors"},
		{{VHOST_SET_MEM_TABLE, 1, 8}, 8, 20, "more descriptors than"},
		{{VHOST_SET_VRING_NUM, 1, 8}, 8, 0, "ring 33686018 of a guest that has two"},
		{{VHOST_SET_VRING_KICK, 1, 8}, 8, 0, "guest that has two"},
	};
	char payload[8];

	memset(payload, 2, sizeof(payload));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned int ends = ENDS();
		struct client client = client_connect();

		client_send_raw(&client, &bad[i].hdr, payload, bad[i].len, client.file, bad[i].fds);
		assert_dropped(&client, bad[i].why, ends);
	}
}

static void half_a_message_and_a_hang_up_leave_nothing(void **state)
{
	struct vhost_header hdr = {VHOST_SET_MEM_TABLE, 1, 40};
	unsigned int ends = ENDS();
	struct client client = client_connect();

	client_send_raw(&client, &hdr, "half", 4, client.file, 3);
	shutdown(client.sock, SHUT_WR);
	assert_dropped(&client, "the peer closed the connection", ends);
}

static void regions_that_cannot_be_are_refused_with_an_answer(void **state)
{
	struct client client = client_connect();
	struct vhost_slot good = client_slot(&client, 0, REGION_LEN);
	struct vhost_slot bad[] = {
		client_slot(&client, 1u << 20, REGION_LEN + 1), /* Longer than its file. */
		client_slot(&client, 1u << 20, 0),
		client_slot(&client, REGION_LEN - 1, 4096), /* Overlaps the good one. */
		client_slot(&client, UINT64_MAX - 100, 4096),
		client_slot(&client, 1u << 20, 4096),
	};

	bad[4].region.mmap_off = UINT64_MAX - 100;
	client_agree(&client);
	assert_int_equal(
		client_tell(&client, VHOST_ADD_MEM_REG, &good, sizeof(good), client.file), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(client_tell(&client, VHOST_ADD_MEM_REG, &bad[i], sizeof(bad[i]),
					 client.file),
			1);
	assert_int_equal(client_tell(&client, VHOST_REM_MEM_REG, &bad[0], sizeof(bad[0]), -1), 1);
	assert_int_equal(client_tell(&client, VHOST_REM_MEM_REG, &good, sizeof(good), -1), 0);
	assert_int_equal(count_mappings(), 0);
	client_close(&client);
}

static void memory_of_a_file_system_that_may_wait_is_refused(void **state)
{
	struct client client = client_connect();
	struct vhost_slot slot = client_slot(&client, 0, REGION_LEN);
	char folder[512];
	int file;

	build_path(folder, sizeof(folder), "");
	file = open(folder, O_TMPFILE | O_RDWR, 0600);
	client_agree(&client);
	if (file >= 0 && fcntl(file, F_GET_SEALS) < 0) { /* Not where that is a tmpfs. */
		assert_int_equal(ftruncate(file, REGION_LEN), 0);
		assert_int_equal(
			client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), file), 1);
	}
	if (file >= 0)
		close(file);
	client_close(&client);
}

static void a_table_with_a_region_twice_is_refused(void **state)
{
	struct client client = client_connect();
	struct vhost_slot slot = client_slot(&client, 0, REGION_LEN);
	struct {
		uint32_t cnt, padding;
		struct vhost_region regions[2];
	} table = {1, 0, {slot.region, slot.region}};
	struct vhost_header hdr = {
		VHOST_SET_MEM_TABLE, VHOST_FLAG_VERSION | VHOST_FLAG_NEED_REPLY, sizeof(table)};

	client_agree(&client);
	for (uint32_t i = 0; i < 3; i++) { /* Refused alone, and beside what is there. */
		table.cnt = i == 1 ? 1 : 2;
		hdr.size = (uint32_t)(8 + table.cnt * sizeof(slot.region));
		client_send_raw(&client, &hdr, &table, hdr.size, client.file, table.cnt);
		assert_int_equal(client_answer(&client), i == 1 ? 0 : 1);
	}
	assert_int_equal(count_mappings(), 1);
	client_close(&client);
}

static void slots_509_are_accepted_and_the_next_is_not(void **state)
{
	struct client client = client_connect();

	client_agree(&client);
	for (unsigned int i = 0; i <= 509; i++) {
		struct vhost_slot slot = client_slot(&client, (uint64_t)i << 21, REGION_LEN);

		assert_int_equal(
			client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), client.file),
			i == 509);
	}
	assert_int_equal(count_mappings(), 509);
	client_close(&client);
}

static void unsealed_memory_is_refused_where_seals_are_required(void **state)
{
	struct client client;
	struct vhost_slot slot;

	backend_stop();
	backend_start((char *[]){"--require-seals", NULL});
	client = client_connect();
	slot = client_slot(&client, 0, REGION_LEN);
	client_agree(&client);
	assert_int_equal(
		client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), client.file), 1);
	client_close(&client);
}

/* Must be the last of those that use one process. */
static void nothing_is_left_of_all_these_connections(void **state)
{
	unsigned int *before = *state;

	/* The last client has closed its end; the other end follows. */
	for (unsigned int i = 0; i < 100 && count_descriptors() > *before; i++)
		usleep(20000);
	assert_int_equal(count_descriptors(), *before);
	assert_int_equal(count_mappings(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_slots_and_answers_are_as_offered),
		cmocka_unit_test(malformed_messages_end_the_connection),
		cmocka_unit_test(half_a_message_and_a_hang_up_leave_nothing),
		cmocka_unit_test(regions_that_cannot_be_are_refused_with_an_answer),
		cmocka_unit_test(memory_of_a_file_system_that_may_wait_is_refused),
		cmocka_unit_test(a_table_with_a_region_twice_is_refused),
		cmocka_unit_test(slots_509_are_accepted_and_the_next_is_not),
		cmocka_unit_test(nothing_is_left_of_all_these_connections),
		cmocka_unit_test(unsealed_memory_is_refused_where_seals_are_required),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
