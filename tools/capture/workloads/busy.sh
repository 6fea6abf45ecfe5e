# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Two NVMe disks and two network cards on one cable at work at the same time.
# capture.sh --devices "nvme nvme e1000e e1000e"
waitfor /dev/nvme0n1
waitfor /dev/nvme1n1
# shellcheck disable=SC2046
set -- $(nics)
ip addr add 192.0.2.1/24 dev "$1"
ip link set "$1" up
netns "$2" 192.0.2.2/24
sleep 3
inns nc -l -p 5001 > /dev/null &
dd if=/dev/nvme0n1 of=/dev/null bs=16k count=200 iflag=direct & a=$!
dd if=/dev/zero of=/dev/nvme1n1 bs=4k count=200 oflag=direct & b=$!
ping -c 30 -i 0.1 -s 1400 -q 192.0.2.2 & c=$!
dd if=/dev/zero bs=4k count=128 | nc 192.0.2.2 5001 & d=$!
wait $a $b $c
kill $d 2>/dev/null || true
ping -c 2 -q 192.0.2.2
