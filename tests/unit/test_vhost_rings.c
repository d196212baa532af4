/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost-fwd and the rings of its peers: packets, hostile descriptors, memory that goes away. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vhost_client.h"

/* ---- Rings of a client ---- */

static struct vring_desc *desc_of(struct client *client, uint32_t ring)
{
	return (struct vring_desc *)(client->memory + (ring ? AT_TX_RING : AT_RX_RING));
}

static struct vring_avail *avail_of(struct client *client, uint32_t ring)
{
	return (struct vring_avail *)((char *)desc_of(client, ring) + AT_AVAIL);
}

static struct vring_used *used_of(struct client *client, uint32_t ring)
{
	return (struct vring_used *)((char *)desc_of(client, ring) + AT_USED);
}

static void start_ring(struct client *client, uint32_t ring)
{
	uint64_t at = (uint64_t)(uintptr_t)desc_of(client, ring), word = ring;
	struct vhost_vring_state num = {ring, RING_NUM}, base = {ring, 0}, on = {ring, 1};
	struct vhost_vring_addr addr = {
		.index = ring, .desc = at, .avail = at + AT_AVAIL, .used = at + AT_USED};
	int kick = eventfd(0, 0);

	assert_int_equal(client_tell(client, VHOST_SET_VRING_NUM, &num, sizeof(num), -1), 0);
	assert_int_equal(client_tell(client, VHOST_SET_VRING_BASE, &base, sizeof(base), -1), 0);
	assert_int_equal(client_tell(client, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1), 0);
	assert_int_equal(client_tell(client, VHOST_SET_VRING_KICK, &word, 8, kick), 0);
	assert_int_equal(client_tell(client, VHOST_SET_VRING_ENABLE, &on, sizeof(on), -1), 0);
	close(kick);
}

static void offer(struct client *client, uint32_t ring, uint16_t head)
{
	struct vring_avail *avail = avail_of(client, ring);

	avail->ring[avail->idx % RING_NUM] = head;
	__atomic_store_n(&avail->idx, avail->idx + 1, __ATOMIC_RELEASE);
}

/* Connected, one region, both rings running, one receive buffer offered. */
static struct client running_client(void)
{
	struct client client = client_connect();
	struct vhost_slot slot = client_slot(&client, 0, REGION_LEN);

	client_agree(&client);
	assert_int_equal(
		client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), client.file), 0);
	desc_of(&client, 0)[0] = (struct vring_desc){AT_PACKETS, 2048, VRING_DESC_WRITE, 0};
	start_ring(&client, 0);
	start_ring(&client, 1);
	offer(&client, 0, 0);
	return client;
}

static void await_used(struct client *client, uint32_t ring, uint16_t idx)
{
	for (unsigned int i = 0; i < 1000; i++) {
		if (__atomic_load_n(&used_of(client, ring)->idx, __ATOMIC_ACQUIRE) == idx)
			return;
		usleep(5000);
	}
	fail_msg("no buffer came back");
}

/* A chain that must end the connection: descriptor 0 as given. */
static void assert_chain_drops(struct vring_desc desc, uint16_t head, const char *why)
{
	unsigned int ends = ENDS();
	struct client client = running_client();

	desc_of(&client, 1)[0] = desc;
	offer(&client, 1, head);
	assert_dropped(&client, why, ends);
}

/* ---- Rings ---- */

static void a_packet_comes_back_and_its_length_with_it(void **state)
{
	struct client client = running_client();
	char *sent = client.memory + AT_PACKETS + 4096, *back = client.memory + AT_PACKETS;

	memset(sent + sizeof(struct virtio_net_hdr), 0x5a, 100);
	desc_of(&client, 1)[0] = (struct vring_desc){AT_PACKETS + 4096, 112, 0, 0};
	offer(&client, 1, 0);
	await_used(&client, 0, 1);
	await_used(&client, 1, 1);
	assert_int_equal(used_of(&client, 0)->ring[0].len, 112);
	assert_int_equal(((struct virtio_net_hdr *)back)->num_buffers, 1);
	assert_memory_equal(sent + 12, back + 12, 100);
	client_close(&client);
}

static void hostile_descriptors_end_the_connection(void **state)
{
	assert_chain_drops((struct vring_desc){1ull << 40, 100, 0, 0}, 0, "in no region");
	assert_chain_drops((struct vring_desc){REGION_LEN - 50, 100, 0, 0}, 0, "in no region");
	assert_chain_drops((struct vring_desc){UINT64_MAX - 50, 100, 0, 0}, 0, "in no region");
	assert_chain_drops((struct vring_desc){AT_PACKETS, 100, VRING_DESC_NEXT, 0}, 0, "a loop");
	assert_chain_drops(
		(struct vring_desc){AT_PACKETS, 100, VRING_DESC_NEXT, 99}, 0, "outside the ring");
	assert_chain_drops((struct vring_desc){AT_PACKETS, 100, 0, 0}, 99, "outside the ring");
	assert_chain_drops(
		(struct vring_desc){AT_PACKETS, 100, VRING_DESC_WRITE, 0}, 0, "wrong direction");
	assert_chain_drops(
		(struct vring_desc){AT_PACKETS, 100, VRING_DESC_INDIRECT, 0}, 0, "indirect");
	assert_chain_drops((struct vring_desc){AT_PACKETS, 5, 0, 0}, 0, "shorter than its header");
	assert_chain_drops((struct vring_desc){0, 0, 0, 0}, 0, "shorter than its header");
}

static void an_impossible_available_index_ends_the_connection(void **state)
{
	unsigned int ends = ENDS();
	struct client client = running_client();

	__atomic_store_n(&avail_of(&client, 1)->idx, RING_NUM + 1, __ATOMIC_RELEASE);
	assert_dropped(&client, "further ahead than the ring", ends);
}

static void a_receive_buffer_in_no_region_ends_the_connection(void **state)
{
	unsigned int ends = ENDS();
	struct client client = running_client();

	desc_of(&client, 0)[0].addr = 1ull << 40;
	desc_of(&client, 1)[0] = (struct vring_desc){AT_PACKETS, 100, 0, 0};
	offer(&client, 1, 0);
	assert_dropped(&client, "in no region", ends);
}

static void truncated_memory_costs_the_connection_not_the_process(void **state)
{
	unsigned int ends = ENDS();
	struct client client = running_client();

	assert_int_equal(ftruncate(client.file, 0), 0);
	assert_dropped(&client, "SIGBUS", ends);
	a_packet_comes_back_and_its_length_with_it(state);
}

static void removing_the_region_of_a_ring_stops_it_and_adding_it_starts_it_again(void **state)
{
	struct client client = running_client();
	struct vhost_slot slot = client_slot(&client, 0, REGION_LEN);

	assert_int_equal(client_tell(&client, VHOST_REM_MEM_REG, &slot, sizeof(slot), -1), 0);
	desc_of(&client, 1)[0] = (struct vring_desc){AT_PACKETS + 4096, 112, 0, 0};
	offer(&client, 1, 0);
	usleep(50000);
	assert_int_equal(used_of(&client, 1)->idx, 0);
	assert_int_equal(
		client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), client.file), 0);
	await_used(&client, 0, 1);
	client_close(&client);
}

/* ---- Interrupts ---- */

/* A client that is interrupted for both rings, by `calls`. */
static struct client client_with_calls(int calls[2])
{
	struct client client = running_client();

	for (uint64_t ring = 0; ring < 2; ring++) {
		calls[ring] = eventfd(0, 0);
		assert_int_equal(client_tell(&client, VHOST_SET_VRING_CALL, &ring, sizeof(ring),
					 calls[ring]),
			0);
	}
	desc_of(&client, 1)[0] = (struct vring_desc){AT_PACKETS + 4096, 112, 0, 0};
	return client;
}

static void client_with_calls_close(struct client *client, const int calls[2])
{
	close(calls[0]);
	close(calls[1]);
	client_close(client);
}

static void each_burst_is_an_interrupt(void **state)
{
	const uint16_t packets = 300; /* More than are taken back at a time. */
	int calls[2];
	struct client client = client_with_calls(calls);

	for (uint16_t i = 1; i <= packets; i++) {
		offer(&client, 1, 0);
		await_used(&client, 0, i);
		offer(&client, 0, 0);
	}
	for (unsigned int ring = 0; ring < 2; ring++) {
		eventfd_t sum = 0, cnt;

		while (sum < packets && eventfd_read(calls[ring], &cnt) == 0)
			sum += cnt;
		assert_int_equal(sum, packets);
	}
	client_with_calls_close(&client, calls);
}

/* The peer's descriptor is the same open file as that of the back end, O_NONBLOCK and all. */
static void an_interrupt_that_cannot_be_added_stops_nobody(void **state)
{
	int calls[2];
	struct client client = client_with_calls(calls);

	for (unsigned int ring = 0; ring < 2; ring++) {
		assert_int_equal(fcntl(calls[ring], F_SETFL, 0), 0);
		assert_int_equal(eventfd_write(calls[ring], UINT64_MAX - 1), 0);
	}
	for (uint16_t i = 1; i <= 3; i++) {
		offer(&client, 1, 0);
		await_used(&client, 0, i);
		offer(&client, 0, 0);
	}
	client_with_calls_close(&client, calls);
}

/* ---- Traffic ---- */

/* Our own front end checks every packet; its exit status says what came of it. */
static pid_t start_peer(char *path, char *const *options)
{
	char program[256], *argv[16] = {program, "--socket", path};
	int argc = 3;
	pid_t pid;

	build_path(program, sizeof(program), "vhost-peer");
	while (*options && argc < 15)
		argv[argc++] = *options++;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execv(program, argv);
		_exit(127);
	}
	return pid;
}

static void assert_peer_ends_well(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void assert_peer_passes(char *const *options)
{
	assert_peer_ends_well(start_peer(backend.path, options));
}

static void packets_survive_regions_that_come_and_go(void **state)
{
	assert_peer_passes(
		(char *[]){"--seconds", "2", "--rate", "300", "--region-kb", "256", NULL});
}

static void packets_larger_than_a_buffer_arrive_in_several(void **state)
{
	assert_peer_passes((char *[]){"--packets", "20000", "--seconds", "20", "--size", "1000",
		"--rx-buffer", "100", NULL});
}

static void guests_at_the_same_addresses_do_not_meet(void **state)
{
	char *options[] = {"--seconds", "2", "--rate", "200", "--regions", "10", NULL};
	char second[128];
	pid_t peers[2];

	snprintf(second, sizeof(second), "%s/second", backend.dir);
	backend_stop();
	backend_start((char *[]){"--socket", second, NULL});
	/* Sizes differ, so that a packet of the other guest is seen. */
	peers[0] = start_peer(backend.path, options);
	options[3] = "300";
	options[4] = "--size";
	options[5] = "400";
	peers[1] = start_peer(second, options);
	assert_peer_ends_well(peers[0]);
	assert_peer_ends_well(peers[1]);
}

static void the_scan_moves_the_same_packets(void **state)
{
	backend_stop();
	backend_start((char *[]){"--lookup", "scan", "--pad-regions", "20", NULL});
	packets_survive_regions_that_come_and_go(state);
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
		cmocka_unit_test(a_packet_comes_back_and_its_length_with_it),
		cmocka_unit_test(hostile_descriptors_end_the_connection),
		cmocka_unit_test(an_impossible_available_index_ends_the_connection),
		cmocka_unit_test(a_receive_buffer_in_no_region_ends_the_connection),
		cmocka_unit_test(truncated_memory_costs_the_connection_not_the_process),
		cmocka_unit_test(
			removing_the_region_of_a_ring_stops_it_and_adding_it_starts_it_again),
		cmocka_unit_test(each_burst_is_an_interrupt),
		cmocka_unit_test(an_interrupt_that_cannot_be_added_stops_nobody),
		cmocka_unit_test(packets_survive_regions_that_come_and_go),
		cmocka_unit_test(packets_larger_than_a_buffer_arrive_in_several),
		cmocka_unit_test(nothing_is_left_of_all_these_connections),
		cmocka_unit_test(guests_at_the_same_addresses_do_not_meet),
		cmocka_unit_test(the_scan_moves_the_same_packets),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
