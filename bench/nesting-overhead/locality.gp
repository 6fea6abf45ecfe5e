# SPDX-License-Identifier: Apache-2.0
# First stage or shadow: bandwidth against DMAs per unmap for three working sets. gnuplot -e "here=...; f=...; png=..." locality.gp
load here.'/style.gp'
set multiplot layout 3,3
set logscale x
set xrange [3:5500]
set xtics (4, 16, 64, 256, 1024, 4096)
set key inside top left Left reverse samplen 1 font ',9' spacing .9
wins = '256K 4M 64M'
set yrange [0:*]
do for [i = 1:3] { do for [w = 1:3] {
	a = word(archs, i)
	set title arch_name(i).', '.word(wins, w)[1:strlen(word(wins, w)) - 1].(w == 1 ? ' KiB' : ' MiB').' in use'
	set xlabel (i == 3 ? 'DMAs per unmap' : '')
	set ylabel (w == 1 ? 'Gb/s' : '')
	if (i > 1 || w > 1) { unset key }
	plot sel1('locality', a, 'shadow', word(wins, w)) using 8:12 with linespoints lw 2 pt 13 ps 1.3 lc rgb red title 'shadow', \
	     sel1('locality', a, 'nested-trapped', word(wins, w)) using 8:12 with linespoints lw 2 pt 9 ps 1.2 lc rgb orange title 'nested, trapped', \
	     sel1('locality', a, 'nested-hw', word(wins, w)) using 8:12 with linespoints lw 2 pt 5 ps 1.2 lc rgb green title 'nested, hardware'
}}
unset multiplot
