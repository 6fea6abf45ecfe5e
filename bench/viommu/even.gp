# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/viommu'; dir='out/viommu'; png='F.png'" even.gp : exit cost with which trapping is as fast as hardware, from run.sh's tables.
load here.'/style.gp'
set terminal pngcairo size 1180,620 font 'Sans,12'
set output png
set logscale x
set xrange [0.9:72]
set xtics (1, 2, 4, 8, 16, 32, 64)
set nonlinear y via asinh(5 * y) inverse sinh(y) / 5
set yrange [-150:5]
set ytics (-100, -50, -20, -10, -5, -2, -1, -0.5, -0.2, 0, 0.2, 0.5, 1, 2, 5)
set title 'Exit cost with which trapping is as fast as hardware (mode 0)'
set xlabel 'guests'
set ylabel 'exit cost for equal mean latency (µs)'
set object 1 rectangle from graph 0, first -150 to graph 1, first 0 fc rgb '#f2f2f2' fs solid noborder behind
set label 1 "negative: trapping is slower by this much\neven if exits cost nothing" at graph 0.03, 0.12 textcolor rgb '#555555'
set label 2 'trapping wins if an exit costs less than this' at graph 0.03, 0.93 textcolor rgb '#555555'
f = dir.'/even.csv'
b = dir.'/even_busy.csv'
at(w, batch, ns) = stringcolumn('way') eq w && column('batch') == batch && column('command_ns') == ns ? column('break_even_ns') / 1000 : NaN
plot f using 'guests':(at('hw0', 1, 0)) with linespoints lw 2 dt 2 pt 6 ps 1.5 lc rgb blue title 'batch 1, nothing per command', \
     f using 'guests':(at('hw0', 1, 100)) with linespoints lw 2 pt 7 ps 1.5 lc rgb blue title 'batch 1, 100 ns per command', \
     f using 'guests':(at('hw0', 16, 0)) with linespoints lw 2 dt 2 pt 4 ps 1.4 lc rgb red title 'batch 16, nothing per command', \
     f using 'guests':(at('hw0', 16, 100)) with linespoints lw 2 pt 5 ps 1.4 lc rgb red title 'batch 16, 100 ns per command', \
     b using 'guests':(at('hw0', 1, 100)) with linespoints lw 2 pt 9 ps 1.5 lc rgb green title 'batch 1, 100 ns, devices at work'
