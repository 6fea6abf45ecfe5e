# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" siov.gp : virtual devices that share a requester-id.
load here.'/style.gp'
set terminal pngcairo size 1180,860 font 'Sans,12'
set multiplot
set logscale x 2
set xrange [0.9:17.5]
set xtics (1, 2, 4, 8, 16)
set lmargin at screen 0.08
set rmargin at screen 0.66
s(a, p, fe, v) = stringcolumn('fence') eq fe ? row('siov', a, p, v) : NaN
set logscale y 2
do for [i = 0:1] {
	set tmargin at screen (i ? 0.46 : 0.94)
	set bmargin at screen (i ? 0.08 : 0.56)
	if (i) { set key at screen 0.68, 0.45 left top; set title 'Innocent virtual devices blocked by the reaction (0 is drawn at the bottom)'; set ylabel 'virtual devices'; set xlabel 'virtual devices per function'; set yrange [0.4:100]; set ytics ('0' 0.45, 1, 2, 4, 8, 16, 32, 64) } \
	else { set key at screen 0.68, 0.93 left top; set title 'SIOV: 64 virtual devices on 64 to 4 functions, one silent, batch 64: suspects'; set ylabel 'virtual devices'; set yrange [0.8:100]; set ytics (1, 2, 4, 8, 16, 32, 64) }
	z(x) = x < 0.45 ? 0.45 : x
	if (!i) {
	plot f using 'vdevs':(s('smmuv3', 'singles', 'rid', 'suspects')) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'SMMUv3', \
	     f using 'vdevs':(s('vtd', 'singles', 'rid', 'suspects')) with linespoints lw 2 pt 9 ps 1.5 lc rgb orange title 'VT-d, one requester-id', \
	     f using 'vdevs':(s('amdvi', 'singles', 'rid', 'suspects')) with linespoints lw 2 pt 5 ps 1.2 lc rgb green title 'AMD-Vi'
	} else {
	plot f using 'vdevs':(z(s('smmuv3', 'quarantine', 'rid', 'blocked_innocents'))) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'SMMUv3, block suspects', \
	     f using 'vdevs':(z(s('vtd', 'quarantine', 'rid', 'blocked_innocents'))) with linespoints lw 2 pt 9 ps 2.0 lc rgb orange title 'VT-d, block suspects', \
	     f using 'vdevs':(z(s('amdvi', 'quarantine', 'rid', 'blocked_innocents'))) with linespoints lw 2 dt 2 pt 5 ps 1.3 lc rgb green title 'AMD-Vi, block suspects', \
	     f using 'vdevs':(z(s('smmuv3', 'singles', 'rid', 'blocked_innocents'))) with linespoints lw 1.5 dt 3 pt 6 ps 2.2 lc rgb black title 'one by one, block requester', \
	     f using 'vdevs':(z(s('smmuv3', 'singles', 'pasid', 'blocked_innocents'))) with linespoints lw 2 pt 12 ps 1.6 lc rgb purple title 'one by one, block PASID (exposes)'
	}
}
unset multiplot
