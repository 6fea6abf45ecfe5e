# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='DIR'; png='F.png'" wall.gp : VAL-16, accepted against offered rate, from val16.csv of wall.sh.
set terminal pngcairo size 1000,560 font 'Sans,12'
set output png
set datafile separator ','
set xrange [20:205]
set yrange [0:210]
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
set title 'VAL-16: receive rings, MTU 1500, buffer of 262016 bytes (VT-d, 2 walkers, 201 ns)'
set xlabel 'offered (Gb/s)'
set ylabel 'received (Gb/s)'
set key bottom right spacing 1.25
set arrow 1 from 130,75 to 130,210 nohead dt 3 lw 1.5 lc rgb '#d55e00'
f = dir.'/val16.csv'
plot f using 2:(strcol(1) eq 'evenly spaced' ? $3 : NaN) every ::1 with lines lw 2 lc rgb '#0072b2' title 'simulated, packets evenly spaced (input: synthetic)', \
     f using 2:(strcol(1) eq 'evenly spaced' ? NaN : $3) every ::1 with lines lw 2 lc rgb '#009e73' title 'simulated, trains of 64 KiB (input: synthetic)', \
     x lw 1.5 dt 2 lc rgb '#999999' title 'no loss', \
     150 lw 1.5 dt 4 lc rgb '#d55e00' title 'published cap, to which walkers and memory are calibrated', \
     NaN dt 3 lw 1.5 lc rgb '#d55e00' title 'published first loss', \
     '+' using (200):(185) every ::0::0 with points pt 7 ps 1.2 lc rgb '#cc79a7' title 'published, without IOMMU'
