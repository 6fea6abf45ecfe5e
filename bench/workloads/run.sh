#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reuse distances of the named workloads beside those of captured devices (docs/workloads.md). About a minute.
#   usage: bench/workloads/run.sh [--quick] [BUILD [OUTDIR [NAME=TRACE]...]]      defaults: build out/workloads
# NAME=TRACE: captures of your own (stores are lifted to map and unmap). Writes OUTDIR/reuse.csv and *.png (no pictures without gnuplot, or with --quick);
# prints the table. Exit status: 0 fine, 1 virtio-blk, nvme or nic is further than 0.1 from its capture somewhere, 2 usage, 3 a run failed.
# shellcheck disable=SC2034
program=iommusim name=workloads
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=100000
[ ! "$quick" ] || count=20000
reuse() { awk -v name="$1" -f "$here/reuse.awk" "$2" >>"$tmp/reuse.csv"; }
echo 'name,distance,share' >"$tmp/reuse.csv"
"$bench" trace lift "$root/traces/vtd-lazy-vblk.iotb" -o "$tmp/vblk.iot" 2>/dev/null || exit 3
reuse 'capture virtio-blk' "$tmp/vblk.iot"
"$bench" trace cat "$root/tests/data/workloads/nvme.iotb" >"$tmp/nvme.iot" && "$bench" trace cat "$root/tests/data/workloads/nic.iotb" >"$tmp/nics.iot" || exit 3
reuse 'capture nvme' "$tmp/nvme.iot"
for card in 3 4; do # nic is one card: each of the two by itself
	awk -v c=00:0$card.0 '$1 != "dma" || $2 == c' "$tmp/nics.iot" >"$tmp/nic.iot"
	if [ $card = 3 ]; then reuse 'capture nic' "$tmp/nic.iot"; else reuse 'capture nic (other card)' "$tmp/nic.iot"; fi
done
for c in "$@"; do
	"$bench" trace lift "${c#*=}" -o "$tmp/own.iot" 2>/dev/null || exit 3
	reuse "own capture ${c%%=*}" "$tmp/own.iot"
done
for w in virtio-blk nvme nic mix tenants gpu zipf strided uniform; do
	"$bench" trace gen --workload $w --set count=$count -o "$tmp/w.iot" || exit 3
	reuse $w "$tmp/w.iot"
done
mv "$tmp/reuse.csv" "$out/reuse.csv"
awk -F, 'NR > 1 { if (!($1 in seen)) { seen[$1]; name[++n] = $1 } v[$1, $2] = $3 }
	END {
		printf "| pages between | first use | 0 | 1 | 4 | 16 | 64 | 256 | 1024 | 4096 |\n|---|---|---|---|---|---|---|---|---|---|\n"
		for (i = 1; i <= n; i++) {
			printf "| %s | %.3f |", name[i], v[name[i], "first"]
			for (d = 0; d <= 4096; d = d ? 4 * d : 1) printf " %.3f |", v[name[i], d]
			printf "\n"
		}
		printf "\n"
		for (i = 1; i <= n; i++) {
			if (name[i] !~ /^capture (virtio-blk|nvme|nic)/)
				continue
			split(name[i], word, " ")
			far = 0
			for (k = 0; k <= 8192; k = k ? 2 * k : 1) { e = v[name[i], k] - v[word[2], k]; e = e < 0 ? -e : e; if (e > far) far = e }
			printf "%s and its workload differ by at most %.3f\n", name[i], far
			if (far > worst)
				worst = far
		}
		exit worst > .1
	}' "$out/reuse.csv" && st=0 || st=$?
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	gnuplot -e "f='$out/reuse.csv'; png='$out/workloads-reuse.png'" "$here/reuse.gp"
fi
exit $st
