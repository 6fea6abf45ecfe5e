# SPDX-License-Identifier: Apache-2.0
# One trace, three architectures, all modes. gnuplot -e "here='bench/nesting-overhead'; f='out/nesting-overhead/table.csv'; png='F.png'" modes.gp
load here.'/style.gp'
set multiplot layout 2,1
modes = 'native passthrough shadow nested-trapped nested-hw'
set style fill solid 0.9 border -1
set xrange [0.4:5.6]
set xtics ('native' 1, 'passthrough' 2, 'shadow' 3, 'nested, trapped' 4, 'nested, hardware queue' 5)
set key top left inside horizontal Left reverse width 3
set logscale y
set yrange [1:600]
set ylabel 'simulated time (ms)'
set title 'Lifted trace (128 157 DMAs, 27 439 maps, 25 219 unmaps): time until the last DMA, strict unmaps'
set boxwidth 0.25
at(m, i) = m + 0.27 * (i - 2)
plot for [i = 1:3] for [m = 1:5] sel1('capture', word(archs, i), word(modes, m), '0') using (at(m, i)):($11 / 1000) with boxes \
	lc rgb arch_colour(i) title (m == 1 ? arch_name(i) : ''), \
     for [i = 1:3] for [m = 1:5] sel1('capture', word(archs, i), word(modes, m), '0') using (at(m, i)):($11 / 1000):(sprintf('%.1f', $11 / 1000)) with labels \
	offset 0, 0.6 font ',10' notitle
set yrange [0.2:20]
set ylabel 'time (µs)'
set title 'From the cleared entry until the device can no longer use it (mean; passthrough: never)'
plot for [i = 1:3] for [k in '1 3 4 5'] sel1('capture', word(archs, i), word(modes, k + 0), '0') using (at(k + 0, i)):($21 / 1000) with boxes \
	lc rgb arch_colour(i) title (k eq '1' ? arch_name(i) : ''), \
     for [i = 1:3] for [k in '1 3 4 5'] sel1('capture', word(archs, i), word(modes, k + 0), '0') using (at(k + 0, i)):($21 / 1000):($21 > 0 ? sprintf('%.2f', $21 / 1000) : '') with labels \
	offset 0, 0.6 font ',10' notitle
unset multiplot
