# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "dir='out/lazy-window'; png='F.png'" window.gp : share of unmaps whose page is unreachable after a given time.
set terminal pngcairo size 1280,560 font 'Sans,12'
set output png
set datafile separator ','
set multiplot
set grid lt 1 lw 1 lc rgb '#e0e0e0'
set logscale x 10
set xrange [0.2:100]
set xtics ('0.2' 0.2, '0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20, '50' 50, '100' 100)
set yrange [0:104]
set tmargin at screen 0.84
set bmargin at screen 0.24
set xlabel 'time from the store to unreachable (us)'
f = dir.'/windows.csv'
arch = 'vtd smmuv3 amdvi'
name = "'VT-d' 'SMMUv3' 'AMD-Vi'"
pol = 'strict batch-8 batch-32 batch-128 lazy-256'
col = '#000000 #0072b2 #009e73 #e69f00 #d55e00'
sel(a, ats, p) = stringcolumn('arch') eq a && column('ats') == ats && stringcolumn('policy') eq p ? column('permille') / 10.0 : NaN
set label 1 'Window of an unmap: closed loop, one 4 KiB buffer after the other; solid: no device cache, dashed: device cache (ATS)' at screen 0.5,0.95 center
do for [i = 1:3] {
	a = word(arch, i)
	set lmargin at screen (0.06 + 0.32 * (i - 1))
	set rmargin at screen (0.06 + 0.32 * (i - 1) + 0.275)
	set title word(name, i) offset 0,-0.4
	if (i == 1) { set ylabel 'unmaps (%)' } else { unset ylabel }
	if (i == 2) { set key at screen 0.5, 0.06 center maxrows 1 samplen 2 width 1 } else { unset key }
	plot for [j = 1:5] f using (column('window_ns') / 1000.0):(sel(a, 0, word(pol, j))) with lines lw 2.5 lc rgb word(col, j) title word(pol, j), \
	     for [j = 1:5] f using (column('window_ns') / 1000.0):(sel(a, 1, word(pol, j))) with lines lw 2 dt 2 lc rgb word(col, j) notitle
	unset label 1
}
unset multiplot
