#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings what a capture needs into the cache, from Debian packages, without changing what is installed.
# usage: tools/capture/fetch.sh header | busybox ARCH | kernel PACKAGE ARCH        (ARCH: amd64, arm64)
# Prints the path of the result. Cache: CAPTURE_CACHE, default ~/.cache/iommusim-capture. Mirror: CAPTURE_MIRROR, default the machine's own.
set -eu -o pipefail
cache=${CAPTURE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iommusim-capture}
die() { echo "fetch.sh: $*" >&2; exit 3; }
say() { echo "fetch.sh: $*" >&2; }
mirror() {
	local m=${CAPTURE_MIRROR:-}
	# shellcheck disable=SC2016
	[ -n "$m" ] || m=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
	[ -n "$m" ] || die "no Debian mirror in the sources of apt; set CAPTURE_MIRROR=URL"
	echo "$m"
}
apt_conf() { # an apt of our own: both architectures, sources, backports
	local a=$cache/apt
	[ -s "$a/ready" ] && return
	mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial" "$a/parts"
	cat >"$a/parts/d.sources" <<EOF
Types: deb deb-src
URIs: $(mirror)
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
	cat >"$a/apt.conf" <<EOF
Dir::State "$a/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$a/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$a/parts";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
EOF
	say "reading the package lists (once)"
	APT_CONFIG=$a/apt.conf apt-get -qq update >&2 || die "the package lists could not be read"
	echo yes >"$a/ready"
}
apt() { apt_conf; APT_CONFIG=$cache/apt/apt.conf apt-get -qq "$@" >&2; }
unpack() { # PACKAGE ARCH: its files in cache/ARCH/PACKAGE
	local to=$cache/$2/$1 tmp
	if [ ! -d "$to" ]; then
		tmp=$(mktemp -d "$cache/get.XXXXXX")
		say "downloading $1 ($2)"
		(cd "$tmp" && apt download "$1:$2") || { rm -rf "$tmp"; die "no package $1 for $2"; }
		dpkg-deb -x "$tmp"/*.deb "$tmp/x"
		mkdir -p "$cache/$2"
		mv "$tmp/x" "$to"
		rm -rf "$tmp"
	fi
	echo "$to"
}
header() { # qemu-plugin.h of the installed QEMU
	local v up tmp
	v=$(dpkg-query -W -f '${Version}' qemu-system-x86 2>/dev/null || dpkg-query -W -f '${Version}' qemu-system-arm 2>/dev/null) ||
		die "QEMU is not installed as a package: take include/qemu/qemu-plugin.h of its source and set QEMU_INCLUDE to its folder"
	up=${v#*:}
	up=${up%%[+-]*}
	if [ ! -s "$cache/qemu-$up/qemu-plugin.h" ]; then
		tmp=$(mktemp -d "$cache/get.XXXXXX")
		say "downloading the source package of QEMU $v for one header (about 130 MB)"
		(cd "$tmp" && apt source --tar-only "qemu=$v") || { rm -rf "$tmp"; die "no source package qemu $v"; }
		mkdir -p "$cache/qemu-$up"
		tar -xOf "$tmp"/qemu_*.orig.tar.xz --wildcards '*/include/*/qemu-plugin.h' >"$cache/qemu-$up/qemu-plugin.h"
		rm -rf "$tmp"
	fi
	echo "$cache/qemu-$up"
}
mkdir -p "$cache"
case ${1:-},$# in
header,1) header ;;
busybox,2) echo "$(unpack busybox-static "$2")/bin/busybox" ;;
kernel,3) unpack "$2" "$3" ;;
*)
	sed -n 's/^# usage: /usage: /p' "$0" >&2
	exit 2
	;;
esac
