# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "f='OUT/ratio.dat'; png='F.png'; n=ROWS" summary.gp : ours over published for every judged number with a relative band, by target.
set terminal pngcairo size 1000,720 font 'Sans,12'
set output png
set title 'validate: simulated over published, every check whose published value is a number above zero'
set ylabel 'simulated / published'
set xlabel 'target (each point is one check)'
set yrange [0.4:2]
set xrange [-0.7:n - 0.3]
set grid ytics lt 1 lw 1 lc rgb '#e0e0e0'
set xtics rotate by -60 scale 0
set key outside top center horizontal
plot f using 1:($5 == 0 ? $3 : NaN):xtic(2) with points pt 7 ps 0.8 lc rgb '#0072b2' title 'inside the band', \
     f using 1:($5 == 1 ? $3 : NaN) with points pt 2 ps 1.2 lw 2 lc rgb '#d55e00' title 'outside the band', \
     1 with lines lc rgb '#999999' notitle
