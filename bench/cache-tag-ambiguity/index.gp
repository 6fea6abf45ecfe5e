# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/cache-tag-ambiguity'; dir='out/cache-tags'; png='F.png'" index.gp : what picks the set.
load here.'/style.gp'
set multiplot
set logscale x 2
s(x, i, v) = stringcolumn('set') eq 'index' && stringcolumn('index') eq x && stringcolumn('ids') eq i ? column(v) : NaN
do for [k = 0:1] {
	w = k ? 'stride' : 'same-addresses'
	if (k) { eval bottom; set title 'One address space, 64 pages n pages apart'; set xlabel 'distance in pages'; set xrange [0.85:75]; set xtics (1, 4, 16, 64) } \
	else { eval top; set title 'n address spaces with the same 16 page addresses, 256 entries in 64 sets: hit rate'; set xlabel 'address spaces'; set xrange [0.85:19]; set xtics (1, 2, 4, 8, 16) }
	set ylabel 'hits / look-ups'
	set yrange [-0.03:1.05]
	plot f using 'n':(s('tag', w, 'hit_rate')) with linespoints lw 2 pt 9 ps 1.8 lc rgb green title 'index = tag', \
	     f using 'n':(s('fold', w, 'hit_rate')) with linespoints lw 2 pt 7 ps 2 lc rgb blue title 'index = fold', \
	     f using 'n':(s('page', w, 'hit_rate')) with linespoints lw 2 dt 2 pt 5 ps 1.2 lc rgb orange title 'index = page (default)'
}
unset multiplot
