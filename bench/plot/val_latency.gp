# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='out/validation'; png='F.png'" val_latency.gp : VAL-01 and VAL-02, latency against window, from run.sh's tables.
set terminal pngcairo size 1000,700 font 'Sans,12'
set output png
set datafile separator ','
set logscale x 2
set xrange [13:80000]
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
v4 = dir.'/val01.csv'
v3 = dir.'/val02.csv'
set multiplot
set lmargin at screen 0.09
set rmargin at screen 0.97
set tmargin at screen 0.93
set bmargin at screen 0.42
set title 'VAL-01, VAL-02: latency of random 64-byte DMA reads by window size (VT-d, 4 KiB pages)'
set ylabel 'mean latency (ns)'
set yrange [450:850]
set xtics ('' 16, '' 32, '' 64, '' 128, '' 256, '' 512, '' 1024, '' 2048, '' 4096, '' 8192, '' 16384, '' 32768, '' 65536)
set key top left reverse Left spacing 1.25
set label 1 'input: synthetic (uniform random reads, one in flight, 3 seeds x 100000 DMAs)' at graph 0.98,0.06 right textcolor rgb '#666666'
plot v4 using 'window_kib':'simulated' with lines lw 2 lc rgb '#1f77b4' title 'simulated, E5-2630 v4: IOTLB 117, miss = 1 read', \
     v4 using 'window_kib':'published' with points pt 7 ps 1.2 lc rgb '#1f77b4' title 'published, E5-2630 v4 (pcie-bench)', \
     v3 using 'window_kib':'simulated' with lines lw 2 dt 2 lc rgb '#d62728' title 'simulated, E5-2637 v3: IOTLB 118, miss = 1 read', \
     v3 using 'window_kib':'published' with points pt 4 ps 1.5 lw 2 lc rgb '#d62728' title 'published, E5-2637 v3 (pcie-bench)'
unset title
unset label 1
set tmargin at screen 0.38
set bmargin at screen 0.11
set ylabel 'difference (%)'
set xlabel 'window of random addresses (bytes)'
set xtics ('16K' 16, '' 32, '64K' 64, '' 128, '256K' 256, '512K' 512, '1M' 1024, '2M' 2048, '4M' 4096, '8M' 8192, \
	'16M' 16384, '32M' 32768, '64M' 65536)
set yrange [-2.5:2.5]
set ytics 1
unset key
set object 1 rectangle from graph 0, first -2 to graph 1, first 2 fc rgb '#eef5ea' fs solid noborder behind
set label 2 'simulated against published; shaded: accepted, ±2 %' at graph 0.02,0.17 textcolor rgb '#666666'
plot 0 with lines lc rgb '#999999', \
     v4 using 'window_kib':'diff_percent' with linespoints pt 7 ps 0.9 lw 1.5 lc rgb '#1f77b4', \
     v3 using 'window_kib':'diff_percent' with linespoints pt 4 ps 0.9 lw 1.5 dt 2 lc rgb '#d62728'
unset multiplot
