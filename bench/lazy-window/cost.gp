# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='out/lazy-window'; png='F.png'" cost.gp : what a short window costs.
set terminal pngcairo size 1080,600 font 'Sans,12'
set output png
set datafile separator ','
set datafile missing NaN
set grid lt 1 lw 1 lc rgb '#e0e0e0'
set key outside right top reverse Left spacing 1.3 samplen 2.5
set logscale x 10
set xrange [0.3:100]
set xtics ('0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20, '50' 50, '100' 100)
set yrange [0:260]
set xlabel 'window that 99 % of the unmaps do not exceed (us)'
set ylabel 'DMA throughput (Gb/s)'
set title 'Closed loop on a PCIe Gen4 x16 link: strict (left end), batches of 8, 32, 128, lazy 256 (right end)'
f = dir.'/points.csv'
sel(a, ats) = stringcolumn('arch') eq a && column('ats') == ats && column('late') == 0 ? column('gbit_per_s') : NaN
x(n) = column('window_p99_ns') / 1000.0
plot f using (x(0)):(sel('vtd', 0)) with linespoints lw 2 pt 7 ps 1.3 lc rgb '#0072b2' title 'VT-d', \
     f using (x(0)):(sel('smmuv3', 0)) with linespoints lw 2 pt 5 ps 1.2 lc rgb '#d55e00' title 'SMMUv3', \
     f using (x(0)):(sel('amdvi', 0)) with linespoints lw 2 pt 9 ps 1.4 lc rgb '#009e73' title 'AMD-Vi', \
     f using (x(0)):(sel('vtd', 1)) with linespoints lw 2 dt 2 pt 6 ps 1.3 lc rgb '#0072b2' title 'VT-d, device cache', \
     f using (x(0)):(sel('smmuv3', 1)) with linespoints lw 2 dt 2 pt 4 ps 1.2 lc rgb '#d55e00' title 'SMMUv3, device cache', \
     f using (x(0)):(sel('amdvi', 1)) with linespoints lw 2 dt 2 pt 8 ps 1.4 lc rgb '#009e73' title 'AMD-Vi, device cache'
