#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# report: one page that fetches nothing, with the numbers of the database, failed points with their error, and names that are data, not HTML.
set -eu
bin=$1
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status 1 "$bin" sweep tests/data/sweep/small.yaml --out "$tmp/r.db"
mkdir "$tmp/t"
TMPDIR=$tmp/t status 0 "$bin" report "$tmp/r.db" -o "$tmp/r.html"
[ ! -s "$tmp/out" ] && [ -z "$(ls "$tmp/t")" ] # nothing is left in the temporary folder
page=$tmp/r.html
tail -n 1 "$page" | grep -qx '</html>'
if grep -Eq '(src|href)="?https?:|@import|url\(' "$page"; then echo "the page fetches something"; exit 1; fi
[ "$(grep -o 'src="data:image/svg+xml;base64,[A-Za-z0-9+/]*=*"' "$page" | wc -l)" = 3 ] # throughput, latency, hit rate
grep -o 'base64,[A-Za-z0-9+/]*=*' "$page" | head -n 1 | cut -d, -f2 | base64 -d | grep -q '</svg>'
grep -q 'prefers-color-scheme:dark' "$page"
grep -q '10 of the 10 points of the sweep are in this database: <span class="good">8 ok</span>, <span class="bad">2 failed</span>' "$page"
[ "$(grep -c 'cache: 4 ways do not divide 6 entries' "$page")" = 2 ]
# a row per run that did not fail, with the value of the database
[ "$(sed -n '/class="sort"/,/<\/table>/p' "$page" | grep -c '^<tr><td data-v=')" = 8 ]
v=$(sqlite3 "$tmp/r.db" "SELECT printf('%.10g', value) FROM statistics WHERE point = 3 AND name = 'vtd0.hit_rate'")
grep '^<tr><td data-v="3">' "$page" | grep -q "data-v=\"$v\""
# the same database gives the same page; a title cannot break out
status 0 "$bin" report "$tmp/r.db" -o "$tmp/2.html"
cmp "$page" "$tmp/2.html"
status 0 "$bin" report "$tmp/r.db" --y vtd0.latency.p99 --y vtd0.walks --title '</title><script>alert("1")</script>' -o "$tmp/3.html"
[ "$(grep -c '<script>' "$tmp/3.html")" = 1 ] && grep -q '&lt;script&gt;' "$tmp/3.html"
[ "$(grep -o 'src="data:image' "$tmp/3.html" | wc -l)" = 2 ]
# errors leave no page
status 2 "$bin" report "$tmp/r.db" --y vtd0.walk -o "$tmp/4.html"
grep -q 'did you mean vtd0.walks' "$tmp/err"
status 2 "$bin" report "$tmp/none.db" -o "$tmp/4.html"
status 2 "$bin" report "$tmp/r.db"
status 3 env PATH=/nonexistent "$bin" report "$tmp/r.db" -o "$tmp/4.html"
[ ! -e "$tmp/4.html" ] && [ -z "$(find "$tmp" -name '*.tmp*')" ]
