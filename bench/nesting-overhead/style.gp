# SPDX-License-Identifier: Apache-2.0
# style.gp - part of the plots in this folder: rows of run.sh's table, and the look of bench/viommu.
load here.'/../viommu/style.gp'
archs = 'vtd smmuv3 amdvi'
arch_name(i) = word('VT-d SMMUv3 AMD-Vi', i)
arch_colour(i) = word('#0072b2 #009e73 #d55e00', i)
sel(ex, arch, mode) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" && $4 == \"%s\"' %s", ex, arch, mode, f)
sel1(ex, arch, mode, v) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" && $4 == \"%s\" && $6 == \"%s\"' %s", ex, arch, mode, v, f)
sel2(ex, arch, mode, v) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" && $4 == \"%s\" && $8 == \"%s\"' %s", ex, arch, mode, v, f)
