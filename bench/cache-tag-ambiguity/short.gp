# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/cache-tag-ambiguity'; dir='out/cache-tags'; png='F.png'" short.gp : identifiers kept in n bits.
load here.'/style.gp'
set terminal pngcairo size 1180,560 font 'Sans,12'
g = dir.'/short.csv'
set lmargin at screen 0.095
set tmargin at screen 0.92
set bmargin at screen 0.12
set key at screen 0.66, 0.91 left top
p(fold, n) = stringcolumn('arch') eq 'smmuv3' && stringcolumn('fold') eq fold && column('contexts') == n ? column('wrong_share') : NaN
mix(b, n) = 1 - 2 ** b * (1 - (1 - 2.0 ** (-b)) ** n) / n
low(b, n) = 1 - (2 ** b < n ? 2 ** b : n) / n
set title 'Identifiers kept in few bits: wrong translations, no evictions, no invalidations (SMMUv3, ASIDs)'
set xlabel 'bits'
set ylabel 'share of the reads'
set logscale y
set yrange [0.0008:1.3]
set xrange [1.7:16.3]
set samples 400
plot mix(x, 256) with lines lw 1.5 lc rgb red title 'law, hash, 256 contexts', \
     g using 'bits':(p('mix', 256)) with points pt 5 ps 1.6 lc rgb red title 'measured (16 seeds)', \
     mix(x, 64) with lines lw 1.5 lc rgb blue title 'law, hash, 64 contexts', \
     g using 'bits':(p('mix', 64)) with points pt 7 ps 1.6 lc rgb blue title 'measured (16 seeds)', \
     low(x, 64) with lines lw 1.5 dt 2 lc rgb black title 'law, lowest bits, numbers in a row', \
     g using 'bits':(p('low', 64)) with points pt 9 ps 1.8 lc rgb black title 'measured (0 from 6 bits on)'
