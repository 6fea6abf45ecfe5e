# SPDX-License-Identifier: Apache-2.0
# Time of the lifted trace against the cost of an exit. gnuplot -e "here=...; f=...; png=..." exit.gp
load here.'/style.gp'
set logscale xy
set xrange [0.4:12]
set yrange [10:1000]
set xtics (0.5, 1, 2, 5, 10)
set xlabel 'cost of an exit (µs)'
set ylabel 'simulated time (ms)'
set title 'Lifted trace: what exits cost (strict unmaps)'
level(a, m) = real(system(sprintf("awk -F, '$1 == \"capture\" && $3 == \"%s\" && $4 == \"%s\" { print $11 / 1000; exit }' %s", a, m, f)))
plot for [i = 1:3] sel('exit', word(archs, i), 'shadow') using ($6 / 1000):($11 / 1000) with linespoints lw 2 dt 2 pt 4 ps (2.6 - 0.6 * i) lc rgb arch_colour(i) \
	title arch_name(i).', shadow', \
     for [i = 1:3] sel('exit', word(archs, i), 'nested-trapped') using ($6 / 1000):($11 / 1000) with linespoints lw 2 pt 6 ps (2.6 - 0.6 * i) lc rgb arch_colour(i) \
	title arch_name(i).', nested, trapped', \
     for [i = 1:3] level(word(archs, i), 'nested-hw') with lines lw 2 dt 3 lc rgb arch_colour(i) title arch_name(i).', nested, hardware'
