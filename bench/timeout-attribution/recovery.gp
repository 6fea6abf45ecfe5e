# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/timeout-attribution'; dir='out/timeouts'; png='F.png'" recovery.gp : how long the queue stands still after a time-out, per reaction.
load here.'/style.gp'
set terminal pngcairo size 1180,760 font 'Sans,12'
set multiplot
set logscale x 2
set xrange [0.9:290]
set xtics (1, 4, 16, 64, 256)
set lmargin at screen 0.08
set tmargin at screen 0.90
set bmargin at screen 0.42
set yrange [0:6.5]
set ytics 1
name = "'VT-d, one requester-id' 'SMMUv3' 'AMD-Vi'"
arch = 'vtd smmuv3 amdvi'
set label 1 'One of 32 virtual devices silent. Above: from the tail write of the failed batch until the driver takes new work. Below: who else is blocked' at screen 0.01,0.975 left
do for [j = 0:1] {
	do for [i = 1:3] {
		a = word(arch, i)
		set lmargin at screen (0.06 + 0.25 * (i - 1))
		set rmargin at screen (0.06 + 0.25 * (i - 1) + 0.215)
		set tmargin at screen (j ? 0.45 : 0.90)
		set bmargin at screen (j ? 0.09 : 0.54)
		if (j) { set yrange [-1:34]; set ytics 8; v = 'blocked_innocents'; unset title; set xlabel 'batch' } else { v = 'stall_in_timeouts'; set title word(name, i); unset xlabel }
		if (i == 1) { set ylabel (j ? 'innocents blocked or reset' : 'stall (hardware time-outs)') } else { unset ylabel }
		if (i == 1 && !j) { set key at screen 0.805, 0.89 left top } else { unset key }
		plot f using 'batch':(row('policy', a, 'bisect', v)) with linespoints lw 2 pt 9 ps 1.4 lc rgb purple title 'bisect', \
		     f using 'batch':(row('policy', a, 'retry', v)) with linespoints lw 2 pt 5 ps 1.5 lc rgb orange title 'retry, then block', \
		     f using 'batch':(row('policy', a, 'singles', v)) with linespoints lw 2 pt 7 ps 1.1 lc rgb blue title 'one by one', \
		     f using 'batch':(row('policy', a, 'reset', v)) with linespoints lw 2 pt 13 ps 1.9 lc rgb sky title 'reset suspects', \
		     f using 'batch':(row('policy', a, 'quarantine', v)) with linespoints lw 2 dt 2 pt 4 ps 1.2 lc rgb red title 'block suspects', \
		     f using 'batch':(row('policy', a, 'ignore', v)) with linespoints lw 1.5 dt 3 pt 1 ps 1.2 lc rgb black title 'ignore (exposes)'
		unset label 1
	}
}
unset multiplot
