# SPDX-License-Identifier: Apache-2.0
# Sizes of caches, number of walkers. gnuplot -e "here=...; f=...; png=..." sizes.gp
load here.'/style.gp'
set multiplot layout 3,1
set logscale x
ways = 'native passthrough nested-hw'
mode_colour(m) = word('#0072b2 #cc79a7 #e69f00', m) # the three machines are alike: an open point for each, one in the other
mark(i) = i == 1 ? 6 : i == 2 ? 4 : 2
names = 'native passthrough nested'
set yrange [0:*]
set xrange [6:700]
set xtics (8, 32, 128, 512)
set ylabel 'reads per request'
set title 'Walk caches (entries per level, and of the guest-physical cache), 64 MiB at random'
plot for [m = 1:3] for [i = 1:3] sel('caches', word(archs, i), word(ways, m)) using ($6 > 0 ? $6 : NaN):14 with linespoints lw 2 pt mark(i) ps (2.8 - 0.7 * i) lc rgb mode_colour(m) \
	title arch_name(i).', '.word(names, m)
unset key
set xrange [12:5500]
set xtics (16, 64, 256, 1024, 4096)
set ylabel 'mean translation (ns)'
set title 'IOTLB (entries), 4 MiB at random'
plot for [m = 1:3] for [i = 1:3] sel('iotlb', word(archs, i), word(ways, m)) using 6:16 with linespoints lw 2 pt mark(i) ps (2.8 - 0.7 * i) lc rgb mode_colour(m) \
	title arch_name(i).', '.word(names, m)
set xrange [0.8:40]
set xtics (1, 2, 4, 8, 16, 32)
set xlabel 'walkers'
set ylabel 'Gb/s, both directions'
set title 'Walkers, 512-byte DMAs, 64 MiB at random'
plot for [m = 1:3] for [i = 1:3] sel('walkers', word(archs, i), word(ways, m)) using 6:12 with linespoints lw 2 pt mark(i) ps (2.8 - 0.7 * i) lc rgb mode_colour(m) \
	title arch_name(i).', '.word(names, m)
unset multiplot
