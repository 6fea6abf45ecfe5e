# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='out/device-validation'; png='F.png'" fault-latency.gp : page-fault latency, published percentiles and the simulated distribution.
set terminal pngcairo size 900,520 font 'Sans,12'
set output png
set datafile separator ','
set title 'Latency of a minor page fault (VAL-25): page request sent to response received'
set xlabel 'latency (µs)'
set ylabel 'share of faults at or below (%)'
set xrange [180:480]
set yrange [0:102]
set grid lt 1 lw 1 lc rgb '#e0e0e0'
set key bottom right reverse Left
plot dir.'/curve.csv' using 2:1 skip 1 with lines lw 2 lc rgb '#0072b2' title 'simulated, VT-d page request queue', \
     dir.'/published.csv' using 2:1 skip 1 with points pt 7 ps 1.6 lc rgb '#d55e00' title 'published (50, 95, 99 %, longest)'
