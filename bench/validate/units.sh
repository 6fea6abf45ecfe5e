#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands and unmap time on an SMMU (VAL-28; Linux patch of August 2021), rules and sizes of MMU-600 and of gem5's model (VAL-29, VAL-34), one
# synchronous invalidation of VT-d (VAL-19). Input: synthetic.
. "$(dirname "$0")/lib.sh"
seeds=1
# VAL-28: 32 MiB of 4 KiB pages, unmapped in 16 blocks of 2 MiB; each block also frees its table, one command that the published count does not have.
# Calibrated: execution time of a command, so that 2 MiB take 67.3 us.
list() { # BLOCKS asid|pages
	awk -v n="$1" -v how="$2" 'BEGIN { print "#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-"
		for (i = 0; i < n * 512; i++) printf "map dom=1 0x%x 0x%x 0x1000 rw\n", 0x80000000 + i * 4096, 0x100000000 + i * 7 % 65536 * 4096
		for (b = 0; b < n; b++) if (how == "asid") print "flush dom=1"; else printf "unmap dom=1 0x%x 0x200000\n", 0x80000000 + b * 2097152 }' >"$tmp/list.iot"
	run "$root/configs/mmu600.yaml" --trace "$tmp/list.iot" --set software.hypervisor=native --set software.smmu_ril=off --set smmuv3.inv.tlbi=5
}
list 0 asid
asid0=$(stat '[smmu0.smmuv3.tlbi_asid]') va0=$(stat '[smmu0.smmuv3.tlbi_va]')
list 1 pages
row VAL-28 'unmap of 2 MiB, by address (us; calibrated)' 67.29 "$(stat '[hypervisor.unmap.sum] / 1e6')" input
list 16 pages
row VAL-28 'commands by address, less one for each freed table' 8192 "$(stat "[smmu0.smmuv3.tlbi_va] - 16 - $va0")" exact
row VAL-28 'unmap of 32 MiB, by address (us)' 1033.4 "$(stat '[hypervisor.unmap.sum] / 1e6')" '+-10 %'
list 16 asid
row VAL-28 'commands by ASID, one flush of the domain for each block' 16 "$(stat "[smmu0.smmuv3.tlbi_asid] - $asid0")" exact
# VAL-29: 64 MiB have 32 last-level tables; the walk cache holds them. No statistic keeps the largest number of walks at once: the mean while saturated is shown.
run "$root/configs/mmu600.yaml" --warmup 20000 --set gen.count=40000 --set smmuv3.walk.policy=lru --set smmuv3.walk.ways=0
row VAL-29 'reads of a walk behind a hit in the last walk cache' 1 "$(stat '[smmu0.walk_reads] / [smmu0.walks]')" exact
run "$root/configs/mmu600.yaml" --warmup 60000 --set gen.count=120000 --set gen.devices=64 --set gen.window=256M --set devices.outstanding=64
row VAL-29 'walks in progress over walkers, mean of a saturated run' 1 "$(stat '[smmu0.walk_ps] / [replay.sim_ps] / 64')" '0.9 to 1.0001'
# VAL-34: what the presets say
value() { "$bin" run "$root/configs/$1.yaml" --dump-config >"$tmp/dump"; awk -v k="$2:" '$1 == k { print $2; exit }' "$tmp/dump"; }
for k in walk.s1l0 walk.s1l1 walk.s1l2 walk.s2l0 walk.s2l1 walk.s2l2 ste.entries; do row VAL-34 "MMU-600 (Agilex 5): $k" 256 "$(value mmu600 $k)" exact; done
row VAL-34 'MMU-600 (Agilex 5): walkers' 64 "$(value mmu600 walkers)" exact
row VAL-34 'MMU-600 (Agilex 5): request_ports' 14 "$(value mmu600 request_ports)" exact
for k in utlb.entries=32 tbu.entries=2048 tbu.ways=4 ste.entries=64 ste.ways=4 walk.s1l0=4 walk.s1l1=28 walk.s1l2=348 walk.s2l0=4 walk.s2l1=28 walk.s2l2=92 walkers=16 missq=48; do
	row VAL-34 "gem5: ${k%=*}" ${k#*=} "$(value gem5-smmuv3 ${k%=*})" exact
done
# VAL-19: a synchronous invalidation of one page, native; calibrated by the execution time of the descriptor
awk 'BEGIN { print "#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-"
	for (i = 0; i < 200; i++) printf "map dom=1 0x80000000 0x100000000 0x1000 rw\ndma 01:00.0 w 0x80000000+64\nunmap dom=1 0x80000000 0x1000\n" }' >"$tmp/inv.iot"
run "$root/configs/e5-2630v4.yaml" --trace "$tmp/inv.iot" --warmup 10% --set software.hypervisor=native --set memory.latency=90ns --set vtd.inv.iotlb=260
row VAL-19 'synchronous invalidation of one page (us; calibrated)' 0.69 "$(stat '[hypervisor.inval.sum] / [hypervisor.inval.n] / 1e6')" '+-5 %'
