# SPDX-License-Identifier: Apache-2.0
# DMA bandwidth against DMAs per unmap. gnuplot -e "here=...; f=...; png=..." churn.gp
load here.'/style.gp'
set multiplot layout 3,1
set logscale x
set xrange [0.8:1300]
set yrange [0:120]
set xtics (1, 4, 16, 64, 256, 1024)
set ylabel 'Gb/s, both directions'
do for [i = 1:3] {
	set title arch_name(i).': 512-byte DMAs over 4 MiB, one page unmapped and mapped elsewhere after so many'
	if (i == 3) { set xlabel 'DMAs per unmap' }
	a = word(archs, i)
	plot sel('churn', a, 'native') using 6:12 with linespoints lw 2 pt 7 ps 1.3 lc rgb blue title 'native', \
	     sel('churn', a, 'nested-hw') using 6:12 with linespoints lw 2 pt 5 ps 1.3 lc rgb green title 'nested, hardware', \
	     sel('churn', a, 'nested-trapped') using 6:12 with linespoints lw 2 pt 9 ps 1.3 lc rgb orange title 'nested, trapped', \
	     sel('churn', a, 'shadow') using 6:12 with linespoints lw 2 pt 13 ps 1.5 lc rgb red title 'shadow'
}
unset multiplot
