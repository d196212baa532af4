/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory of processes that have gone. */

#include "peer_extmem.h"

/* rows R8: whoever was killed is attached no more */
static void killed_process_counts_as_detached(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	peer_fails(&peer[0], EBUSY, op_unregister, EXT_VA, EXT_PAGES);
	peer_kill(&peer[1]);
	peer_must(&peer[0], op_unregister, EXT_VA, EXT_PAGES);
	assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_NOTHING);
	/* Nor does it matter who registered. */
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[2], op_attach, EXT_VA, EXT_PAGES);
	peer_kill(&peer[0]);
	assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_ALL);
	peer_must(&peer[2], op_unregister, EXT_VA, EXT_PAGES);
	peers_fini(&peer[2], 1);
}

/* rows R8: of a list that nobody else was attached to nothing is left, and nobody gets it */
static void list_of_a_dead_process_alone_is_gone(void **state)
{
	static struct peer peer[2];

	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		bool killed = variant % 2;

		peers_init(peer, 2);
		peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
		peer_must(&peer[0], op_register, EXT_VA + 2 * EXT_LEN, EXT_PAGES);
		peer_must(&peer[1], op_attach, EXT_VA + 2 * EXT_LEN, EXT_PAGES);
		if (killed)
			peer_kill(&peer[0]);
		else
			peers_fini(peer, 1);
		if (variant < 2) {
			peer_fails(&peer[1], ENOENT, op_attach, EXT_VA, EXT_PAGES);
			ALL_SEE(&peer[1], SEES_NOTHING);
		}
		assert_int_equal(
			peer_call(&peer[1], op_view, EXT_VA + 2 * EXT_LEN, EXT_PAGES), SEES_ALL);
		peer_must(&peer[1], op_register, EXT_VA, EXT_PAGES);
		ALL_SEE(&peer[1], SEES_ALL);
		peers_fini(&peer[1], 1);
	}
}

/* rows R4: detaching leaves it for others, as long as there is anybody */
static void list_that_all_have_detached_stays_for_who_comes(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
	peer_must(&peer[0], op_detach, EXT_VA, EXT_PAGES);
	ALL_SEE(peer, SEES_LIST, SEES_LIST);
	peers_fini(peer, 1);
	ALL_SEE(&peer[1], SEES_LIST);
	peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
	ALL_SEE(&peer[1], SEES_ALL);
	peer_must(&peer[1], op_unregister, EXT_VA, EXT_PAGES);
	peers_fini(&peer[1], 1);
}

/* rows R8: its place in the table goes to another, which has attached nothing */
static void attachments_are_not_inherited_with_the_slot(void **state)
{
	static struct peer peer[3];

	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		peers_init(peer, 2);
		peer_must(&peer[0], op_register, EXT_VA, EXT_PAGES);
		peer_must(&peer[1], op_attach, EXT_VA, EXT_PAGES);
		if (killed)
			peer_kill(&peer[1]);
		else
			peers_fini(&peer[1], 1);
		peer_start(&peer[2], "heir");
		peer_must(&peer[2], op_init, RCUMEM_ATTACH_JOIN);
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 2);
		assert_int_equal(peer_call(&peer[2], op_view, EXT_VA, EXT_PAGES), SEES_LIST);
		peer_fails(&peer[2], ENOENT, op_detach, EXT_VA, EXT_PAGES);
		peer_must(&peer[0], op_unregister, EXT_VA, EXT_PAGES);
		peers_fini(peer, 1);
		peers_fini(&peer[2], 1);
	}
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(killed_process_counts_as_detached),
	PEER_CASE(list_of_a_dead_process_alone_is_gone),
	PEER_CASE(list_that_all_have_detached_stays_for_who_comes),
	PEER_CASE(attachments_are_not_inherited_with_the_slot),
};

PEER_MAIN("external memory of the dead", cases)
