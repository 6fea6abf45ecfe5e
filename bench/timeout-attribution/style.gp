# SPDX-License-Identifier: Apache-2.0
# style.gp - part of the plots in this folder: terminal, colours that colour-blind readers can tell apart (Okabe and Ito), how rows are picked.
set terminal pngcairo size 1180,640 font 'Sans,12'
set output png
set datafile separator ','
set datafile missing NaN # rows of other series: no gap in the line
set grid ytics xtics lt 1 lw 1 lc rgb '#e0e0e0'
set key outside right top reverse Left spacing 1.3 samplen 2.5
blue = '#0072b2'
sky = '#56b4e9'
orange = '#e69f00'
red = '#d55e00'
green = '#009e73'
purple = '#cc79a7'
black = '#000000'
f = dir.'/points.csv'
# the value of column v in rows of this set, architecture and policy
row(s, a, p, v) = stringcolumn('set') eq s && stringcolumn('arch') eq a && stringcolumn('policy') eq p ? column(v) : NaN
