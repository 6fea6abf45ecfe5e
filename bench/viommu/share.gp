# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/viommu'; dir='out/viommu'; png='F.png'" share.gp : where the time of the hardware way goes, from run.sh's tables.
load here.'/style.gp'
set multiplot
set key at screen 0.68, 0.93 left top
set logscale x
set xrange [0.9:72]
set xtics (1, 2, 4, 8, 16, 32, 64)
set yrange [0:110]
set ytics 0,20,100
set lmargin at screen 0.08
set rmargin at screen 0.66
set ylabel 'time of accesses / latency (%)'
set tmargin at screen 0.94
set bmargin at screen 0.54
set title 'Unmap of one page, hardware executes: nothing but commands'
f = dir.'/guests.csv'
plot f using 'guests':(100 * way('hw0', 'private_share')) with linespoints lw 2 pt 7 ps 1.5 lc rgb blue title 'private space, mode 0 (with buffer)', \
     f using 'guests':(100 * way('hw1', 'private_share')) with linespoints lw 2 pt 5 ps 1.4 lc rgb green title 'private space, mode 1', \
     f using 'guests':(100 * way('hw0', 'guest_share')) with linespoints lw 2 dt 2 pt 6 ps 1.5 lc rgb blue title 'guest-physical, mode 0', \
     f using 'guests':(100 * way('hw1', 'guest_share')) with linespoints lw 2 dt 2 pt 4 ps 1.4 lc rgb green title 'guest-physical, mode 1 (with buffer)'
set tmargin at screen 0.45
set bmargin at screen 0.08
set title 'The same with devices at work'
set xlabel 'guests'
set label 1 "Private space includes the clearing of the\ndirty bit, for which the guest does not wait." at screen 0.69, 0.44 textcolor rgb '#555555'
unset key
f = dir.'/busy.csv'
plot f using 'guests':(100 * way('hw0', 'private_share')) with linespoints lw 2 pt 7 ps 1.5 lc rgb blue, \
     f using 'guests':(100 * way('hw1', 'private_share')) with linespoints lw 2 pt 5 ps 1.4 lc rgb green, \
     f using 'guests':(100 * way('hw0', 'guest_share')) with linespoints lw 2 dt 2 pt 6 ps 1.5 lc rgb blue, \
     f using 'guests':(100 * way('hw1', 'guest_share')) with linespoints lw 2 dt 2 pt 4 ps 1.4 lc rgb green
unset multiplot
