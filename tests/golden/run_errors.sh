#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Wrong input ends with status 2 and one sentence; a machine that fails with status 3. No output file is left half written.
set -eu
bin=$1
cfg=configs/captures/vtd.yaml
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
want() { # status, part of the message, arguments
	local st=0 want=$1 text=$2
	shift 2
	"$bin" "$@" >"$tmp/out" 2>"$tmp/err" || st=$?
	if [ $st != "$want" ] || ! grep -qF -- "$text" "$tmp/err"; then
		echo "iommusim $*: status $st, expected $want and '$text'"
		cat "$tmp/err"
		exit 1
	fi
}
want 2 'did you mean run?' rnu
want 2 'no command given'
want 2 'no configuration file' run
want 2 'none.yaml' run none.yaml
want 2 'none.iot' run $cfg --trace none.iot
want 2 'unknown option --pictures' run $cfg --pictures
want 2 '--warmup needs a value' run $cfg --warmup
want 2 '--stats x.xml' run $cfg --stats x.xml
want 2 '--set vtd.iotlb.entires=3: iotlb.entires: unknown key; did you mean iotlb.entries?' run $cfg --set vtd.iotlb.entires=3
want 2 '--until 5' run $cfg --until 5
want 2 '--host qemu' run $cfg --host qemu
want 2 'share of standard input' run $cfg --trace - --warmup 5%
want 2 'none/s.json' run $cfg --set gen.count=10 --stats "$tmp/none/s.json"
mkdir "$tmp/d.csv"
want 2 'd.csv' run $cfg --set gen.count=10 --stats "$tmp/d.csv"
[ "$(ls "$tmp")" = "$(printf 'd.csv\nerr\nout')" ]
st=0; "$bin" run $cfg --set gen.count=10 >/dev/full 2>/dev/null || st=$?
[ $st = 3 ]
st=0; "$bin" --help >/dev/full 2>/dev/null || st=$?
[ $st = 3 ]
"$bin" --version | grep -Eqx 'iommusim [0-9]+\.[0-9]+\.[0-9]+'
