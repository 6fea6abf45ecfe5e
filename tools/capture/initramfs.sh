#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the initramfs of a capture guest: busybox, the kernel modules named and what they depend on, guest/init, a workload.
# usage: tools/capture/initramfs.sh --root DIR --version V --busybox FILE --modules "M ..." --workload SCRIPT -o FILE
#   --root DIR    holds lib/modules/V or usr/lib/modules/V
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
die() { echo "initramfs.sh: $*" >&2; exit 2; }
root="" version="" busybox="" modules="" workload="" out=""
while [ $# -gt 1 ]; do
	case $1 in
	--root) root=$2 ;;
	--version) version=$2 ;;
	--busybox) busybox=$2 ;;
	--modules) modules=$2 ;;
	--workload) workload=$2 ;;
	-o) out=$2 ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
if [ -z "$out" ] || [ ! -r "$busybox" ] || [ ! -r "$workload" ]; then
	die "--busybox, --workload and -o are needed, and their files"
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
src=
for d in "$root/lib/modules/$version" "$root/usr/lib/modules/$version"; do [ -d "$d/kernel" ] && src=$d; done
declare -A seen
add() { # a module and what it depends on
	local m=${1//-/_} f d
	[ -z "${seen[$m]:-}" ] || return 0
	seen[$m]=1
	f=$(find "$src/kernel" \( -name "${m//_/[-_]}.ko" -o -name "${m//_/[-_]}.ko.*" \) -print -quit)
	if [ -z "$f" ]; then
		grep -q "/${m//_/[-_]}\.ko" "$src/modules.builtin" 2>/dev/null && return 0
		die "no module $1 in $src"
	fi
	d=$tree/lib/modules/$version/kernel/${f##*/}
	case $f in
	*.xz) xz -dc "$f" >"${d%.xz}" ;;
	*.zst) zstd -qdc "$f" >"${d%.zst}" ;;
	*) cp "$f" "$d" ;;
	esac
	d=${d%.xz}
	for d in $(modinfo -F depends "${d%.zst}" | tr ',' ' '); do add "$d"; done
}
mkdir -p "$tree/bin" "$tree/dev" "$tree/lib/modules/$version/kernel"
if [ -n "$modules" ]; then
	[ -n "$src" ] || die "no modules of $version under $root"
	for m in $modules; do add "$m"; done
	: >"$tree/lib/modules/$version/modules.order"
	: >"$tree/lib/modules/$version/modules.builtin"
	: >"$tree/lib/modules/$version/modules.builtin.modinfo"
	depmod -b "$tree" "$version"
fi
cp "$busybox" "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"
cp "$here/guest/init" "$tree/init"
cp "$workload" "$tree/workload.sh"
echo "$modules" >"$tree/modules"
chmod 755 "$tree/init" "$tree/bin/busybox"
(cd "$tree" && find . -print0 | LC_ALL=C sort -z | cpio --null --quiet -o -H newc -R 0:0 --reproducible) | gzip -1n >"$out"
