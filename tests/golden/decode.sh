#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# decode: text of chosen words against lines written by hand; bad input exits 2 and names the nearest kind. $1: the iommusim binary.
set -u
bin=$1
arch=vtd
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "decode: $*" >&2; exit 1; }
has() { # has "expected text" kind words... of $arch: one line of the output, blanks squeezed, contains the text
	local want=$1
	shift
	"$bin" decode $arch "$@" > "$tmp/out" || fail "$*: status $?"
	tr -s ' ' < "$tmp/out" | grep -qF -- "$want" || fail "$*: no \"$want\" in: $(cat "$tmp/out")"
}
lacks() {
	local bad=$1
	shift
	"$bin" decode $arch "$@" > "$tmp/out" || fail "$*: status $?"
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
has 'inv: undefined descriptor type 0xa (IQEI 3)' inv a 0
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

arch=smmuv3
# an STE, a CD, a descriptor, commands and an event as Linux and QEMU wrote them
has 'Config 3:1 0x5 stages: stage 1' ste 43b8700b d6 0 0 0 0 0 0
has 'S1ContextPtr 55:6 0x43b87000' ste 43b8700b d6 0 0 0 0 0 0
has 'S1DSS 65:64 0x2 default substream: use CD 0' ste 43b8700b d6 0 0 0 0 0 0
lacks 'reserved bits' ste 43b8700b d6 0 0 0 0 0 0
has 'ASID 63:48 0x5 ASID' cd 5e204c0003510 44092000 0 fffffffff404ff44 0 0 0 0
has 'TTB0 115:68 0x44092000 top table 0' cd 5e204c0003510 44092000 0 fffffffff404ff44 0 0 0 0
has 'IPS 34:32 0x4 intermediate physical size: 44 bits' cd 5e204c0003510 44092000 0 fffffffff404ff44 0 0 0 0
lacks 'reserved bits' cd 5e204c0003510 44092000 0 fffffffff404ff44 0 0 0 0
has 'AP 7:6 0x3 AP[2:1]: read' s1-leaf 6ac83fc7
has 'cmd_tlbi_nh_va: CMD_TLBI_NH_VA' cmd 1000000000012 ffffc701
has 'range: 0xffffc000 - 0xffffcfff' cmd 1000000000012 ffffc701
has 'CS 13:12 0x2 completion signal: wake-up event' cmd fc02046 0
has 'streams: 0x0 - 0xffffffff (CMD_CFGI_ALL)' cmd 4 1f
has 'CLASS 105:104 0x2 what was being translated: IN: the input address' event 800000010 20800000000 330036000c 0
has 'event: F_TRANSLATION: no valid translation, or the address is out of range' event 800000010 20800000000 330036000c 0
# by hand: ranges, sizes, what is not defined
has 'range: 0x100000 - 0x13ffff' cmd 000900050011f012 100401
has 'range: 0x1000 - 0x880000000000fff' cmd 0009000502710012 1e01
has 'range: 0xfffffffffffff000 - 0xffffffffffffffff' cmd 0009000502710012 fffffffffffffe01
lacks 'range: 0x' cmd 0009000500000012 1001
has 'range: 0x8000 - 0xffff' cmd 10000000040 a003
has 'range: everything' cmd 10000000040 34
has 'streams: 0x10 - 0x1f' cmd 0000001300000004 3
has 'cmd: undefined opcode 0xff (CERROR_ILL)' cmd ff 0
has 'event: undefined event number 0x14' event 14 0 0 0
has 'reserved bits set: word 0 0x400' cmd 446 0
has 'ERR 30:24 0x3 error, valid while GERROR.CMDQ_ERR is active: CERROR_ATC_INV_SYNC' cmdq_cons 3000000
"$bin" decode smmuv3 --list > "$tmp/out" || fail "--list"
for k in cmd event ste cd l1std l1cd s1_leaf s1_table s1_block s2_leaf s2_table s2_block cmd_tlbi_nh_va ev_f_translation pri idr0 cr0ack \
	gerror strtab_base_cfg eventq_prod priq_irq_cfg2 gatos_par ecmdq_cons pmcg_evtyper vintf_config vcmdq_base; do
	grep -q "^$k " "$tmp/out" || fail "smmuv3 --list lacks $k"
done

arch=amdvi
# a DTE, table entries and commands as Linux wrote them
has 'Mode 11:9 0x3 host page table levels: 3 levels' dte 600000000494a603 1 0 0
has 'HostPTRoot 51:12 0x494a000 top host table' dte 600000000494a603 1 0 0
lacks 'GCR3 table root:' dte 600000000494a603 1 0 0
has 'NextLevel 11:9 0x1 level of the next table' v1-pde 6000000004be7201
has 'page: 0x7430000, 2^16 bytes' v1-pte 7000000007437e01
has 'range: 0x7fff800000000000 - 0x7fffbfffffffffff' cmd 3000000300000000 7fff9ffffffff003
# by hand
has 'GCR3 table root: 0xabcdef000' dte 7dc0000012345803 0000a80179bd0005 0 0000000700208000
has 'GDeviceID 223:208 0x20' dte 7dc0000012345803 0000a80179bd0005 0 0000000700208000
has 'reserved bits set: word 0 0x4' dte 7 0 0 0
has 'page: 0x80000000, 2^31 bytes' v1_pte 60000000BFFFFE01
has 'page: 0x10000, 2^13 bytes' v1_pte 6000000000010E01
lacks 'page: 0x' v1_pte 6000000000010001
has 'range: 0x100000 - 0x100fff' cmd 3000000500000000 100002
has 'range: 0x200000 - 0x3fffff' cmd 3000000500000000 2ff003
has 'range: everything' cmd 3000000500000000 7ffffffffffff003
has 'PASID: 0x54321' cmd 4521030020430300 2ff005
lacks 'PASID: 0x' cmd 4521030020430300 2ff001
has 'StoreAddress 51:3 0x12345678 address of the store' cmd 1000000012345679 11
has 'cmd: undefined opcode 0xf (ILLEGAL_COMMAND_ERROR)' cmd f000000000000000 0
has 'reserved bits set: word 1 0x1' cmd 8000000000000000 1
has 'event: IO_PAGE_FAULT: page not present' event 2020000500000300 1000
has 'PASID: 0x51234' event 21ff123400050300 1000
lacks 'PASID: 0x' event 2020000500000300 1000
has 'PASID: 0x51234' ppr 1124161a12340300 5000
has 'event: undefined event code 0xf' event f000000000000000 0
has 'InvTimeOut 7:5 0x4 device IOTLB invalidation time-out: 1 s' control 3148f
"$bin" decode amdvi --list > "$tmp/out" || fail "--list"
for k in cmd event dte v1_pde v1_pte v2_pte gcr3 irte128 cmd_completion_wait ev_io_page_fault ppr galog devid_map control status efr efr2 \
	cmdbuf_base evt_tail vfcntl_devid_map vfcntl_cmd; do
	grep -q "^$k " "$tmp/out" || fail "amdvi --list lacks $k"
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
refused 'unknown architecture "smmuv"; did you mean "smmuv3"' smmuv ste 0
refused 'did you mean "cmd"' smmuv3 cmdd 0 0
refused 'did you mean "ste"' smmuv3 stee 0
refused 'cmd takes 2 words, got 1' smmuv3 cmd 0
refused 'ste takes 8 words, got 4' smmuv3 ste 0 0 0 0
refused 'event takes 4 words, got 2' smmuv3 event 10 0
refused 'dte takes 4 words, got 2' amdvi dte 0 0
refused 'unknown architecture "amd"' amd dte 0
refused 'an architecture is missing'
exit 0
