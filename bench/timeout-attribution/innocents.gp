# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" innocents.gp : what the others pay: latency and pages held back.
load here.'/style.gp'
set terminal pngcairo size 1180,860 font 'Sans,12'
set multiplot
set logscale x 2
set logscale y
set xrange [0.9:290]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set lmargin at screen 0.09
set format y '10^{%L}'
set rmargin at screen 0.73
do for [i = 0:1] {
	set tmargin at screen (i ? 0.46 : 0.94)
	set bmargin at screen (i ? 0.08 : 0.56)
	if (i) { unset key; set title 'Pages of innocents held back (integral over the run of 2048 pages)'; set ylabel 'page-seconds'; set xlabel 'invalidations per wait (batch)'; set yrange [0.1:800] } \
	else { set key at screen 0.745, 0.93 left top; set title 'Invalidation of an innocent, from arrival to confirmation: 99th percentile (AMD-Vi: dashed, the median)'; set ylabel 'latency (µs)'; set yrange [1:1e6] }
	v = i ? 'held_page_ms' : 'latency_p99_us'
	k = i ? 1000.0 : 1.0
	plot f using 'batch':(row('policy', 'vtd', 'bisect', v) / k) with linespoints lw 2 pt 9 ps 1.5 lc rgb orange title 'VT-d, bisect (time-out 60 ms)', \
	     f using 'batch':(row('policy', 'smmuv3', 'bisect', v) / k) with linespoints lw 2 pt 7 ps 1.6 lc rgb purple title 'SMMUv3, bisect (60 ms)', \
	     f using 'batch':(row('policy', 'vtd', 'singles', v) / k) with linespoints lw 2 pt 8 ps 1.5 lc rgb red title 'VT-d, one by one (60 ms)', \
	     f using 'batch':(row('policy', 'smmuv3', 'singles', v) / k) with linespoints lw 2 pt 6 ps 1.6 lc rgb blue title 'SMMUv3, one by one (60 ms)', \
	     f using 'batch':(row('policy', 'amdvi', 'singles', v) / k) with linespoints lw 2 pt 5 ps 1.2 lc rgb green title 'AMD-Vi, one by one (1 ms)', \
	     f using 'batch':(row('policy', 'amdvi', 'singles', i ? v : 'latency_p50_us') / k) with linespoints lw 1.5 dt 2 pt 4 ps 1.0 lc rgb green notitle
}
unset multiplot
