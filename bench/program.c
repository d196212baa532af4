/* SPDX-License-Identifier: BSD-3-Clause */
/* The program around bench_main(), which is in a shared object: see meson.build. */
#include "shim.h"

int main(int argc, char **argv)
{
	return bench_main(argc, argv);
}
