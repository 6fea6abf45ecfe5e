# SPDX-License-Identifier: Apache-2.0
# hyp_stats.sh - sourced: a statistic of the last run ($tmp/s.csv), of the hypervisor, and what it has to be. The script has fail() and $what.
stat() { # NAME: of the last run
	awk -F, -v k="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == k) c = i; if (!c) exit 1 } NR == 2 { print $c }' "$tmp/s.csv" || fail "no statistic $1"
}
hyp() { # NAME, or NAME.mean of a histogram
	case $1 in
	*.mean) echo $(($(stat "hypervisor.${1%.mean}.sum") / $(stat "hypervisor.${1%.mean}.n"))) ;;
	*) stat "hypervisor.$1" ;;
	esac
}
is() { # NAME VALUE
	[ "$(hyp "$1")" = "$2" ] || fail "$1 is $(hyp "$1"), not $2 ($what)"
}
