# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# One NVMe disk: writes and reads around the page cache in several sizes, then the driver lets go of the device and takes it back.
waitfor /dev/nvme0n1
for bs in 512 4k 16k 128k; do
	dd if=/dev/urandom of=/dev/nvme0n1 bs=$bs count=8 oflag=direct
	dd if=/dev/nvme0n1 of=/dev/null bs=$bs count=24 iflag=direct
done
dev=$(basename "$(readlink -f /sys/class/nvme/nvme0/device)")
echo "$dev" > /sys/bus/pci/drivers/nvme/unbind
echo "$dev" > /sys/bus/pci/drivers/nvme/bind
waitfor /dev/nvme0n1
dd if=/dev/nvme0n1 of=/dev/null bs=4k count=32 iflag=direct
