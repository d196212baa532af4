# shellcheck shell=bash
# shellcheck disable=SC2034 # What is set here is read by run.
# SPDX-License-Identifier: BSD-3-Clause
#
# The machines that guests are, sourced by run, and what each of them runs.  A function sets
#   about   one line for --list
#   qemu    arguments beside those of every guest
#   kargs   words for the guest's kernel
#   pages   sizes of which there are pages on every node, in KiB
#   job     commands in the guest, a line each: "check NAME COMMAND..." runs a test, and
#           "planted NAME CASE COMMAND..." one with that bug, whose CASE must fail
#   programs   what its tests start, beside themselves; files: the same, of this machine's
#   disk    size of a disk, /dev/vda, that may be written over
#   limit   seconds from start to end; a busy host without hardware support needs several times
#           what a quiet one does

machines_short=(numa2 iommu)
machines_long=(numa2 numa4 sparse cpuonly huge1g iommu iommu48 nodes33 cpus64 dpdk testpmd)

# Nodes 0, 1, ... of a machine: each SIZE:CPUS, where 0 is no memory and - no CPU.
nodes()
{
	local node=0 at size cpus

	for at; do
		size=${at%:*} cpus=${at#*:}
		[ "$size" = 0 ] || qemu+=(-object "memory-backend-ram,id=m$node,size=$size")
		[ "$size" = 0 ] && size='' || size=,memdev=m$node
		[ "$cpus" = - ] && cpus='' || cpus=,cpus=$cpus
		qemu+=(-numa "node,nodeid=$node$cpus$size")
		node=$((node + 1))
	done
}

# Distances of node $1 from those that follow, as NODE=DISTANCE; both ways.
distances()
{
	local from=$1 to
	shift

	for to; do
		qemu+=(-numa "dist,src=$from,dst=${to%=*},val=${to#*=}")
	done
}

# The tests of NUMA; $@ tells which nodes there must be.
numa_job()
{
	job=(
		"check numa $* /t/test_numa"
		"check policy /t/test_numa_policy"
		"check socket /t/test_numa_socket"
	)
}

machine_numa2()
{
	about="two nodes; pages of 4 KiB and 2 MiB"
	qemu=(-m 1G -smp "2,sockets=2")
	nodes 512M:0 512M:1
	kargs="hugepagesz=2M hugepages=0:48,1:48"
	numa_job NUMA_MEMORY=0,1 NUMA_CPUS=0,1
	job+=(
		"planted mbind_only pages_are_on_the_socket_that_was_named /t/planted_numa"
	)
}

machine_numa4()
{
	about="four nodes in a ring, node 2 far from all"
	qemu=(-m 2G -smp "4,sockets=4")
	nodes 512M:0 512M:1 512M:2 512M:3
	distances 0 1=15 2=40 3=21
	distances 1 0=15 2=45 3=17
	distances 2 0=40 1=45 3=50
	distances 3 0=21 1=17 2=50
	kargs="hugepagesz=2M hugepages=0:40,1:40,2:40,3:40"
	numa_job NUMA_MEMORY=0,1,2,3 NUMA_CPUS=0,1,2,3
}

# Linux numbers the node without CPUs last.
machine_sparse()
{
	about="node 1 has CPUs only, node 2 memory only: the numbers of memory have a gap"
	qemu=(-m 1G -smp "2,sockets=2")
	nodes 512M:0 512M:- 0:1
	distances 0 1=21 2=25
	distances 1 0=21 2=12
	distances 2 0=25 1=12
	kargs="hugepagesz=2M hugepages=0:48,2:48"
	numa_job NUMA_MEMORY=0,2 NUMA_CPUS=0,1
}

machine_cpuonly()
{
	about="two nodes, of which one has all the memory"
	qemu=(-m 1G -smp "2,sockets=2")
	nodes 1G:0 0:1
	kargs="hugepagesz=2M hugepages=64"
	numa_job NUMA_MEMORY=0 NUMA_CPUS=0,1
}

machine_huge1g()
{
	about="two nodes; pages of 1 GiB"
	qemu=(-m 6G -smp "2,sockets=2")
	nodes 4G:0 2G:1
	kargs="hugepagesz=1G hugepages=0:1,1:1 hugepagesz=2M hugepages=0:40,1:40" pages=4,2048,1048576
	numa_job NUMA_MEMORY=0,1 NUMA_CPUS=0,1
	limit=1200 # Clearing a page of 1 GiB takes one to three seconds.
}

machine_iommu()
{
	about="a device behind an IOMMU of 39 bits"
	qemu=(-m 1G -smp "2,sockets=2" -device intel-iommu -device "edu,addr=4,dma_mask=0xffffffffffffffff")
	disk=16M
	kargs="hugepagesz=2M hugepages=32"
	job=(
		"check dma DMA_WIDTH=39 /t/test_dma"
		"check unplug DMA_WIDTH=39 /t/test_dma_unplug"
		"planted late unplugged_segment_is_not_reached DMA_WIDTH=39 /t/test_dma_unplug"
		"mkswap /dev/vda >/dev/null"
		"check pa RCUMEM_TEST_PAGES=4k,2m PA_SWAP=/dev/vda /t/test_pa"
		"planted neighbour device_copies_through_translated_addresses DMA_WIDTH=39 /t/test_dma"
	)
}

machine_iommu48()
{
	about="a device behind an IOMMU of 48 bits; pages of 1 GiB"
	qemu=(-m 5G -smp "2,sockets=2" -device "intel-iommu,aw-bits=48" -device "edu,addr=4,dma_mask=0xffffffffffffffff")
	kargs="hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=32" pages=4,2048,1048576
	limit=300
	job=("check dma DMA_WIDTH=48 /t/test_dma" "check unplug DMA_WIDTH=48 /t/test_dma_unplug")
}

# Node 32 is beyond what the library counts; 0 has room for the kernel.
machine_nodes33()
{
	local node list=(512M:0)

	about="33 nodes, one more than there can be"
	for ((node = 1; node <= 32; node++)); do
		list+=("160M:$([ "$node" = 1 ] && echo 1 || echo -)")
	done
	qemu=(-m 5632M -smp "2,sockets=2")
	nodes "${list[@]}"
	pages=4
	job=("check numa NUMA_MEMORY=$(seq -s, 0 31) NUMA_CPUS=0,1 /t/test_numa")
	limit=300
}

# With a thread for each CPU, QEMU's firmware takes minutes to wake so many.
machine_cpus64()
{
	about="64 CPUs: a reader on each, and 64 processes"
	accel=tcg,thread=single
	qemu=(-m 3G -smp 64)
	job=("check many RCUMEM_TEST_PAGES=4k /t/test_many")
	limit=1200
}

machine_dpdk()
{
	about="two nodes: DPDK's EAL beside rcumem"
	qemu=(-m 1G -smp "2,sockets=2")
	nodes 512M:0 512M:1
	kargs="hugepagesz=2M hugepages=0:40,1:40"
	job=("check dpdk RCUMEM_TEST_PAGES=2m /t/test_dpdk")
	programs=(dpdk_nodes)
}

# testpmd and the drivers that it needs come from this machine.
machine_testpmd()
{
	local drivers=/usr/lib/x86_64-linux-gnu/dpdk/pmds-

	about="two e1000e behind an IOMMU: Debian's testpmd forwards from pages of rcumem"
	qemu=(-m 1G -smp "2,sockets=2" -device intel-iommu -netdev "hubport,id=n0,hubid=0"
		-netdev "hubport,id=n1,hubid=0" -device "e1000e,netdev=n0,mac=52:54:00:12:34:56"
		-device "e1000e,netdev=n1,mac=52:54:00:12:34:57")
	kargs="hugepagesz=2M hugepages=160"
	job=("check testpmd /t/test_testpmd")
	programs=(testpmd_memory.so)
	files=(/usr/bin/dpdk-testpmd "$drivers"*/librte_{bus_pci,bus_vdev,mempool_ring,net_e1000}.so.*)
	limit=300
}
