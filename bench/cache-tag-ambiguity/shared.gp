# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "here='bench/cache-tag-ambiguity'; dir='out/cache-tags'; png='F.png'" shared.gp : one guest mapping for many; siblings of one function.
load here.'/style.gp'
set multiplot
set logscale x 2
set xrange [0.4:75]
set xtics ('0' 0.5, 1, 4, 16, 64)
z(x) = x < 1 ? 0.5 : x
s(a, r, v) = pick('gpa', a, r, '*', v)
eval top
set title 'Four devices on one guest-physical mapping of 64 pages, 256 entries: hit rate'
set ylabel 'hits / look-ups'
set xlabel 'PASIDs of each device, beside its requests without PASID'
set yrange [-0.03:1.05]
plot f using (z(column('n'))):(s('vtd', 'spec', 'hit_rate')) with linespoints lw 2 pt 5 ps 1.6 lc rgb orange title 'VT-d, spec (second stage: DID)', \
     f using (z(column('n'))):(s('smmuv3', 'spec', 'hit_rate')) with linespoints lw 2 pt 7 ps 1.5 lc rgb blue title 'SMMUv3, spec (VMID, ASID)', \
     f using (z(column('n'))):(s('amdvi', 'root', 'hit_rate')) with linespoints lw 2 dt 2 pt 9 ps 1.8 lc rgb green title 'AMD-Vi, rule root', \
     f using (z(column('n'))):(s('amdvi', 'spec', 'hit_rate')) with linespoints lw 2 pt 6 ps 2 lc rgb red title 'AMD-Vi, spec (DomainID, PASID)', \
     f using (z(column('n'))):(s('vtd', 'device', 'hit_rate')) with linespoints lw 2 dt 2 pt 2 ps 1.5 lc rgb purple title 'VT-d, rule device'
eval bottom
set title 'Siblings of one function, a PASID and a table each: wrong translations'
set ylabel 'share of the reads'
set xlabel 'interfaces of the function'
set xrange [1.8:75]
set xtics (2, 4, 8, 16, 32, 64)
t(a, r, i, v) = pick('siov', a, r, i, v)
plot f using 'n':(t('amdvi', 'table', 'one-per-function', 'wrong_share')) with linespoints lw 2 pt 6 ps 2 lc rgb red title 'AMD-Vi, rule table, one DomainID', \
     f using 'n':(t('vtd', 'table', 'one-per-function', 'wrong_share')) with linespoints lw 2 dt 2 pt 5 ps 1.3 lc rgb orange title 'VT-d, rule table, one DID', \
     f using 'n':(t('vtd', 'table', 'one-per-interface', 'wrong_share')) with linespoints lw 2 pt 7 ps 2 lc rgb blue title 'VT-d, rule table, a DID each', \
     f using 'n':(t('amdvi', 'spec', 'one-per-function', 'wrong_share')) with linespoints lw 2 dt 2 pt 2 ps 1.6 lc rgb black title 'AMD-Vi, spec, one DomainID'
unset multiplot
