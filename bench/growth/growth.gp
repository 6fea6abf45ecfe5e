# SPDX-License-Identifier: Apache-2.0
# One axis of growth: CPU time of a DMA, of an attach or map, and peak memory. gnuplot -e "here=...; f=...; x=...; axis=...; png=..." growth.gp
set datafile separator ','
set terminal pngcairo size 1500,520 font 'sans,12'
set output png
archs = 'vtd smmuv3 amdvi'
name(i) = word('VT-d SMMUv3 AMD-Vi', i)
colour(i) = word('#0072b2 #009e73 #d55e00', i)
sel(a) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"%s\"' %s", a, axis, f)
# The three exponents of column c, for a title.
exps(c) = system(sprintf("awk -F, '$1 == \"%s\" { printf \"%%s%%s\", (k++ ? \", \" : \"\"), $%d }' %s", axis, c, x))
label = axis eq 'length' ? 'DMAs in the trace' : axis eq 'devices' ? 'requesters' : axis eq 'pasids' ? 'PASIDs of one requester' : \
	axis eq 'domains' ? 'domains, 16 pages each' : axis eq 'guests' ? 'guests (64 requesters)' : axis eq 'pages' ? 'mapped pages of 4 KiB' : \
	'domains with unmaps in turn'
set multiplot layout 1,3 title 'Growth with '.axis.': exponents of the upper half of the points, VT-d, SMMUv3, AMD-Vi'
set logscale xy
set format x '10^{%T}'
if (axis eq 'guests') { set format x '%g'; set logscale x 2 }
set xlabel label
set grid ytics lc rgb '#dddddd'
set offsets graph 0.03, graph 0.03, 0, 0
set key top left Left reverse samplen 2
set ylabel 'CPU time of one DMA (ns)'
set yrange [100:100000]
set title 'DMA, n^p with p = '.exps(3)
plot for [i = 1:3] sel(word(archs, i)) using 3:7 with linespoints lw 2 pt 4 + i ps 1.2 lc rgb colour(i) title name(i)
unset key
set ylabel 'CPU time of one attach or map (ns)'
set yrange [10:10000000]
set title (axis eq 'length' ? 'setup, shared by 17 attaches and maps' : 'attach or map, n^p with p = '.exps(4))
plot for [i = 1:3] sel(word(archs, i)) using 3:6 with linespoints lw 2 pt 4 + i ps 1.2 lc rgb colour(i) notitle
set ylabel 'peak memory of the process (MiB)'
set yrange [1:20000]
set title 'memory, n^p with p = '.exps(5)
plot for [i = 1:3] sel(word(archs, i)) using 3:($8 / 1024) with linespoints lw 2 pt 4 + i ps 1.2 lc rgb colour(i) notitle
unset multiplot
