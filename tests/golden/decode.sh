#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# decode: text of chosen words against lines written by hand; bad input exits 2 and names the nearest kind. $1: the iommusim binary.
set -u
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "decode: $*" >&2; exit 1; }
has() { # has "expected text" kind words... : one line of the output, blanks squeezed, contains the text
	local want=$1
	shift
	"$bin" decode vtd "$@" > "$tmp/out" || fail "$*: status $?"
	tr -s ' ' < "$tmp/out" | grep -qF -- "$want" || fail "$*: no \"$want\" in: $(cat "$tmp/out")"
}
lacks() {
	local bad=$1
	shift
	"$bin" decode vtd "$@" > "$tmp/out" || fail "$*: status $?"
	! grep -qF -- "$bad" "$tmp/out" || fail "$*: unexpected \"$bad\""
}
refused() {
	local want=$1
	shift
	"$bin" decode "$@" > "$tmp/out" 2> "$tmp/err"
	[ $? -eq 2 ] || fail "$*: status is not 2"
	grep -qF -- "$want" "$tmp/err" || fail "$*: $(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "$*: printed something"
}

has 'G 5:4 0x3 granularity: page-selective in domain' inv 00000000000500f2 0000000000100042
has 'range: 0x100000 - 0x103fff' inv 0x00000000000500f2 0x0000000000100042
has 'DID 31:16 0x5 domain id' inv 00000000000500e2 0
lacks 'range' inv 00000000000500e2 0
has 'range: 0x40000000 - 0x401fffff' inv 0000031000000003 00000000400ff001
has 'range: everything' inv 0000031000000003 7ffffffffffff001
has 'range: 0x10000 - 0x13fff' inv 0000123403100008 0000000000011800
has 'range: 0x20 - 0x27' inv 0000002018000014 0
has 'inv_wait: Invalidation wait descriptor' inv 0000000200000025 1000 0 0
has 'reserved bits set: word 3 0x1' inv 0000000200000025 1000 0 1
has 'undefined descriptor type 0xa' inv a 0
has 'G 5:4 0x1 granularity: PASID in domain' inv-pc 0000123400050017 0
has 'reason: 0x71 SFS.2' frcd 00000000deadb000 8012347180000310
has 'type: read' frcd 0000000012345000 c000000600000310
has 'reason: 0xff unused code' frcd 0 800000ff00000000
has 'SSPTPTR 63:12 0x2000000 top second-stage table' pasid 20000c9 800007 3000000 0 0 0 0 0
has 'PGTT 8:6 0x3 PASID granular translation type: nested' pasid 20000c9 800007 3000000 0 0 0 0 0
has 'reserved bits set: word 7 0x1' pasid 20000c9 800007 3000000 0 0 0 0 1
has 'as a 2 MiB leaf reserved bits set: 0x1000' ssleaf 1083
lacks 'as a 2 MiB leaf' ssleaf 200083
has 'as a 1 GiB leaf reserved bits set: 0x200000' ssleaf 200083
has 'IQEI 3:0 0x4 queue error information, valid while FSTS.IQE = 1: reserved field violation' iqercd 4
"$bin" decode vtd --list > "$tmp/out" || fail "--list"
for k in ver cap ecap gcmd gsts rtaddr ccmd iotlb iva fsts fectl frcd iqh iqt iqa ics iqercd irta pqa prs pmen root sroot context scontext \
	pasiddir pasid irte ss ssleaf fs fsleaf inv prq; do
	grep -q "^$k " "$tmp/out" || fail "--list lacks $k"
done

refused 'did you mean "frcd"' vtd frdc 0 0
refused 'frcd takes 2 words, got 1' vtd frcd 0
refused 'inv takes 2 or 4 words, got 3' vtd inv 0 0 0
refused 'ver takes 1 word, got 2' vtd ver 0 0
refused '"0xg" is not a 64-bit hexadecimal word' vtd ver 0xg
refused 'is not a 64-bit hexadecimal word' vtd ver 11112222333344445
refused 'is not a 64-bit hexadecimal word' vtd ver -1
refused 'too many words' vtd pasid 0 0 0 0 0 0 0 0 0
refused 'unknown architecture "vdt"' vdt ver 0
refused 'a kind is missing' vtd
exit 0
