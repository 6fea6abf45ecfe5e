/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv.h - the operating system's driver: a filter in the chain of record sources.
 * Software-level records (attach, detach, map, unmap, flush) come out as the stores and MMIO writes a Linux driver would do, in its
 * order; hardware-level records, DMA and comments pass through. The driver touches memory and registers only through the records it
 * emits and keeps a shadow of its tables; capabilities are read from the unit at the first software-level record that names it.
 * Units: VT-d (drv_vtd.h), SMMUv3 (drv_smmuv3.h) and AMD-Vi (drv_amdvi.h), also side by side.
 * Models: bring-up, table pages from a pool, strict and lazy flushing, batches and waits, device-TLB flushes, caching mode, superpages,
 * stage 1 above a stage 2 (gpa = spa + s2_offset), PASID attach.
 * Does not model: CPU time, IOVA allocation (the trace names the IOVA), page requests, recovery from queue errors.
 */
#ifndef IOMMUSIM_DRV_H
#define IOMMUSIM_DRV_H
#include "software/platform.h"

enum { DRV_STRICT, DRV_LAZY };
enum { DRV_MODE_AUTO, DRV_MODE_LEGACY, DRV_MODE_SS, DRV_MODE_FS, DRV_MODE_NESTED, DRV_MODE_PT };
enum { DRV_WAIT_BATCH, DRV_WAIT_EACH };
enum { DRV_PAGE_4K, DRV_PAGE_2M, DRV_PAGE_1G };
enum { DRV_RIL_AUTO, DRV_RIL_ON, DRV_RIL_OFF };
enum { DRV_GRANULE_4K, DRV_GRANULE_16K, DRV_GRANULE_64K };
enum { DRV_SYNC_AUTO, DRV_SYNC_MSI, DRV_SYNC_SEV };
enum { DRV_AUTO, DRV_ON, DRV_OFF };
enum { DRV_VMID_VIOMMU, DRV_VMID_VM };
struct drv_cfg {
	uint32_t policy; /* DRV_STRICT, DRV_LAZY */
	bool caching_mode; /* flush after mapping too, as if CAP.CM = 1 (which has the same effect) */
	uint32_t lazy_len; /* unmapped ranges a domain collects before it is flushed */
	uint64_t lazy_ps; /* or when the oldest of them is this old */
	uint32_t mode; /* DRV_MODE_*: of every attach but pass-through; AUTO: as the attach says */
	uint32_t levels, s2_levels; /* 0: 4 if the unit has it, else what it has; s2_levels is of the stage 2 under nesting */
	uint32_t s2_page; /* DRV_PAGE_*: page size of the stage 2 under nesting */
	uint64_t s2_offset; /* nesting: gpa = spa + s2_offset */
	uint64_t base, pool_bytes; /* where tables and rings are taken from */
	bool superpages; /* use 2 MiB and 1 GiB leaves where address, size and unit allow */
	bool ih; /* set IH when only leaves changed */
	uint32_t wait; /* DRV_WAIT_*: one wait per batch of up to 16 descriptors, or one per descriptor */
	uint32_t smmu_ril, smmu_granule, smmu_sync; /* DRV_RIL_*, DRV_GRANULE_*, DRV_SYNC_* */
	uint32_t smmu_ssid_bits;
	uint32_t smmu_vmid; /* DRV_VMID_* */
	bool smmu_e2h;
	bool amd_sized_pages;
	uint32_t amd_gcr3_trp; /* DRV_AUTO, DRV_ON, DRV_OFF */
	bool amd_gst_trp;
	uint32_t amd_last_rid; /* the device table ends with its page */
	uint64_t broken; /* enum drv_break: faults put in on purpose (drv_break.h) */
	uint32_t break_every; /* into every so many of the sequences they concern */
};
extern const struct cfg_opt drv_opts[]; /* YAML section software: */
struct drv;
/** drv_create() - @c and @p are borrowed and must outlive it; units may be added to @p until the first record is pulled. */
struct drv *drv_create(const struct drv_cfg *c, struct plat *p, plat_source_fn *src, void *arg, struct err *e) MUST_USE;
/** drv_next() - a plat_source_fn; @drv is the struct drv. */
int drv_next(void *drv, struct trc_rec *r, struct err *e) MUST_USE;
/**
 * drv_place() - attaches from now on are of devices of virtual machine @vm, behind its virtual IOMMU @viommu (hyp.h; else 0, 0). Each virtual
 * machine has one stage 2 and each virtual IOMMU numbers its guest's ids itself.
 */
void drv_place(struct drv *d, unsigned vm, unsigned viommu);
enum { DRV_MAX_VMS = 64, DRV_MAX_VIOMMUS = 8 /* of one virtual machine */ };
/** drv_bring_up() - unit @unit now, from within the source; else its first software-level record does. */
void drv_bring_up(struct drv *d, unsigned unit);
/** drv_devtlb() - off: no invalidation is sent to devices' translation caches from now on. */
void drv_devtlb(struct drv *d, bool on);
/**
 * drv_hw_queues() - before the first record: guests' invalidations go to queues of their own, where the unit has such (SMMUv3: CMDQV; AMD-Vi: hardware
 * vIOMMU). @logs: and what the unit has to tell of their devices to their own logs (AMD-Vi).
 */
void drv_hw_queues(struct drv *d, bool logs);
/**
 * drv_guest_rid() - the requester that guest @gid of AMD-Vi unit @unit calls @gdev; TRC_NO_PASID: nobody. drv_guest_id(): the other way, and the
 * GuestID in *@gid.
 */
uint32_t drv_guest_rid(const struct drv *d, unsigned unit, unsigned gid, uint32_t gdev);
uint32_t drv_guest_id(const struct drv *d, unsigned unit, uint32_t rid, unsigned *gid);
/** drv_insert_event() - @rec into the event log of AMD-Vi guest @gid, by the host: memory and registers at the present time, no records. */
void drv_insert_event(struct drv *d, unsigned unit, unsigned gid, const uint64_t rec[2]);
/** drv_owes_flush() - has domain @dom unmapped ranges that are not flushed yet? */
bool drv_owes_flush(const struct drv *d, uint32_t dom);
void drv_destroy(struct drv *drv);
#endif
