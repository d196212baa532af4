/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_VFIO_H
#define SUPPORT_VFIO_H

/*
 * QEMU's "edu" device behind an IOMMU, driven through VFIO: it copies between
 * its own buffer and memory, by IO addresses, about 100 ms after it is told to.
 *
 * A transfer of all its 4096 bytes ends QEMU 7.2: COPY_MAX stays below.
 */

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "support.h"

#define EDU_BUFFER   0x40000ull /* Address of its buffer, as the device knows it. */
#define EDU_COPY_MAX 2048u
#define EDU_SRC      0x80
#define EDU_DST      0x88
#define EDU_CNT      0x90
#define EDU_CMD      0x98
#define EDU_START    1ull
#define EDU_TO_RAM   2ull

static struct {
	char address[32]; /* 0000:00:04.0 */
	int container, group, device;
	char *bar;
} vfio = {.container = -1, .group = -1, .device = -1};

/* ---- Finding it ---- */

static inline long pci_number(const char *device, const char *file)
{
	char path[320];
	FILE *f;
	unsigned int value = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, file);
	f = fopen(path, "re");
	if (f && fscanf(f, "%x", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static inline bool sys_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool ok = f && fputs(text, f) >= 0;

	return f && fclose(f) == 0 && ok;
}

/* The device's address, and its driver: vfio-pci.  False: there is no such device. */
static inline bool vfio_bind(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	char path[320];

	vfio.address[0] = 0;
	while (dir && (entry = readdir(dir)))
		if (pci_number(entry->d_name, "vendor") == 0x1234 &&
			pci_number(entry->d_name, "device") == 0x11e8)
			snprintf(vfio.address, sizeof(vfio.address), "%.31s", entry->d_name);
	if (dir)
		closedir(dir);
	if (!vfio.address[0])
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", vfio.address);
	return sys_write(path, "vfio-pci") && sys_write("/sys/bus/pci/drivers_probe", vfio.address);
}

/* Its IOMMU group, which is there behind an IOMMU only; -1. */
static inline int vfio_group_number(void)
{
	char path[320], target[256] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", vfio.address);
	if (readlink(path, target, sizeof(target) - 1) < 0 || !strrchr(target, '/'))
		return -1;
	return atoi(strrchr(target, '/') + 1);
}

/* ---- Opening it ---- */

static inline void vfio_master(void)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX};
	uint16_t command;

	assert_int_equal(ioctl(vfio.device, VFIO_DEVICE_GET_REGION_INFO, &config), 0);
	assert_int_equal(pread(vfio.device, &command, 2, (off_t)config.offset + PCI_COMMAND), 2);
	command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	assert_int_equal(pwrite(vfio.device, &command, 2, (off_t)config.offset + PCI_COMMAND), 2);
}

static inline void vfio_open(void)
{
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", vfio_group_number());
	vfio.container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	vfio.group = open(path, O_RDWR | O_CLOEXEC);
	assert_true(vfio.container >= 0 && vfio.group >= 0);
	assert_int_equal(ioctl(vfio.container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU), 1);
	assert_int_equal(ioctl(vfio.group, VFIO_GROUP_SET_CONTAINER, &vfio.container), 0);
	assert_int_equal(ioctl(vfio.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	vfio.device = ioctl(vfio.group, VFIO_GROUP_GET_DEVICE_FD, vfio.address);
	assert_true(vfio.device >= 0);
	assert_int_equal(ioctl(vfio.device, VFIO_DEVICE_GET_REGION_INFO, &bar), 0);
	vfio.bar = mmap(
		NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio.device, (off_t)bar.offset);
	assert_ptr_not_equal(vfio.bar, MAP_FAILED);
	vfio_master();
}

static inline void vfio_close(void)
{
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};

	if (vfio.device < 0)
		return;
	ioctl(vfio.device, VFIO_DEVICE_GET_REGION_INFO, &bar);
	munmap(vfio.bar, bar.size);
	close(vfio.device);
	close(vfio.group);
	close(vfio.container);
	vfio.device = vfio.group = vfio.container = -1;
}

/* ---- Its mappings: 0, or an errno ---- */

static inline int vfio_map(const void *va, uint64_t iova, uint64_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uint64_t)(uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	return ioctl(vfio.container, VFIO_IOMMU_MAP_DMA, &map) ? errno : 0;
}

static inline int vfio_unmap(uint64_t iova, uint64_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len};

	if (ioctl(vfio.container, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return errno;
	return unmap.size == len ? 0 : ENOENT;
}

/* ---- Its DMA ---- */

static inline void edu_write(unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(void *)(vfio.bar + reg) = value;
}

static inline bool edu_busy(void)
{
	return *(volatile uint64_t *)(void *)(vfio.bar + EDU_CMD) & EDU_START;
}

static inline void edu_wait(void)
{
	for (int ms = 0; edu_busy(); ms++) {
		if (ms > 10000)
			fail_msg("the device does not come to an end");
		sleep_ms(1);
	}
}

/* Begin a transfer between its buffer and an IO address, and do not wait. */
static inline void edu_begin(uint64_t iova, unsigned int len, bool to_ram)
{
	edu_wait();
	edu_write(EDU_SRC, to_ram ? EDU_BUFFER : iova);
	edu_write(EDU_DST, to_ram ? iova : EDU_BUFFER);
	edu_write(EDU_CNT, len);
	edu_write(EDU_CMD, EDU_START | (to_ram ? EDU_TO_RAM : 0));
}

static inline void edu_load(uint64_t iova, unsigned int len)
{
	edu_begin(iova, len, false);
	edu_wait();
}

static inline void edu_store(uint64_t iova, unsigned int len)
{
	edu_begin(iova, len, true);
	edu_wait();
}

#endif /* SUPPORT_VFIO_H */
