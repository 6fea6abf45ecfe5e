# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/viommu'; dir='out/viommu'; png='F.png'" latency.gp : latency of one guest's unmap against the number of guests, from run.sh's tables.
load here.'/style.gp'
set multiplot
set key at screen 0.72, 0.93 left top
set logscale xy
set xrange [0.9:72]
set xtics (1, 2, 4, 8, 16, 32, 64)
set yrange [0.4:60]
set ytics (0.5, 1, 2, 5, 10, 20, 50)
set lmargin at screen 0.08
set rmargin at screen 0.70
set ylabel 'median latency (µs)'
set tmargin at screen 0.94
set bmargin at screen 0.54
set title 'Unmap of one page, from tail write to semaphore seen: nothing but commands'
f = dir.'/guests.csv'
plot f using 'guests':(way('hw0', 'p50_ns') / 1000) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'hardware, mode 0 (buffer private)', \
     f using 'guests':(way('hw1', 'p50_ns') / 1000) with linespoints lw 2 dt 2 pt 4 ps 1.0 lc rgb black title 'hardware, mode 1 (buffer in guest)', \
     f using 'guests':(trap(500, 'p50_ns') / 1000) with linespoints lw 2 pt 9 ps 1.3 lc rgb green title 'trapped, exit 0.5 µs', \
     f using 'guests':(trap(2000, 'p50_ns') / 1000) with linespoints lw 2 pt 5 ps 1.2 lc rgb orange title 'trapped, exit 2 µs', \
     f using 'guests':(trap(10000, 'p50_ns') / 1000) with linespoints lw 2 pt 13 ps 1.6 lc rgb red title 'trapped, exit 10 µs'
set tmargin at screen 0.45
set bmargin at screen 0.08
set title 'The same with devices at work (each page is read before its unmap)'
set xlabel 'guests'
unset key
f = dir.'/busy.csv'
plot f using 'guests':(way('hw0', 'p50_ns') / 1000) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue, \
     f using 'guests':(way('hw1', 'p50_ns') / 1000) with linespoints lw 2 dt 2 pt 4 ps 1.0 lc rgb black, \
     f using 'guests':(trap(500, 'p50_ns') / 1000) with linespoints lw 2 pt 9 ps 1.3 lc rgb green, \
     f using 'guests':(trap(2000, 'p50_ns') / 1000) with linespoints lw 2 pt 5 ps 1.2 lc rgb orange, \
     f using 'guests':(trap(10000, 'p50_ns') / 1000) with linespoints lw 2 pt 13 ps 1.6 lc rgb red
unset multiplot
