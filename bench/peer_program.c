/* SPDX-License-Identifier: BSD-3-Clause */
/* The main() of both sides of tools/bench-dpdk. */
#include "peer.h"

int main(int argc, char **argv)
{
	return peer_main(argc, argv);
}
