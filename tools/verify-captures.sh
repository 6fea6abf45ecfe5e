#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Replays captures under tiny, default and huge caches, at 1 and 32 requests in flight, with and without over-invalidation, and with
# invalidations ignored (the negative control, which must disagree).
# usage: tools/verify-captures.sh DIR [ARCH]...   (NAME.log.zst, NAME.snap1.idx; NAME begins with the architecture; default: all)
set -eu
dir=${1:?usage: tools/verify-captures.sh DIR [ARCH]...}
shift
bin=${IOMMUSIM:-build/iommusim}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
caches() { # of each architecture: every cache that has entries by default
	case $1 in
	vtd) echo iotlb.entries ctx.entries pasid.entries psc.entries nested.entries ;;
	smmuv3) echo tlb.entries ipa.entries l1std.entries ste.entries l1cd.entries cd.entries walk.s1l0 walk.s1l1 walk.s1l2 walk.s2l0 walk.s2l1 walk.s2l2 ;;
	amdvi) echo iotlb.entries dtc.entries pdc.entries nested.entries gcr3.entries ;;
	esac
}
over() {
	case $1 in
	smmuv3) echo none asid vmid all ;;
	amdvi) echo none domain all ;;
	*) echo none domain global ;;
	esac
}
sizes() { # $1 architecture, $2 entries
	for c in $(caches "$1"); do
		printf -- '--set %s.%s=%s ' "$1" "$c" "$2"
		case $2,$c in 1,*.entries) printf -- '--set %s.%s.ways=0 ' "$1" "${c%.entries}" ;; esac
	done
}
for arch in ${*:-vtd smmuv3 amdvi}; do
	for log in "$dir/$arch"-*.log.zst; do
		name=$(basename "$log" .log.zst)
		case $name in *passthrough*) continue ;; esac
		"$bin" import qemu "$log" --image "$dir/$name.snap1.idx" -o "$tmp/t.iotb" 2>"$tmp/import"
		for cache in tiny default huge; do
			case $cache in tiny) opt=$(sizes "$arch" 1) ;; default) opt= ;; huge) opt=$(sizes "$arch" 65536) ;; esac
			for inflight in 1 32; do
				for over in $(over "$arch"); do
					# shellcheck disable=SC2086
					"$bin" run "configs/captures/$arch.yaml" --trace "$tmp/t.iotb" --verify $opt --set devices.outstanding=$inflight \
						--set "$arch.inv.over=$over" >"$tmp/o" 2>&1 || bad=1
					printf '%-26s %-8s in flight %-3s over %-7s %s\n' "$name" $cache $inflight "$over" "$(tail -n 1 "$tmp/o")"
				done
			done
			[ $cache = tiny ] && continue
			# shellcheck disable=SC2086
			if "$bin" run "configs/captures/$arch.yaml" --trace "$tmp/t.iotb" --verify $opt --set "$arch.quirk.ignore_invalidations=true" \
				>"$tmp/o" 2>&1; then
				bad=1
				echo "the negative control did not disagree"
			fi
			printf '%-26s %-8s invalidations ignored     %s\n' "$name" $cache "$(tail -n 1 "$tmp/o")"
		done
	done
done
exit $bad
