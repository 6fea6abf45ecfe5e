# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/cache-tag-ambiguity'; dir='out/cache-tags'; png='F.png'" pasids.gp : one table used under many PASIDs.
load here.'/style.gp'
set multiplot
set logscale x 2
set xrange [12:5500]
set xtics (16, 64, 256, 1024, 4096)
s(a, r, v) = pick('pasids', a, r, '*', v)
law(n) = 256.0 / (64 * n)
eval top
set title 'One table of 64 pages under n PASIDs, 256 entries: hit rate'
set ylabel 'hits / look-ups'
set yrange [-0.03:1.05]
set samples 200
plot f using 'n':(s('vtd', 'root', 'hit_rate')) with linespoints lw 2 pt 9 ps 1.8 lc rgb green title 'VT-d, rule root', \
     f using 'n':(s('smmuv3', 'spec', 'hit_rate')) with linespoints lw 2 dt 2 pt 7 ps 1.2 lc rgb blue title 'SMMUv3, spec (ASID)', \
     f using 'n':(s('vtd', 'spec', 'hit_rate')) with linespoints lw 2 pt 5 ps 1.7 lc rgb orange title 'VT-d, spec (DID, PASID)', \
     f using 'n':(s('amdvi', 'spec', 'hit_rate')) with linespoints lw 2 dt 2 pt 6 ps 2 lc rgb red title 'AMD-Vi, spec (DomainID, PASID)', \
     f using 'n':(s('smmuv3', 'pasid', 'hit_rate')) with points pt 2 ps 1.6 lw 2 lc rgb purple title 'SMMUv3, rule pasid', \
     law(x) with lines lw 1 dt 3 lc rgb black title '256 / (64 n)'
eval bottom
set title 'The same: commands for one unmap'
set ylabel 'commands'
set xlabel 'PASIDs'
set logscale y
set yrange [0.7:8000]
set ytics auto
plot f using 'n':(s('vtd', 'spec', 'commands_per_unmap')) with linespoints lw 2 pt 5 ps 1.7 lc rgb orange title 'VT-d, spec', \
     f using 'n':(s('amdvi', 'spec', 'commands_per_unmap')) with linespoints lw 2 dt 2 pt 6 ps 2.2 lc rgb red title 'AMD-Vi, spec', \
     f using 'n':(s('vtd', 'root', 'commands_per_unmap')) with points pt 2 ps 1.6 lw 2 lc rgb green title 'VT-d, rule root', \
     f using 'n':(s('smmuv3', 'spec', 'commands_per_unmap')) with linespoints lw 2 pt 7 ps 1.4 lc rgb blue title 'SMMUv3, spec', \
     f using 'n':(s('vtd', 'table', 'commands_per_unmap')) with linespoints lw 2 dt 2 pt 8 ps 2.2 lc rgb purple title 'VT-d, rule table'
unset multiplot
