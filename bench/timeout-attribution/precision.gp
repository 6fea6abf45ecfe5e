# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" precision.gp : precision and recall of the record against the size of a batch.
load here.'/style.gp'
set terminal pngcairo size 1180,860 font 'Sans,12'
set multiplot
set logscale x 2
set xrange [0.9:290]
set yrange [-0.03:1.06]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set lmargin at screen 0.08
p = 'singles'
s(a, n, v) = stringcolumn('faulty') eq n ? row('faulty', a, p, v) : NaN
do for [i = 0:3] {
	n = i % 2 ? '4' : '1'
	v = i < 2 ? 'precision' : 'recall'
	set lmargin at screen (i % 2 ? 0.42 : 0.05)
	set rmargin at screen (i % 2 ? 0.755 : 0.385)
	set tmargin at screen (i < 2 ? 0.94 : 0.46)
	set bmargin at screen (i < 2 ? 0.56 : 0.08)
	set title v.', '.n.' of 32 virtual devices silent'
	set xlabel (i < 2 ? '' : 'invalidations per wait (batch)')
	if (i == 0) { set key at screen 0.77, 0.93 left top } else { unset key }
	plot f using 'batch':(s('smmuv3', n, v)) with linespoints lw 2 pt 7 ps 1.7 lc rgb blue title 'SMMUv3', \
	     f using 'batch':(s('vtd-nosid', n, v)) with linespoints lw 2 dt 2 pt 4 ps 1.1 lc rgb black title 'VT-d without ITESID', \
	     f using 'batch':(s('vtd', n, v)) with linespoints lw 2 pt 9 ps 1.5 lc rgb orange title 'VT-d, one requester-id', \
	     f using 'batch':(s('amdvi', n, v)) with linespoints lw 2 pt 5 ps 1.3 lc rgb green title 'AMD-Vi, every command'
}
unset multiplot
