#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Replays VT-d captures under tiny, default and huge caches, at 1 and 32 requests in flight, with and without over-invalidation, and with
# invalidations ignored (the negative control, which must disagree).   usage: tools/verify-captures.sh DIR   (NAME.log.zst, NAME.snap1.idx)
set -eu
dir=${1:?usage: tools/verify-captures.sh DIR}
bin=${IOMMUSIM:-build/iommusim}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
sizes() { # every cache of the unit
	for c in iotlb ctx pasid psc nested; do printf -- '--set vtd.%s.entries=%s ' "$c" "$1"; done
}
for log in "$dir"/vtd-*.log.zst; do
	name=$(basename "$log" .log.zst)
	case $name in *passthrough*) continue ;; esac
	"$bin" import qemu "$log" --image "$dir/$name.snap1.idx" -o "$tmp/t.iotb" 2>"$tmp/import"
	for cache in tiny default huge; do
		case $cache in tiny) opt=$(sizes 1) ;; default) opt= ;; huge) opt=$(sizes 65536) ;; esac
		for inflight in 1 32; do
			for over in none domain global; do
				# shellcheck disable=SC2086
				"$bin" run configs/captures/vtd.yaml --trace "$tmp/t.iotb" --verify $opt --set devices.outstanding=$inflight --set vtd.inv.over=$over >"$tmp/o" 2>&1 || bad=1
				printf '%-26s %-8s in flight %-3s over %-7s %s\n' "$name" $cache $inflight $over "$(tail -n 1 "$tmp/o")"
			done
		done
		[ $cache = tiny ] && continue
		# shellcheck disable=SC2086
		if "$bin" run configs/captures/vtd.yaml --trace "$tmp/t.iotb" --verify $opt --set vtd.quirk.ignore_invalidations=true >"$tmp/o" 2>&1; then
			bad=1
			echo "the negative control did not disagree"
		fi
		printf '%-26s %-8s invalidations ignored     %s\n' "$name" $cache "$(tail -n 1 "$tmp/o")"
	done
done
exit $bad
