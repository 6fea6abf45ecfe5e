# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" suspects.gp : suspects in the record against the size of a batch.
load here.'/style.gp'
set logscale xy 2
set xrange [0.9:290]
set yrange [0.8:48]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set ytics (1, 2, 4, 8, 16, 32)
set xlabel 'invalidations per wait (batch)'
set ylabel 'suspected virtual devices'
set title "One of 32 virtual devices (8 functions × 4 PASIDs) is silent: who is suspected"
p = 'singles'
s(a) = stringcolumn('faulty') eq '1' ? row('faulty', a, p, 'suspects') : NaN
plot f using 'batch':(s('smmuv3')) with linespoints lw 2 pt 7 ps 1.7 lc rgb blue title 'SMMUv3: names nobody', \
     f using 'batch':(s('vtd-nosid')) with linespoints lw 2 dt 2 pt 4 ps 1.1 lc rgb black title 'VT-d without ITESID', \
     f using 'batch':(s('vtd')) with linespoints lw 2 pt 9 ps 1.5 lc rgb orange title 'VT-d: one requester-id', \
     f using 'batch':(s('amdvi')) with linespoints lw 2 pt 5 ps 1.3 lc rgb green title 'AMD-Vi: every command (= truth)'
