# SPDX-License-Identifier: Apache-2.0
# Reads per walk over levels and page sizes. gnuplot -e "here=...; f=...; png=..." walks.gp
load here.'/style.gp'
set multiplot layout 2,1
set style fill solid 0.9 border -1
set boxwidth 0.38
set yrange [0:42]
set ylabel 'memory reads per walk'
set xrange [0.3:13.7]
set key inside top left Left reverse horizontal width 3
set title 'Nested walks, 4 KiB pages, 64 MiB at random: levels of the guest''s and the host''s tables'
rows(k) = sprintf("< awk -F, '$1 == \"levels\" && $8 == \"%s\" { n++; split($6, l, \":\"); a = $3 == \"vtd\" ? \"VT-d\" : $3 == \"smmuv3\" ? \"SMMUv3\" : \"AMD-Vi\"; print n \",\" a \" \" l[1] \" over \" l[2] \",\" $13 }' %s", k, f)
set xtics rotate by 20 right font ',10'
plot rows('0') using ($1 - 0.2):3:xtic(2) with boxes lc rgb orange title 'no walk caches', \
     rows('64') using ($1 + 0.2):3 with boxes lc rgb blue title '64 entries per level', \
     rows('0') using ($1 - 0.2):3:(sprintf('%.1f', $3)) with labels offset 0, 0.6 font ',9' notitle, \
     rows('64') using ($1 + 0.2):3:(sprintf('%.1f', $3)) with labels offset 0, 0.6 font ',9' notitle
set title 'Reads per request, 256 MiB at random, IOTLB of 16: page sizes of the guest''s mappings and of the stage 2'
set ylabel 'memory reads per request'
set yrange [0:5]
set xrange [0.3:8.7]
case = '4K/- 4K/4K 4K/2M 4K/1G 2M/- 2M/4K 2M/2M 2M/1G'
pg(a, m, g, h) = sprintf("< awk -F, '$1 == \"pages\" && $3 == \"%s\" && $4 == \"%s\" && $6 == \"%s\" && $8 == \"%s\"' %s", a, m, g, h, f)
set xtics norotate center font ',11' ('4K, native' 1, '4K over 4K' 2, '4K over 2M' 3, '4K over 1G' 4, '2M, native' 5, '2M over 4K' 6, '2M over 2M' 7, '2M over 1G' 8)
set boxwidth 0.25
half(k, i) = word(case, k)[i == 1 ? 1 : 4 : i == 1 ? 2 : 5]
mode(k) = half(k, 2) eq '-' ? 'native' : 'nested-hw'
plot for [i = 1:3] for [k = 1:8] pg(word(archs, i), mode(k), half(k, 1), half(k, 2)) using (k + 0.27 * (i - 2)):14 with boxes lc rgb arch_colour(i) title (k == 1 ? arch_name(i) : ''), \
     for [i = 1:3] for [k = 1:8] pg(word(archs, i), mode(k), half(k, 1), half(k, 2)) using (k + 0.27 * (i - 2)):14:(sprintf('%.1f', $14)) with labels offset 0, 0.6 font ',9' notitle
unset multiplot
