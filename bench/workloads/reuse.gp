# SPDX-License-Identifier: Apache-2.0
# gnuplot -e "f='OUT/reuse.csv'; png='F.png'" reuse.gp : reuse distances of workloads; left: captured devices (points) and their models (lines), right: the others.
set terminal pngcairo size 1200,620 font 'Sans,12'
set output png
set datafile separator ','
set logscale x 2
set xrange [0.5:8192]
set yrange [0:1.02]
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
set xlabel 'distinct pages since the last use of the page'
set ylabel 'share of DMAs at or below'
set xtics ('0' 0.5, '1' 1, '4' 4, '16' 16, '64' 64, '256' 256, '1K' 1024, '8K' 8192)
set key outside below spacing 1.2 maxrows 3 width 1
set bmargin 9
pick(n) = sprintf("< awk -F, '$1 == \"%s\" && $2 != \"first\" { print ($2 ? $2 : .5) \",\" $3 }' %s", n, f)
set multiplot layout 1,2 title 'Reuse distances of I/O pages (synthetic but for the points)'
plot pick('capture virtio-blk') using 1:2 with points pt 7 ps 1.1 lc rgb '#d55e00' title 'captured: virtio-blk', \
     pick('virtio-blk') using 1:2 with lines lw 2 lc rgb '#d55e00' title 'workload virtio-blk', \
     pick('capture nvme') using 1:2 with points pt 5 ps 1.1 lc rgb '#0072b2' title 'captured: NVMe', \
     pick('nvme') using 1:2 with lines lw 2 dt 2 lc rgb '#0072b2' title 'workload nvme', \
     pick('capture nic') using 1:2 with points pt 9 ps 1.2 lc rgb '#009e73' title 'captured: e1000e', \
     pick('nic') using 1:2 with lines lw 2 dt 4 lc rgb '#009e73' title 'workload nic'
plot pick('mix') using 1:2 with lines lw 2 dt 2 lc rgb '#d55e00' title 'mix', \
     pick('tenants') using 1:2 with lines lw 2 dt 3 lc rgb '#009e73' title 'tenants', pick('gpu') using 1:2 with lines lw 2 dt 4 lc rgb '#cc79a7' title 'gpu', \
     pick('zipf') using 1:2 with lines lw 2 dt 5 lc rgb '#e69f00' title 'zipf', pick('strided') using 1:2 with lines lw 2 lc rgb '#0072b2' title 'strided', \
     pick('uniform') using 1:2 with lines lw 2 lc rgb '#999999' title 'uniform'
unset multiplot
