# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here and files are the caller's.
# SPDX-License-Identifier: BSD-3-Clause
#
# What a guest is booted from, sourced by run: Debian's kernel, unpacked and never installed, and an
# initramfs.  All of it stands in $work, which the caller sets.

# The package of Debian's newest kernel for virtual machines, downloaded and unpacked once.
kernel_fetch()
{
	local dir=$work/kernel

	[ ! -e "$dir/done" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/deb"
	# In a new container there is no package index, and an old one names packages that are gone.
	kernel_download "$dir" || {
		timeout 300 apt-get -qq update >>"$dir/log" 2>&1
		kernel_download "$dir"
	} || {
		echo "cannot download Debian's kernel:"
		tail -n 5 "$dir/log"
		return 1
	}
	dpkg -x "$dir"/deb/*.deb "$dir" && rm -r "$dir/deb" && touch "$dir/done"
}

kernel_download()
{
	local package

	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
	[ -n "$package" ] && (cd "$1/deb" && timeout 300 apt-get download "$package") >>"$1/log" 2>&1
}

# Copy modules into the root $1, numbered in the order in which they load.
modules_add()
{
	local root=$1 name
	shift

	mkdir -p "$root/modules"
	for name; do
		module_add "$name"
	done
}

# One module, behind those it depends on.
module_add()
{
	local path depends

	path=$(find "$work/kernel/lib/modules" -name "${1//[-_]/[-_]}.ko" | head -n 1)
	[ -n "$path" ] || return 0 # Built in.
	! compgen -G "$root/modules/*-$(basename "$path")" >/dev/null || return 0
	for depends in $(module_depends "$path"); do
		module_add "$depends"
	done
	cp "$path" "$root/modules/$(printf '%02d' "$(find "$root/modules" -type f | wc -l)")-$(basename "$path")"
}

module_depends()
{
	LC_ALL=C sed -nz 's/^depends=//p' "$1" | tr ',\0' '  '
}

# Copy a program of the build into the root $2, without symbols, and the libraries that it names.
program_add()
{
	mkdir -p "$2/t"
	strip -o "$2/t/$(basename "$1")" "$1" 2>/dev/null || cp "$1" "$2/t/"
	libraries_add "$1" "$2"
}

libraries_add()
{
	local library

	for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
		file_add "$library" "$2"
	done
}

# Copy a file of this host to its place in the root $2: once, with what leads to it as links, for a
# library that is found by two names must be one.
file_add()
{
	local real

	real=$(realpath "$1")
	[ -e "$2$real" ] || install -D "$real" "$2$real"
	[ "$real" = "$1" ] || { mkdir -p "$2$(dirname "$1")" && ln -sf "$real" "$2$1"; }
}

# Pack the root $1 as $2.  All files are root's, whoever packs.
root_pack()
{
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet) >"$2"
}

# The initramfs with these programs, and the machine's files of this host.
initramfs_make()
{
	local root=$work/root program

	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,root,run,mnt,coverage,t,etc}
	cp /bin/busybox "$root/bin/"
	ln -s busybox "$root/bin/sh"
	cp "$here/init" "$root/init"
	chmod +x "$root/init"
	echo root:x:0:0::/root:/bin/sh >"$root/etc/passwd"
	for program; do
		program_add "$program" "$root"
	done
	for program in "${files[@]}"; do
		file_add "$program" "$root"
		libraries_add "$program" "$root"
	done
	modules_add "$root" virtio_pci virtio_blk vfio-pci vfio_iommu_type1
	root_pack "$root" "$work/base.cpio"
}
