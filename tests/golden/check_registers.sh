#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `check` on VT-d invalidation by registers (CCMD, IVA, IOTLB): an address used for another page behind a completed invalidation, one that a
# read shows in progress, one of another domain, one the unit refused. $1: the iommusim binary.
set -u
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "check_registers: $*" >&2; exit 1; }
# legacy mode: 00:01.0 translates by the table at 0x3000 as domain 5, 0x1000 is page 0x99000; IVA at 0x100, IOTLB at 0x108
try() { # STATUS PATTERN records between the clearing store and the one that sets another page
	local st=0
	{
		printf '#iotrace 1\nregstate CAP off=0x8 size=8 0x12008c00000000\nregstate ECAP off=0x10 size=8 0x1042\n'
		printf 'regstate GSTS off=0x1c size=4 0xc0000000\nregstate RTADDR off=0x20 size=8 0x1000\n'
		printf 'page 0x1000 0:0x2001\npage 0x2000 16:0x3001 0x501\npage 0x3000 0:0x4003\npage 0x4000 0:0x5003\npage 0x5000 1:0x99003\n'
		printf 'store 0x5008 8 0x0\nmmiow 0x100 8 0x1000\n%bstore 0x5008 8 0x98003\n' "$3"
	} >"$tmp/t.iot"
	"$bin" check "$tmp/t.iot" >"$tmp/o" 2>&1 || st=$?
	[ $st = "$1" ] && grep -q -- "$2" "$tmp/o" || { cat "$tmp/o"; fail "status $st, not $1, or no \"$2\": $3"; }
}
none=': 0 violations, 0 manifest, 0 hazards'
try 0 "$none" 'mmiow 0x108 8 0xb000000500000000\n'
try 0 "$none" 'mmiow 0x108 4 0x0\nmmiow 0x10c 4 0xb0000005\n'
try 0 "$none" 'mmiow 0x108 8 0xb000000500000000\nmmior 0x108 8 -> 0xb000000500000000\nmmior 0x108 8 -> 0x3600000500000000\n'
try 1 'CRITICAL: GEN-ORD-03: .* no command covers it' ''
try 1 'CRITICAL: GEN-ORD-03: .* not complete' 'mmiow 0x108 8 0xb000000500000000\nmmior 0x108 8 -> 0xb000000500000000\n'
try 1 'CRITICAL: GEN-ORD-03: ' 'mmiow 0x108 8 0xb000000600000000\n'
try 1 'CRITICAL: GEN-ORD-03: .* not executed' 'mmiow 0x108 8 0xb000000500000000\nmmior 0x108 8 -> 0x3000000500000000\n'
try 1 'CRITICAL: GEN-ORD-03: .* not executed' 'mmiow 0x108 8 0x8000000500000000\n'
# a page record that clears several device table entries says what stores to their words say
dte='#iotrace 1\nregstate DEVTAB_BASE off=0x0 size=8 0x41f2001\nregstate CONTROL off=0x18 size=8 0x3148f\npage 0x41f2000 0:0x600000000494a603 4:0x3 8:0x3\ndma 00:00.0 w 0x1000+4\n'
printf "${dte}page 0x41f2000\n" >"$tmp/page.iot"
printf "${dte}store 0x41f2000 8 0x0\nstore 0x41f2020 8 0x0\nstore 0x41f2040 8 0x0\n" >"$tmp/stores.iot"
for f in page stores; do "$bin" check "$tmp/$f.iot" | sed -n "s/^.*$f.iot: //p" >"$tmp/$f.sum"; done
grep -q ' events, ' "$tmp/page.sum" && cmp "$tmp/page.sum" "$tmp/stores.sum"
