# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='out/validation'; png='F.png'" val_bandwidth.gp : VAL-04 and VAL-05, bandwidth against window, from run.sh's tables.
set terminal pngcairo size 1000,560 font 'Sans,12'
set output png
set datafile separator ','
set logscale x 2
set xrange [13:80000]
set yrange [0:36]
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
set xtics ('16K' 16, '' 32, '64K' 64, '' 128, '256K' 256, '512K' 512, '1M' 1024, '2M' 2048, '4M' 4096, '8M' 8192, \
	'16M' 16384, '32M' 32768, '64M' 65536)
set title 'VAL-04, VAL-05: bandwidth of random 64-byte DMA reads by window size (VT-d, 4 KiB pages, 27 in flight)'
set xlabel 'window of random addresses (bytes)'
set ylabel 'payload bandwidth (Gb/s)'
set key top right spacing 1.25
set label 1 'input: synthetic (uniform random reads, 3 seeds x 100000 DMAs)' at graph 0.02,0.06 textcolor rgb '#666666'
v4 = dir.'/val04.csv'
v3 = dir.'/val05.csv'
ooo(name, dmas, ps) = name eq 'val04-ooo' ? dmas * 512 * 1000.0 / ps : NaN
plot v4 using 'window_kib':'simulated' with lines lw 2 lc rgb '#1f77b4' title 'simulated, E5-2630 v4: 5 walkers, in order', \
     v4 using 'window_kib':'published' with points pt 7 ps 1.2 lc rgb '#1f77b4' title 'published, E5-2630 v4 (pcie-bench)', \
     v3 using 'window_kib':'simulated' with lines lw 2 dt 2 lc rgb '#d62728' title 'simulated, E5-2637 v3: 5 walkers, in order', \
     v3 using 'window_kib':'published' with points pt 4 ps 1.8 lw 2 lc rgb '#d62728' title 'published, E5-2637 v3 (pcie-bench)', \
     dir.'/control.csv' using 'window_kib':(ooo(stringcolumn('experiment'), column('dmas'), column('sim_ps'))) \
     with points pt 8 ps 1.8 lw 2 lc rgb '#1f77b4' title 'simulated, E5-2630 v4, any order (512K)'
