# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='DIR'; png='F.png'" writes.gp : VAL-35, posted writes against window, from val35.csv of pcie.sh.
set terminal pngcairo size 1000,560 font 'Sans,12'
set output png
set datafile separator ','
set logscale x 2
set xrange [200:80000]
set yrange [0:30]
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
set title 'VAL-35: random 64-byte posted writes by window size (VT-d, 4 KiB pages, 6 walkers)'
set xlabel 'window of random addresses (bytes)'
set ylabel 'payload (Gb/s)'
set xtics ('256K' 256, '512K' 512, '1M' 1024, '2M' 2048, '4M' 4096, '8M' 8192, '16M' 16384, '32M' 32768, '64M' 65536)
set key top right spacing 1.25
f = dir.'/val35.csv'
plot f using 'window_kib':'ours' with lines lw 2 lc rgb '#0072b2' title 'simulated (input: synthetic)', \
     f using 'window_kib':'law' with lines lw 1.5 dt 2 lc rgb '#999999' title 'law: 6 / (288 ns (1 - 117 / pages)), at most 47.4 M/s', \
     f using 'window_kib':'published' with points pt 7 ps 1.2 lc rgb '#d55e00' title 'published, E5-2630 v4 (pcie-bench)'
