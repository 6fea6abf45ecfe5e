# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "csv='F.csv'; png='F.png'" iotlb.gp : hit rate and latency against IOTLB size, from quickstart's table.
set terminal pngcairo size 1000,560 font 'Sans,12'
set output png
set datafile separator ','
set title "VT-d IOTLB size on a captured workload (Linux 6.1, virtio-blk, lazy flushing)"
set xlabel 'IOTLB entries (fully associative, LRU)'
set ylabel 'IOTLB hit rate (%)'
set y2label 'translation latency (ns)'
set logscale x 2
set xtics (1,2,4,8,16,32,64,128,256)
set xrange [0.9:285]
set yrange [0:50]
set y2range [0:150]
set ytics nomirror
set y2tics
set grid ytics xtics lc rgb '#dddddd'
set key bottom right
set label 1 'input: captured, 128157 DMAs replayed closed loop' at graph 0.02,0.95 textcolor rgb '#666666'
mean(s, n) = n > 0 ? s / n / 1000.0 : 0
plot csv using 'entries':(100 * column('vtd0.iotlb.hit_rate')) with linespoints lw 2 pt 7 lc rgb '#1f77b4' title 'hit rate (left)', \
     csv using 'entries':(mean(column('vtd0.latency.sum'), column('vtd0.latency.n'))) axes x1y2 with linespoints lw 2 pt 5 lc rgb '#d62728' title 'mean latency (right)'
