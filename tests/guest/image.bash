# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here and modules_wanted are the caller's.
# SPDX-License-Identifier: BSD-3-Clause
#
# What a guest is booted from, sourced by run: Debian's kernels, unpacked and never installed, and
# an initramfs.  All of it stands in $work, which the caller sets.

# The packages that Debian's names of the newest kernels stand for, downloaded once.  $1: cloud, or
# generic, which has drivers of network cards and 9p.
kernel_fetch()
{
	local dir=$work/kernel-$1 meta=linux-image-cloud-amd64 package

	[ "$1" = cloud ] || meta=linux-image-amd64
	[ ! -e "$dir/done" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/deb"
	package=$(kernel_package "$meta")
	if [ -z "$package" ]; then # No package index, as in a new container.
		timeout 300 apt-get -qq update >"$dir/log" 2>&1
		package=$(kernel_package "$meta")
	fi
	# An index that is old names a package that is gone.
	(cd "$dir/deb" && timeout 300 apt-get download "$package" || {
		timeout 300 apt-get -qq update && timeout 300 apt-get download "$(kernel_package "$meta")"
	}) >>"$dir/log" 2>&1 || {
		echo "cannot download $meta:"
		tail -n 5 "$dir/log"
		return 1
	}
	dpkg -x "$dir"/deb/*.deb "$dir" && rm -r "$dir/deb" && touch "$dir/done"
}

kernel_package()
{
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# The kernel that QEMU boots.  The generic one is packed by xz, which takes seconds to unpack
# without hardware: its ELF image is taken out once.
kernel_image()
{
	local dir=$work/kernel-$1 packed at

	packed=$(echo "$dir"/boot/vmlinuz-*)
	if [ "$1" = cloud ]; then
		echo "$packed"
		return
	fi
	if [ ! -s "$dir/vmlinux" ]; then
		at=$(LC_ALL=C grep -abo -m 1 -P '\xfd7zXZ\x00' "$packed" | head -n 1 | cut -d: -f1)
		# What stands behind the packed kernel makes xz complain at its end.
		tail -c "+$((at + 1))" "$packed" | xz -dcq >"$dir/vmlinux" 2>/dev/null
	fi
	echo "$dir/vmlinux"
}

# Copy modules into the root $2, numbered in the order in which they load; $1: cloud or generic.
modules_add()
{
	local kernel=$work/kernel-$1 root=$2 name path
	shift 2

	mkdir -p "$root/modules"
	for name; do
		module_add "$name"
	done
}

# One module, behind those it depends on.
module_add()
{
	local path depends

	path=$(find "$kernel/lib/modules" -name "${1//[-_]/[-_]}.ko" | head -n 1)
	[ -n "$path" ] || return 0 # Built in.
	! compgen -G "$root/modules/*-$(basename "$path")" >/dev/null || return 0
	for depends in $(module_depends "$path"); do
		module_add "$depends"
	done
	cp "$path" "$root/modules/$(printf '%02d' "$(find "$root/modules" -type f | wc -l)")-$(basename "$path")"
}

module_depends()
{
	objcopy -O binary --only-section=.modinfo "$1" /dev/stdout | tr '\0' '\n' |
		sed -n 's/^depends=//p' | tr , ' '
}

# Copy a program and the libraries that it names into the root $2, without symbols.
program_add()
{
	local library

	mkdir -p "$2/t"
	strip -o "$2/t/$(basename "$1")" "$1" 2>/dev/null || cp "$1" "$2/t/"
	for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
		[ -e "$2$library" ] || install -D "$(realpath "$library")" "$2$library"
	done
}

# Pack the root $1 as $2.  All files are root's, whoever packs.
root_pack()
{
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet) >"$2"
}

# The initramfs for a kernel ($1) with the programs that follow.
initramfs_make()
{
	local kernel=$1 root=$work/root program name
	shift

	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,root,run,mnt,coverage,t,etc}
	cp /bin/busybox "$root/bin/"
	for name in $(/bin/busybox --list); do
		[ "$name" = busybox ] || ln -sf busybox "$root/bin/$name"
	done
	cp "$here/init" "$root/init"
	chmod +x "$root/init"
	echo root:x:0:0::/root:/bin/sh >"$root/etc/passwd"
	for program; do
		program_add "$program" "$root"
	done
	modules_add "$kernel" "$root" virtio_pci virtio_blk vfio-pci vfio_iommu_type1 \
		"${modules_wanted[@]}"
	root_pack "$root" "$work/base.cpio"
}
