#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every fault of software.break (`iommusim params --breaks`) on every architecture it applies to: one run without it, in which the oracle
# must find nothing, and one with it. Prints a table; exit status 1 if the run without is not clean, if the oracle misses a fault that makes a
# stale use possible, or if it reports one for a fault that does not.
# run.sh [IOMMUSIM [OUTDIR [TRACE]]]; from the top of the tree. The inputs are synthetic and written here. With TRACE, a second table: every fault on
# this software-level trace (`iommusim trace lift` of a capture), where nothing is required but that the run without a fault is clean.
set -eu
bin=${1:-./build/iommusim} out=${2:-out/fault-injection}
mkdir -p "$out"
bad=0
scalable="--set vtd.cap=0xd1d2078c40780e06 --set vtd.ecap=0x0433ef9ea4f050df --set vtd.ver=0x60"
atc="--set devices.atc.entries=64"
hex() { printf '0x%x' "$1"; }

# pages KIND: 20 times, four pages of 00:01.0 are mapped, used, unmapped and used; then mapped for 00:02.0, and both use the address.
# KIND: plain; ats: both devices have translation caches; pasid: 00:01.0 uses PASID 5 and a cache; two: 00:03.0 is in the domain as well, with caches;
# units: 00:01.0 behind the second unit is in the domain of 00:03.0 behind the first
pages() {
	local kind=$1 p='' first='attach 00:01.0 pasid=- dom=1 type=-' u='' i x k
	echo '#iotrace 1'
	case $kind in
	ats) printf 'dev 00:01.0 ats-on\ndev 00:02.0 ats-on\n' ;;
	pasid) p=' pasid=5' first='attach 00:01.0 pasid=5 dom=1 type=fs'; printf 'dev 00:01.0 ats-on\nattach 00:01.0 pasid=- dom=98 type=fs\n' ;;
	two) printf 'dev 00:01.0 ats-on\ndev 00:03.0 ats-on\nattach 00:03.0 pasid=- dom=1 type=-\n' ;;
	units) u=' u1' first='attach u1 00:01.0 pasid=- dom=1 type=-'; echo 'attach 00:03.0 pasid=- dom=1 type=-' ;;
	esac
	printf '%s\nattach%s 00:02.0 pasid=- dom=2 type=-\n' "$first" "$u"
	use() { for k in 0 1 2 3; do echo "dma$u $1 r $(hex $((x + 4096 * k)))+64$2"; done; }
	for ((i = 1; i <= 20; i++)); do
		x=$((i << 20))
		echo "map$u dom=1 $(hex $x) $(hex $((0x100000000 + x))) 0x4000 rw"
		use 00:01.0 "$p"
		echo "unmap$u dom=1 $(hex $x) 0x4000"
		use 00:01.0 "$p"
		use 00:01.0 "$p"
		echo "map$u dom=2 $(hex $x) $(hex $((0x100000000 + x))) 0x4000 rw"
		use 00:02.0 ''
		use 00:01.0 "$p"
		echo "unmap$u dom=2 $(hex $x) 0x4000"
	done
}
# again: a page of domain 1 is mapped, used, unmapped; its address is mapped to another page and the page for 00:02.0; 00:01.0 uses the address
again() {
	local i
	printf '#iotrace 1\nattach 00:01.0 pasid=- dom=1 type=-\nattach 00:02.0 pasid=- dom=2 type=-\n'
	printf 'map dom=2 0x0 0x300000000 0x1000 rw\ndma 00:02.0 r 0x0+64\n'
	for ((i = 1; i <= 20; i++)); do
		echo "map dom=1 0x100000 $(hex $((0x100000000 + (i << 12)))) 0x1000 rw"
		echo "dma 00:01.0 r 0x100000+64"
		echo "unmap dom=1 0x100000 0x1000"
		echo "map dom=1 0x100000 $(hex $((0x200000000 + (i << 12)))) 0x1000 rw"
		echo "map dom=2 $(hex $((i << 12))) $(hex $((0x100000000 + (i << 12)))) 0x1000 rw"
		echo "dma 00:02.0 r $(hex $((i << 12)))+64"
		echo "dma 00:01.0 r 0x100000+64"
		echo "dma 00:01.0 r 0x100000+64"
		echo "unmap dom=1 0x100000 0x1000"
	done
}
# tables [large]: 2 MiB of 4 KiB pages; one is used; all are unmapped, so that their table goes (large: the others first, and a 2 MiB page
# takes the table's place and goes); the table page is used for other pages of 00:02.0; 00:01.0 uses an address it has never used
tables() {
	local i k b
	printf '#iotrace 1\nattach 00:01.0 pasid=- dom=1 type=-\nattach 00:02.0 pasid=- dom=2 type=-\n'
	printf 'map dom=2 0x0 0x300000000 0x1000 rw\nmap dom=1 0x0 0x500000000 0x1000 rw\n'
	for ((i = 1; i <= 8; i++)); do
		b=$((i << 21))
		for k in 0 1 2 3; do # pages that cannot be one leaf
			echo "map dom=1 $(hex $((b + (k << 12)))) $(hex $((0x100000000 + b + (2 * k + 1 << 12)))) 0x1000 rw"
		done
		echo "dma 00:01.0 r $(hex $b)+64"
		if [ "${1-}" = large ]; then
			echo "unmap dom=1 $(hex $b) 0x4000"
			echo "map dom=1 $(hex $b) $(hex $((0x200000000 + b))) 0x200000 rw"
		fi
		echo "unmap dom=1 $(hex $b) 0x200000"
		for k in 0 1 2 3; do
			echo "map dom=2 $(hex $((b + (k << 12)))) $(hex $((0x400000000 + b + (2 * k + 1 << 12)))) 0x1000 rw"
		done
		for k in 1 2 3; do echo "dma 00:01.0 r $(hex $((b + (k << 12))))+64"; done
	done
}
# leave TYPE PASID [ats] [PASIDs]: 00:01.0 uses a domain, leaves it, and goes on; 00:02.0 gets the page, uses it, gives it back; 00:01.0 goes on,
# gets another domain with another page at another address, and uses both addresses. With PASIDs: PASID 9 stays attached throughout.
leave() {
	local type=$1 p=$2 q='' i
	[ "$p" = - ] || q=" pasid=$p"
	echo '#iotrace 1'
	[ "${3-}" != ats ] || echo 'dev 00:01.0 ats-on'
	[ "${4-}" = '' ] || printf 'attach 00:01.0 pasid=- dom=98 type=fs\nattach 00:01.0 pasid=9 dom=99 type=%s\nmap dom=99 0x0 0x900000000 0x1000 rw\n' "$type"
	echo 'attach 00:02.0 pasid=- dom=50 type=-'
	for ((i = 1; i <= 10; i++)); do
		echo "attach 00:01.0 pasid=$p dom=$i type=$type"
		echo "map dom=$i $(hex $((i << 16))) $(hex $((0x100000000 + (i << 16)))) 0x1000 rw"
		echo "dma 00:01.0 r $(hex $((i << 16)))+64$q"
		[ $i = 1 ] || echo "dma 00:01.0 r $(hex $((i - 1 << 16)))+64$q"
		echo "detach 00:01.0 pasid=$p dom=$i"
		echo "dma 00:01.0 r $(hex $((i << 16)))+64$q"
		echo "map dom=50 $(hex $((i << 20))) $(hex $((0x100000000 + (i << 16)))) 0x1000 rw"
		echo "dma 00:02.0 r $(hex $((i << 20)))+64"
		echo "dma 00:01.0 r $(hex $((i << 16)))+64$q"
		echo "unmap dom=50 $(hex $((i << 20))) 0x1000"
		echo "dma 00:01.0 r $(hex $((i << 16)))+64$q"
	done
}
# fresh: an address is used, mapped, and used again
fresh() {
	local i
	printf '#iotrace 1\nattach 00:01.0 pasid=- dom=1 type=-\n'
	for ((i = 1; i <= 10; i++)); do
		echo "dma 00:01.0 r $(hex $((i << 12)))+64"
		echo "map dom=1 $(hex $((i << 12))) $(hex $((0x100000000 + (i << 12)))) 0x1000 rw"
		echo "dma 00:01.0 r $(hex $((i << 12)))+64"
	done
}
# both: the same address means another page for each of two requesters
both() {
	printf '#iotrace 1\nattach 00:01.0 pasid=- dom=1 type=-\nattach 00:02.0 pasid=- dom=2 type=-\n'
	printf 'map dom=1 0x1000 0x100000000 0x1000 rw\nmap dom=1 0x8000 0x300000000 0x1000 rw\nmap dom=2 0x1000 0x200000000 0x1000 rw\n'
	printf 'dma 00:01.0 r 0x1000+64\nunmap dom=1 0x8000 0x1000\ndma 00:02.0 r 0x1000+64\n'
}

two_units() { # ARCH: a configuration with two of them
	printf 'units:\n  - name: a\n    arch: %s\n  - name: b\n    arch: %s\ndevices:\n  - rid: any\n    outstanding: 32\n' "$1" "$1" >"$out/two-$1.yaml"
	echo "$out/two-$1.yaml"
}
counts() { sed -n 's/^oracle: \([0-9]*\) checked, \([0-9]*\) in the legal window, \([0-9]*\) stale, \([0-9]*\) invalidation missing, \([0-9]*\) alias, \([0-9]*\) reuse, \([0-9]*\) unexplained$/\1 \2 \3 \4 \5 \6 \7/p' "$1"; }
fault() { # ID ARCH TRACE options...
	local id=$1 arch=$2 trace=$3 st=0 config=configs/captures/$2.yaml c found want
	shift 3
	[ "$trace" != units ] || config=$(two_units "$arch")
	"$bin" run "$config" --trace "$out/$trace.iot" --set software.superpages=false "$@" --oracle >"$out/clean.txt" || {
		tail -12 "$out/clean.txt"
		echo "fault-injection: not clean without the fault: $id $arch $trace $*" >&2
		bad=1
	}
	"$bin" run "$config" --trace "$out/$trace.iot" --set software.superpages=false "$@" --oracle --set software.break="$id" >"$out/$id-$arch.txt" || st=$?
	c=$(counts "$out/$id-$arch.txt")
	want=$(awk -F' [|] ' -v id="| $id" -v arch="$arch" '$1 == id { print index(" " $3 " ", " " arch " ") ? "yes" : "no" }' "$out/breaks.md")
	found=$([ "$st" = 1 ] && echo yes || echo no)
	awk -v c="$c" -v id="$id" -v arch="$arch" -v found="$found" -v want="$want" -v trace="$trace" 'BEGIN { split(c, n, " ")
		printf "| %s | %s | %s | %d | %d | %d | %d | %d | %d | %s | %s |\n", id, arch, trace, n[1], n[2], n[3], n[4], n[5], n[6], found, want }'
	[ "$st" -le 1 ] && [ "$want" = "$found" ] || { echo "fault-injection: $id on $arch: exit status $st" >&2; bad=1; }
}
for k in plain ats pasid two units; do pages $k >"$out/$k.iot"; done
again >"$out/again.iot"
tables >"$out/tables.iot"
tables large >"$out/tables-large.iot"
fresh >"$out/fresh.iot"
both >"$out/both.iot"
leave legacy - >"$out/leave-legacy.iot"
leave fs - >"$out/leave-fs.iot"
leave fs 5 '' pasids >"$out/leave-pasid.iot"
leave - - >"$out/leave.iot"
leave ss - >"$out/leave-ss.iot"
leave fs 5 ats pasids >"$out/leave-ats.iot"
"$bin" params --breaks >"$out/breaks.md"

table() {
	local a s
	echo '| fault | on | trace | uses checked | legal window | stale | missing | alias | reuse | found | stale use possible |'
	echo '|---|---|---|---|---|---|---|---|---|---|---|'
	for a in vtd smmuv3 amdvi; do
		[ $a = vtd ] && s=$scalable || s=
		fault GEN-ORD-01 $a plain $s
		fault GEN-ORD-02 $a plain $s
		fault GEN-ORD-03 $a again $s --set software.policy=lazy
		fault GEN-ORD-04 $a ats $s $atc
		fault GEN-ORD-05 $a plain $s
		fault GEN-ORD-06 $a units
		fault GEN-ORD-14 $a both $s
		fault GEN-ORD-15 $a plain $s
		fault GEN-ORD-16 $a plain $s
		fault ATS-ORD-01 $a ats $s $atc
		fault ATS-ORD-02 $a leave-ats $s $atc
		fault ATS-ORD-06 $a ats $s $atc
		fault ATS-ORD-07 $a pasid $s $atc
		fault ATS-ORD-12 $a two $s $atc
	done
	fault GEN-ORD-09 vtd tables --set software.policy=lazy
	fault GEN-ORD-11 vtd fresh --set vtd.cap=0xd2008c406f0486
	fault GEN-ORD-11 amdvi fresh --set amdvi.np_cache=true --set software.caching_mode=true
	fault GEN-ORD-13 vtd leave-legacy
	fault GEN-ORD-13 amdvi leave
	fault VTD-ORD-02 vtd leave-legacy
	fault VTD-ORD-03 vtd leave-fs $scalable
	fault VTD-ORD-04 vtd plain $scalable --set software.mode=ss
	fault VTD-ORD-08 vtd tables
	fault VTD-ORD-10 vtd plain $scalable --set software.mode=fs
	fault SMM-ORD-04 smmuv3 leave-pasid
	fault SMM-ORD-06 smmuv3 leave-ss
	fault SMM-ORD-12 smmuv3 tables
	fault AMD-ORD-02 amdvi leave
	fault AMD-ORD-03 amdvi leave-pasid
	fault AMD-ORD-14 amdvi plain --set software.mode=fs
	fault AMD-ORD-05 amdvi tables-large --set software.superpages=true
}
table >"$out/table.md"
cat "$out/table.md"
# is there a row for every fault and every architecture?
awk -F' [|] ' 'FNR == NR { if (FNR > 2) { n = split($2, a, " "); id = substr($1, 3); for (i = 1; i <= n; i++) want[id " " a[i]] = 1 } next }
	FNR > 2 { delete want[substr($1, 3) " " $2] } END { for (w in want) { print "fault-injection: not run: " w; bad = 1 } exit bad }' "$out/breaks.md" "$out/table.md" >&2 || bad=1
[ "${3-}" ] || exit $bad
printf '\n| fault | on | uses checked | legal window | stale | missing | alias | reuse |\n|---|---|---|---|---|---|---|---|\n'
for a in vtd smmuv3 amdvi; do
	[ $a = vtd ] && mode=legacy || mode=ss
	for id in '' $(awk -F' [|] ' -v a=$a 'FNR > 2 && index(" " $2 " ", " " a " ") { print substr($1, 3) }' "$out/breaks.md"); do
		"$bin" run configs/captures/$a.yaml --trace "$3" --set software.mode=$mode --oracle --set software.break=$id >"$out/trace.txt" || [ $? = 1 ] || bad=1
		read -r n w s m al re un <<<"$(counts "$out/trace.txt")"
		if [ ! "$id" ]; then
			echo "| none | $a | $n | $w | $s | $m | $al | $re |"
			[ $((s + m + al + re + un)) = 0 ] || bad=1
		elif [ $((w + s + m + al + re + un)) -gt 0 ]; then
			echo "| $id | $a | $n | $w | $s | $m | $al | $re |"
		fi
	done
done
exit $bad
