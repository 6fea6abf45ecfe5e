# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/cache-tag-ambiguity'; dir='out/cache-tags'; png='F.png'" instances.gp : virtual units of one guest that number alike.
load here.'/style.gp'
set multiplot
set logscale x 2
set xrange [0.85:19]
set xtics (1, 2, 4, 8, 16)
s(a, r, i, v) = pick('instances', a, r, i, v)
eval top
set title 'n virtual units with the same ASIDs or PASIDs, one device without: wrong translations'
set ylabel 'share of the reads'
set yrange [-0.03:1.05]
plot 4 * (x - 1) / (4 * x + 1) with lines lw 1 dt 3 lc rgb black title '4 (n - 1) / (4 n + 1)', \
     f using 'n':(s('smmuv3', 'spec', 'one-per-guest', 'wrong_share')) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'SMMUv3, one VMID', \
     f using 'n':(s('vtd', 'spec', 'one-per-guest', 'wrong_share')) with linespoints lw 2 pt 5 ps 1.3 lc rgb orange title 'VT-d, one DID', \
     f using 'n':(s('amdvi', 'spec', 'one-per-guest', 'wrong_share')) with linespoints lw 2 dt 2 pt 6 ps 2 lc rgb red title 'AMD-Vi, one DomainID', \
     f using 'n':(s('smmuv3', 'root', 'one-per-guest', 'wrong_share')) with linespoints lw 2 pt 9 ps 1.8 lc rgb green title 'SMMUv3, one VMID, rule root', \
     f using 'n':(s('smmuv3', 'spec', 'one-per-unit', 'wrong_share')) with linespoints lw 2 dt 2 pt 2 ps 1.5 lc rgb black title 'SMMUv3, a VMID per unit'
eval bottom
set title 'Commands when the host moves one page of the guest'
set ylabel 'commands'
set xlabel 'virtual units of the guest'
set yrange [0:36]
set ytics auto
plot f using 'n':(s('smmuv3', 'spec', 'one-per-unit', 'commands_per_s2_move')) with linespoints lw 2 pt 7 ps 1.6 lc rgb blue title 'SMMUv3, a VMID per unit', \
     f using 'n':(s('vtd', 'spec', 'one-per-unit', 'commands_per_s2_move')) with linespoints lw 2 pt 5 ps 1.3 lc rgb orange title 'VT-d, a DID per unit', \
     f using 'n':(s('amdvi', 'spec', 'one-per-unit', 'commands_per_s2_move')) with linespoints lw 2 dt 2 pt 6 ps 2 lc rgb red title 'AMD-Vi, a DomainID per unit', \
     f using 'n':(s('smmuv3', 'spec', 'one-per-guest', 'commands_per_s2_move')) with linespoints lw 2 pt 9 ps 1.5 lc rgb black title 'SMMUv3, one VMID'
unset multiplot
