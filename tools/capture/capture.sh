#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Boots an unmodified Linux kernel under QEMU (TCG) with an emulated IOMMU, runs a workload in it, and keeps what the kernel did to the
# IOMMU's tables, rings and registers, and the DMAs, as a log that "iommusim import qemu" reads. See docs/capture.md.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage() {
	cat <<'EOF'
usage: tools/capture/capture.sh --arch vtd|amdvi|smmuv3 --kernel PACKAGE|FILE|DIR --workload SCRIPT -o DIR [OPTION]...

  --arch A          the IOMMU: vtd and amdvi boot an amd64 kernel, smmuv3 an arm64 kernel
  --kernel K        a Debian package (linux-image-...), a .deb, a folder where one was unpacked, or a kernel image
  --modules-root D  of a kernel image: the folder with lib/modules/VERSION (default: / for one in /boot, else none)
  --modules "M .."  modules to load besides those of the devices
  --devices "D .."  nvme, e1000e, virtio-blk, virtio-net, in this order on the bus; network cards are on one cable (default: nvme)
  --workload S      shell script run in the guest, see tools/capture/workloads
  --append TEXT     added to the kernel's command line, for example iommu.strict=0
  --iommu OPTIONS   added to the IOMMU device of QEMU (vtd, amdvi), for example x-scalable-mode=on
  --memory MIB      of the guest (default 512)
  --cpus N          of the guest (default 2)
  --timeout S       give up after S seconds (default 900)
  --name NAME       of the files in DIR (default: the architecture and the workload)
  -o DIR            gets NAME.log.zst, NAME.idx, NAME.pages.gz, NAME.serial, NAME.info and, if iommusim is found, NAME.iotb
  --help            this text

environment: IOMMUSIM (the program; default build/iommusim or that of PATH), BUSYBOX (a static one of the guest's architecture),
QEMU_INCLUDE (folder of qemu-plugin.h), CAPTURE_CACHE, CAPTURE_MIRROR. What is missing is fetched by fetch.sh from Debian packages.

example: tools/capture/capture.sh --arch vtd --kernel linux-image-6.12.95+deb12-amd64 --workload tools/capture/workloads/nvme.sh -o out
EOF
}
die() { echo "capture.sh: $*" >&2; exit 2; }
fail() { echo "capture.sh: $*" >&2; exit 3; }
say() { echo "capture.sh: $*" >&2; }

arch="" kernel="" mroot="" modules="" devices=nvme workload="" append="" iommu="" memory=512 cpus=2 timeout=900 name="" out=""
while [ $# -gt 0 ]; do
	case $1 in --help) usage; exit 0 ;; esac
	[ $# -gt 1 ] || die "$1: unknown, or it needs a value (--help)"
	case $1 in
	--arch) arch=$2 ;;
	--kernel) kernel=$2 ;;
	--modules-root) mroot=$2 ;;
	--modules) modules=$2 ;;
	--devices) devices=$2 ;;
	--workload) workload=$2 ;;
	--append) append=$2 ;;
	--iommu) iommu=,$2 ;;
	--memory) memory=$2 ;;
	--cpus) cpus=$2 ;;
	--timeout) timeout=$2 ;;
	--name) name=$2 ;;
	-o) out=$2 ;;
	*) die "unknown option $1 (--help)" ;;
	esac
	shift 2
done
case $arch in vtd | amdvi | smmuv3) ;; *) die "--arch must be vtd, amdvi or smmuv3, not \"$arch\"" ;; esac
[ -n "$kernel" ] || die "--kernel is missing: a Debian package, a .deb, a folder or an image"
[ -r "$workload" ] || die "--workload: cannot read \"$workload\""
[ -n "$out" ] || die "-o DIR is missing"
for v in memory cpus timeout; do case ${!v} in '' | *[!0-9]* | 0) die "--$v must be a number above 0, not \"${!v}\"" ;; esac; done
[ "$memory" -le 2048 ] || die "--memory: 2048 MiB at most (the guest's memory must be one piece)"
[ -n "$name" ] || name=$arch-$(basename "$workload" .sh)

# ---- machine ----
case $arch in
smmuv3) deb=arm64 qemu=qemu-system-aarch64 package=qemu-system-arm console=ttyAMA0 base=0x40000000 mmio=0x09050000 ;;
*) deb=amd64 qemu=qemu-system-x86_64 package=qemu-system-x86 console=ttyS0 base=0 mmio=0xfed90000 ;;
esac
if [ "$arch" = amdvi ]; then mmio=0xfed80000; fi
case $arch in
vtd)
	machine=(-machine q35 -cpu max -device "intel-iommu,intremap=on$iommu")
	line="intel_iommu=on nokaslr"
	events="vtd_reg_read vtd_reg_write vtd_iotlb_page_hit vtd_iotlb_page_update vtd_dmar_translate vtd_translate_pt vtd_dmar_fault
		vtd_inv_desc vtd_inv_qi_setup vtd_inv_qi_head"
	regs="VER:0:4 CAP:8:8 ECAP:0x10:8 GSTS:0x1c:4 RTADDR:0x20:8 CCMD:0x28:8 FSTS:0x34:4 FECTL:0x38:4 FEDATA:0x3c:4 FEADDR:0x40:4
		IQH:0x80:8 IQT:0x88:8 IQA:0x90:8 IRTA:0xb8:8"
	;;
amdvi)
	machine=(-machine q35 -cpu max -device "amd-iommu,intremap=off,pt=off$iommu")
	line="nokaslr"
	events="amdvi_mmio_read amdvi_control_status amdvi_translation_result amdvi_command_exec amdvi_command_error amdvi_completion_wait
		amdvi_pages_inval amdvi_devtab_inval amdvi_all_inval"
	# without CMDBUF_BASE and EVTLOG_BASE: QEMU resets their lengths to 0, the architecture to 8
	regs="DEVTAB_BASE:0:8 CONTROL:0x18:8 EXCL_BASE:0x20:8 EXCL_LIMIT:0x28:8 EXT_FEATURES:0x30:8
		CMDBUF_HEAD:0x2000:8 CMDBUF_TAIL:0x2008:8 EVTLOG_HEAD:0x2010:8 EVTLOG_TAIL:0x2018:8 STATUS:0x2020:8"
	;;
smmuv3)
	[ -z "$iommu" ] || die "--iommu: the SMMU of QEMU's virt machine has no options here"
	machine=(-machine "virt,iommu=smmuv3,gic-version=3" -cpu neoverse-n1)
	line=""
	events="smmuv3_read_mmio smmuv3_write_mmio smmuv3_translate_success smmuv3_translate_bypass smmuv3_translate_disable
		smmuv3_translate_abort smmuv3_record_event smmuv3_config_cache_hit smmuv3_config_cache_miss smmu_ptw_page_pte
		smmu_ptw_block_pte smmuv3_cmdq_consume smmuv3_cmdq_consume_out smmuv3_cmdq_opcode smmuv3_cmdq_cfgi_ste
		smmuv3_cmdq_cfgi_ste_range smmuv3_cmdq_cfgi_cd smmuv3_cmdq_tlbi_nh_asid smmuv3_cmdq_tlbi_nsnh smmuv3_range_inval"
	regs="IDR0:0:4 IDR1:4:4 IDR2:8:4 IDR3:0xc:4 IDR4:0x10:4 IDR5:0x14:4 IIDR:0x18:4 AIDR:0x1c:4 CR0:0x20:4 CR0ACK:0x24:4 CR1:0x28:4
		CR2:0x2c:4 GBPA:0x44:4 IRQ_CTRL:0x50:4 GERROR:0x60:4 GERRORN:0x64:4 STRTAB_BASE:0x80:8 STRTAB_BASE_CFG:0x88:4
		CMDQ_BASE:0x90:8 CMDQ_PROD:0x98:4 CMDQ_CONS:0x9c:4 EVENTQ_BASE:0xa0:8 EVENTQ_PROD:0x100a8:4 EVENTQ_CONS:0x100ac:4"
	;;
esac

# ---- what has to be there ----
for t in "$qemu:$package" cc:gcc make:make pkg-config:pkg-config cpio:cpio depmod:kmod modinfo:kmod xz:xz-utils zstd:zstd gzip:gzip; do
	command -v "${t%%:*}" >/dev/null || fail "no ${t%%:*}: apt-get install ${t#*:}"
done
pkg-config --exists glib-2.0 || fail "no glib headers (the plugin needs them): apt-get install libglib2.0-dev"
"$qemu" -plugin help 2>&1 | grep -q 'TCG is disabled\|invalid option' && fail "$qemu has no plugins: it was built without them"
include=${QEMU_INCLUDE:-}
[ -n "$include" ] || include=$("$here/fetch.sh" header)
[ -r "$include/qemu-plugin.h" ] || fail "QEMU_INCLUDE: no qemu-plugin.h in $include"
busybox=${BUSYBOX:-}
[ -n "$busybox" ] || busybox=$("$here/fetch.sh" busybox $deb)
[ -r "$busybox" ] || fail "BUSYBOX: cannot read $busybox"

tmp=$(mktemp -d)
ramdir=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "$tmp")")
pid=""
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	rm -rf "$tmp" "$ramdir"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- kernel ----
root="" image=""
case $kernel in
*.deb)
	[ -r "$kernel" ] || die "--kernel: cannot read $kernel"
	root=$tmp/kernel
	dpkg-deb -x "$kernel" "$root"
	;;
*) if [ -d "$kernel" ]; then
	root=$kernel
elif [ -f "$kernel" ]; then
	image=$kernel root=$mroot
	case $(readlink -f "$kernel") in /boot/*) root=${root:-/} ;; esac
else
	case $kernel in */*) die "--kernel: no file $kernel" ;; esac
	root=$("$here/fetch.sh" kernel "$kernel" $deb)
fi ;;
esac
if [ -z "$image" ]; then
	image=$(find "$root/boot" -name 'vmlinu*' -print -quit 2>/dev/null || true)
	[ -n "$image" ] || die "--kernel: no boot/vmlinuz* in $root"
fi
case $image in
*vmlinu?-*) version=${image##*vmlinu?-} ;;
*)
	version=$(file -b "$image" | sed -n 's/.*version \([^ ]*\).*/\1/p')
	[ -n "$version" ] || [ -z "$root" ] || die "--kernel: the version is not in the name of $image; call it vmlinuz-VERSION"
	;;
esac

# ---- devices ----
dev=() disks=0 cards=0
disk() {
	truncate -s 64M "$tmp/disk$disks.img"
	dev+=(-drive "file=$tmp/disk$disks.img,if=none,id=d$disks,format=raw" -device "$1,drive=d$disks$2")
	disks=$((disks + 1))
}
card() {
	dev+=(-netdev "hubport,id=n$cards,hubid=0" -device "$1,netdev=n$cards,mac=52:54:00:00:00:0$cards")
	cards=$((cards + 1))
}
load=""
for d in $devices; do
	case $d in
	nvme) disk nvme ",serial=n$disks" && load="$load nvme" ;;
	virtio-blk) disk virtio-blk-pci ",disable-legacy=on,iommu_platform=on" && load="$load virtio_pci virtio_blk" ;;
	e1000e) card e1000e && load="$load e1000e" ;;
	virtio-net) card virtio-net-pci,disable-legacy=on,iommu_platform=on && load="$load virtio_pci virtio_net" ;;
	*) die "--devices: nvme, e1000e, virtio-blk, virtio-net, not \"$d\"" ;;
	esac
done
[ -n "$root" ] || { [ -z "$modules" ] || die "--modules: say where they are: --modules-root"; load=""; }
# shellcheck disable=SC2086
load=$(printf '%s\n' $load $modules | awk 'NF && !s[$0]++' | xargs)

# ---- build ----
mkdir -p "$out"
out=$(cd "$out" && pwd)
to=$out/$name
say "building the plugin and the initramfs (modules: ${load:-none})"
make -s -C "$here/plugin" QEMU_INCLUDE="$include" OUT="$tmp/iommulog.so" || fail "the plugin could not be built"
"$here/initramfs.sh" --root "${root:-/nonexistent}" --version "${version:-none}" --busybox "$busybox" --modules "$load" --workload "$workload" -o "$tmp/initrd"

# ---- run ----
# shellcheck disable=SC2086
printf '%s\n' $events >"$tmp/events"
mkfifo "$tmp/mon.in" "$tmp/mon.out"
exec 3<>"$tmp/mon.in" 4<>"$tmp/mon.out"
rm -f "$to".{log,log.zst,idx,pages.gz,serial,info,iotb}
args=(-nodefaults -no-user-config -display none -no-reboot "${machine[@]}" -accel "tcg,thread=single" -smp "$cpus" -m "$memory"
	-object "memory-backend-file,id=ram,size=${memory}M,mem-path=$ramdir/ram,share=on" -machine memory-backend=ram "${dev[@]}"
	-kernel "$image" -initrd "$tmp/initrd" -append "console=$console panic=-1 quiet $line $append"
	-serial "file:$to.serial" -chardev "pipe,id=mon,path=$tmp/mon" -mon "chardev=mon,mode=readline"
	-trace "events=$tmp/events" -D "$to.log" -plugin "$tmp/iommulog.so,arch=$arch,ram=$ramdir/ram,base=$base,mmio=$mmio"
	-d "plugin,guest_errors" -S)
truncate -s "${memory}M" "$ramdir/ram"
say "starting $("$qemu" --version | head -n 1), kernel ${version:-$image}"
begun=$(date +%s)
"$qemu" "${args[@]}" </dev/null >"$tmp/qemu.out" 2>&1 3>&- 4<&- &
pid=$!
xp() { # NAME OFFSET BYTES: a register, before the guest runs
	local want l f=w
	[ "$3" = 8 ] && f=g
	want=$(printf '%016x' $((mmio + $2)))
	echo "xp /1${f}x 0x$want" >&3
	while read -r -t 60 l <&4; do
		case $l in *$want:*0x*)
			l=${l##*: 0x}
			printf 'reg %s offset=0x%x size=%d value=0x%x\n' "$1" "$2" "$3" "$((16#${l%%[!0-9a-f]*}))"
			return
			;;
		esac
		kill -0 "$pid" 2>/dev/null || break
	done
	fail "QEMU does not answer: $(tail -n 3 "$tmp/qemu.out")"
}
{
	printf 'iommu-image 1\nkind %s\nnote %s, taken before the first instruction of the guest: registers only\nnote write-backs are in the log\n' "$arch" "$name"
	for r in $regs; do
		IFS=: read -r n o b <<<"$r"
		xp "$n" "$o" "$b"
	done
} >"$to.idx"
n=$(wc -l <"$to.log")
printf 'note log lines before the pause: %d\nnote log lines 1 to %d (1-based) are register reads made to take this image\nend pages=0 mappings=0\n' \
	"$n" "$n" >>"$to.idx"
gzip -1n </dev/null >"$to.pages.gz"
echo cont >&3
last=0
while kill -0 "$pid" 2>/dev/null; do
	now=$(($(date +%s) - begun))
	if [ $now -ge "$timeout" ]; then
		fail "the guest did not end in $timeout s; last line of $to.serial: $(tail -n 1 "$to.serial")"
	fi
	if [ $((now - last)) -ge 10 ]; then
		last=$now
		say "$now s, log $(($(stat -c %s "$to.log") >> 10)) KiB, guest: $(tail -n 1 "$to.serial" | tr -d '\r' | cut -c 1-100)"
	fi
	sleep 1
	while read -r -t 0.01 _ <&4; do :; done
done
wait "$pid" || fail "QEMU ended with $?: $(tail -n 3 "$tmp/qemu.out")"
pid=""
secs=$(($(date +%s) - begun))
grep -q '@@CAPTURE begin' "$to.serial" || fail "the kernel did not come as far as the workload; see $to.serial"
grep -q '@@CAPTURE end 0' "$to.serial" || fail "the workload failed; see $to.serial"
lines=$(wc -l <"$to.log")
say "compressing $(($(stat -c %s "$to.log") >> 20)) MiB of log"
zstd -q -T2 --rm "$to.log"
{
	echo "arch $arch"
	echo "qemu $("$qemu" --version | head -n 1)"
	echo "kernel $(sed -n 's/^@@CAPTURE kernel //p' "$to.serial" | tr -d '\r')"
	echo "devices $devices"
	echo "workload $(basename "$workload")"
	echo "append $line $append"
	echo "seconds $secs"
	echo "lines $lines"
	echo "log-bytes $(stat -c %s "$to.log.zst")"
} >"$to.info"
cat "$to.info"
sim=${IOMMUSIM:-$here/../../build/iommusim}
[ -x "$sim" ] || sim=$(command -v iommusim || true)
[ -n "$sim" ] || { say "done; no iommusim here to import it"; exit 0; }
"$sim" import qemu "$to.log.zst" --image "$to.idx" -o "$to.iotb" --summary -
