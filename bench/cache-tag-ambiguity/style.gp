# SPDX-License-Identifier: Apache-2.0
# style.gp - part of the plots in this folder: as those of timeout-attribution; two panels; how rows are picked.
load here.'/../timeout-attribution/style.gp'
set terminal pngcairo size 1180,860 font 'Sans,12'
set lmargin at screen 0.08
set rmargin at screen 0.64
# the value of column v in rows of this set, architecture, rule and kind of numbering ('*': any)
pick(s, a, r, i, v) = stringcolumn('set') eq s && stringcolumn('arch') eq a && stringcolumn('rule') eq r && (i eq '*' || stringcolumn('ids') eq i) ? column(v) : NaN
top = "set tmargin at screen 0.94; set bmargin at screen 0.59; set key at screen 0.66, 0.93 left top"
bottom = "set tmargin at screen 0.45; set bmargin at screen 0.08; set key at screen 0.66, 0.44 left top"
