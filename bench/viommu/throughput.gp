# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/viommu'; dir='out/viommu'; png='F.png'" throughput.gp : invalidations per second against the batch, from run.sh's tables.
load here.'/style.gp'
set terminal pngcairo size 1180,620 font 'Sans,12'
set output png
set logscale xy
set xrange [0.9:290]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set yrange [0.3:50]
set ytics (0.5, 1, 2, 5, 10, 20, 50)
set title 'Invalidations by guests that do nothing else (exit 2 µs, 100 ns per command)'
set xlabel 'invalidations per COMPLETION\_WAIT'
set ylabel 'invalidations per µs, all guests together'
f = dir.'/batch.csv'
at(w, g) = stringcolumn('way') eq w && column('guests') == g ? column('inv_per_us') : NaN
plot f using 'batch':(at('hw0', 64)) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'hardware, mode 0, 64 guests', \
     f using 'batch':(at('hw1', 64)) with linespoints lw 2 dt 2 pt 6 ps 1.2 lc rgb black title 'hardware, mode 1, 64 guests', \
     f using 'batch':(at('hw0', 8)) with linespoints lw 2 pt 5 ps 1.5 lc rgb blue title 'hardware, mode 0, 8 guests', \
     f using 'batch':(at('hw1', 8)) with linespoints lw 2 dt 2 pt 4 ps 1.1 lc rgb black title 'hardware, mode 1, 8 guests', \
     f using 'batch':(at('hw0', 1)) with linespoints lw 2 pt 9 ps 1.6 lc rgb blue title 'hardware, mode 0, 1 guest', \
     f using 'batch':(at('hw1', 1)) with linespoints lw 2 dt 2 pt 8 ps 1.2 lc rgb black title 'hardware, mode 1, 1 guest', \
     f using 'batch':(at('trapped', 64)) with linespoints lw 2 pt 7 ps 1.6 lc rgb red title 'trapped, 64 guests', \
     f using 'batch':(at('trapped', 8)) with linespoints lw 2 pt 5 ps 1.0 lc rgb orange title 'trapped, 8 guests', \
     f using 'batch':(at('trapped', 1)) with linespoints lw 2 pt 9 ps 1.6 lc rgb red title 'trapped, 1 guest'
