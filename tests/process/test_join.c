/* SPDX-License-Identifier: BSD-3-Clause */
/* Joining and leaving: who creates, who joins, what the last one leaves. */

#include "peer_case.h"

/* rows M4: a newcomer sees everything at once */
static void newcomer_finds_what_is_there(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 1);
	va = peer_alloc(&peer[0], 3);
	peer_must(&peer[0], op_fill, va, 3, 'x');
	peer_start(&peer[1], "newcomer");
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_call(&peer[1], op_find, va, 3), 3);
	assert_int_equal(peer_call(&peer[1], op_holds, va, 3, 'x'), 1);
	peer_must(&peer[1], op_free, va, 3);
	assert_int_equal(peer_call(&peer[0], op_find, va, 3), 0);
	assert_int_equal(peer_call(&peer[0], op_backed, 0), 0);
	peers_fini(peer, 2);
	assert_int_equal(names_in("", NULL, 0), 0);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(newcomer_finds_what_is_there),
};

PEER_MAIN("joining", cases)
