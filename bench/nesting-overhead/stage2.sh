#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A virtual machine with N devices, each behind a virtual IOMMU of its own, and one device without any; then 64 of its pages are taken away, one by one.
#   usage: stage2.sh N        trace on stdout; run it with software.direct=1 and software.viommus=N
set -eu
n=$1
echo '#iotrace 1'
echo 'attach 00:01.0 pasid=- dom=99 type=vm'
echo 'map dom=99 0x1000100000 0x100000 0x40000 rw'
for ((i = 1; i <= n; i++)); do
	printf 'attach %02x:00.0 pasid=- dom=%d type=-\nmap dom=%d 0x10000 0x%x 0x10000 rw\n' "$i" "$i" "$i" $((0x6000000 + i * 0x100000))
done
for ((p = 0; p < 64; p++)); do
	for ((i = 1; i <= n; i++)); do
		printf 'dma %02x:00.0 r 0x%x+64 -> 0x%x\n' "$i" $((0x10000 + p % 16 * 4096)) $((0x6000000 + i * 0x100000 + p % 16 * 4096))
	done
	printf 'dma 00:01.0 r 0x%x+64 -> 0x%x\nunmap dom=99 0x%x 0x1000\n' $((0x1000100000 + p * 4096)) $((0x100000 + p * 4096)) $((0x1000100000 + p * 4096))
done
