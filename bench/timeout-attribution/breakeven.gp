# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" breakeven.gp : when a batch pays, from breakeven.csv.
load here.'/style.gp'
set terminal pngcairo size 1180,860 font 'Sans,12'
set multiplot
set logscale x 2
set xrange [0.9:290]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set lmargin at screen 0.10
set rmargin at screen 0.745
b = dir.'/breakeven.csv'
r(a, p, v) = stringcolumn('arch') eq a && stringcolumn('policy') eq p ? column(v) : NaN
set tmargin at screen 0.94
set bmargin at screen 0.60
set key at screen 0.76, 0.93 left top
set title 'Without faults: time per invalidation, all pages waiting'
set ylabel 'ns'
set yrange [0:2200]
plot b using 'batch':(r('amdvi', 'singles', 'ns_per_invalidation')) with linespoints lw 2 pt 5 ps 1.3 lc rgb green title 'AMD-Vi (reads the log tail)', \
     b using 'batch':(r('smmuv3', 'singles', 'ns_per_invalidation')) with linespoints lw 2 pt 7 ps 1.3 lc rgb blue title 'VT-d and SMMUv3'
set tmargin at screen 0.50
set bmargin at screen 0.08
set key at screen 0.76, 0.49 left top
set title 'A batch pays if a fault is rarer than one in so many invalidations (unscaled time-outs: 60 s, AMD-Vi 1 s)'
set ylabel 'invalidations per fault'
set xlabel 'invalidations per wait (batch)'
set logscale y
set yrange [0.3:2e9]
set format y '10^{%L}'
plot b using 'batch':(r('smmuv3', 'bisect', 'break_even')) with linespoints lw 2 pt 7 ps 1.6 lc rgb purple title 'SMMUv3, bisect', \
     b using 'batch':(r('vtd', 'bisect', 'break_even')) with linespoints lw 2 pt 9 ps 1.5 lc rgb orange title 'VT-d, bisect', \
     b using 'batch':(r('smmuv3', 'singles', 'break_even')) with linespoints lw 2 pt 6 ps 1.6 lc rgb blue title 'SMMUv3, one by one', \
     b using 'batch':(r('vtd', 'singles', 'break_even')) with linespoints lw 2 pt 8 ps 1.5 lc rgb red title 'VT-d, one by one', \
     b using 'batch':(r('amdvi', 'singles', 'break_even')) with linespoints lw 2 pt 5 ps 1.3 lc rgb green title 'AMD-Vi (below 1: always)'
unset multiplot
