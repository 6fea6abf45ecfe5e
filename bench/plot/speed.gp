# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "csv='F.csv'; png='F.png'" speed.gp : ratio of each row of bench/run.sh to its ideal loop, and its bound.
set terminal pngcairo size 1000,1080 font 'Sans,12'
set output png
set label 1 'Host time per operation, as a multiple of the plain loop beside it' at screen 0.5, screen 0.972 center font ',14'
rows = system("tail -n +2 '".csv."' | awk -F, '{ a = $2; sub(/;.*/, \"\", a); w = $2; if (a ~ /^(vtd|smmuv3|amdvi)$/) sub(/^[^;]*; /, \"\", w); sub(/^[0-9]+ reads$/, \"\", w); r = $1 (w == \"\" ? w : \", \" w); if (!(r in s)) { s[r] = 1; printf \"%s|\", r } }'")
# x: ratio; y: the row's number from above. Columns: ratio, y, bound, architecture
data = "<tail -n +2 '".csv."' | awk -F, '{ a = $2; sub(/;.*/, \"\", a); w = $2; k = a == \"vtd\" ? 1 : a == \"smmuv3\" ? 2 : a == \"amdvi\" ? 3 : 0; if (k) sub(/^[^;]*; /, \"\", w); sub(/^[0-9]+ reads$/, \"\", w); r = $1 (w == \"\" ? w : \", \" w); if (!(r in s)) s[r] = ++n; print $6, s[r], ($10 == \"-\" ? \"nan\" : $10), k }'"
n = 0
rest = rows
set ytics ()
while (strlen(rest) > 0) {
	i = strstrt(rest, '|')
	n = n + 1
	set ytics add (rest[1:i-1] n) noenhanced
	rest = rest[i+1:]
}
set yrange [n + 0.7:0.3]
set logscale x
set xrange [0.4:200]
set xtics (0.5, 1, 2, 5, 10, 20, 50, 100, 200)
set xlabel 'ratio to the ideal loop (1: as fast)'
set grid xtics ytics lt 1 lw 1 lc rgb '#e0e0e0'
set key at screen 0.5, screen 0.034 center horizontal Left reverse samplen 1 width 1 maxrows 1
set lmargin at screen 0.47
set tmargin at screen 0.95
set bmargin at screen 0.12
set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#888888' dt 2
plot data using 3:($2-0.32):(0):(0.64) with vectors nohead lw 3 lc rgb '#d62728' title 'bound', \
     data using ($4 == 1 ? $1 : NaN):2 with points pt 7 ps 1.3 lc rgb '#0072b2' title 'VT-d', \
     data using ($4 == 2 ? $1 : NaN):2 with points pt 5 ps 1.1 lc rgb '#e69f00' title 'SMMUv3', \
     data using ($4 == 3 ? $1 : NaN):2 with points pt 9 ps 1.4 lc rgb '#009e73' title 'AMD-Vi', \
     data using ($4 == 0 ? $1 : NaN):2 with points pt 13 ps 1.5 lc rgb '#555555' title 'no unit'
