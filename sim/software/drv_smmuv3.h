/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_smmuv3.h - the Arm driver, as Linux 6.12 does it (arm-smmu-v3): reset, stream and context descriptors, tables, commands.
 * Models: linear and 2-level stream tables, linear and 2-level CD tables, stage 1, stage 2, stage 1 above stage 2 (the guest's part and the
 * hypervisor's together), bypass; entries updated without a gap where Linux can; range invalidation; ATS order of attach and detach.
 * Does not model: stalls and page requests (no record is answered), broadcast TLB maintenance, dirty tracking, non-coherent walks, error
 * recovery, enhanced command queues, HTTU, the flush the IOMMU core makes for a new default domain.
 * An attach of a requester that is attached changes its domain.
 * Unlike Linux: a domain may be attached on several units; an unmap of part of a block takes the whole block; queues have 256 entries.
 */
#ifndef IOMMUSIM_DRV_SMMUV3_H
#define IOMMUSIM_DRV_SMMUV3_H
#include "core/base/bits.h"
#include "software/drv_int.h"

enum { SMMUD_QUEUE_LG2 = 8, SMMUD_BATCH = 64, SMMUD_SPLIT = 8, SMMUD_CD_LEAF_LG2 = 10, SMMUD_SID_BITS = 25 };
struct smmud_cdtab {
	uint64_t pa; /* 0: none yet */
	bool two_level;
};
struct smmud_master { /* a requester; its StreamID is its requester id */
	uint32_t rid, n_pasid;
	struct drv_dom *dom; /* of requests without PASID */
	uint64_t ste; /* where its STE is; 0: never attached */
	struct smmud_cdtab cd[2]; /* of the host; of the guest under nesting */
	bool nested; /* its PASIDs are the guest's */
	uint8_t vm, viommu; /* nesting: where it belongs */
	bool ats, eats; /* the device has ATS on; its STE allows it */
};
enum { SMMUD_VQ_SIDS = 16 };
struct smmud_vq { /* a virtual command queue */
	uint64_t ring;
	uint32_t prod, tail_reg, sid[SMMUD_VQ_SIDS]; /* sid: of the machine, by the guest's */
	uint8_t vm, viommu, n_sid;
};
struct smmud {
	struct drv_unit base; /* first */
	struct drv *d;
	struct iommu *u;
	unsigned index;
	uint64_t idr0, idr1, idr3, idr5;
	bool up, ril, e2h, msi_sync, force_sync, nests, two_level;
	bool l1_new; /* a level 1 descriptor was stored, and no CFGI_STE since */
	unsigned sid_bits, ssid_bits, oas, queue_lg2;
	uint32_t cr0;
	uint64_t strtab, cmdq;
	uint32_t prod; /* index and wrap bit */
	uint64_t cmd[SMMUD_BATCH][2]; /* not yet issued */
	unsigned n_cmd;
	uint32_t vmid; /* the last one given out */
	uint16_t vm_vmid[DRV_VMS][DRV_VIOMMUS]; /* of virtual machines, 0: none */
	struct smmud_master **master; /* blocks of 256 */
	struct smmud_vq *vq, *cur_vq; /* cur_vq: where commands go; NULL: the main queue */
	unsigned n_vq;
};
/* drv_smmuv3_reset.c: units */
struct smmud *smmud_state(struct drv *d, unsigned unit); /* not brought up; NULL: failed */
struct smmud *smmud_get(struct drv *d, unsigned unit); /* brings the unit up the first time; NULL: failed */
struct smmud_master *smmud_master(struct smmud *v, uint32_t rid); /* NULL: failed */
static inline struct smmud *smmud_of(const struct drv *d, unsigned unit)
{
	return (struct smmud *)d->unit[unit];
}
/* drv_smmuv3.c: domains, attach, detach */
const struct drv_did *smmud_tags(const struct drv_dom *m, unsigned unit, unsigned viommu); /* VMID and ASID there; never NULL */
/* drv_smmuv3_ctx.c: stream table entries, context descriptors */
uint64_t smmud_strtab(struct smmud *v); /* a stream table of abort entries */
void smmud_find_ste(struct smmud *v, struct smmud_master *a); /* makes its block of the stream table */
/** smmud_write_ste() - the STE that what is attached to @a asks for; Returns: true if it allows ATS. */
bool smmud_write_ste(struct smmud *v, struct smmud_master *a);
/** smmud_write_cd() - @m NULL: an invalid CD, if there is a table. */
void smmud_write_cd(struct smmud *v, struct smmud_master *a, uint32_t ssid, const struct drv_dom *m, bool nested);
/* drv_smmuv3_tables.c: page tables */
struct smmud_pt { /* one set of tables */
	uint64_t root, off; /* off: added to physical addresses in its entries */
	uint8_t page_lg2, start, bits, vm; /* start: level of the root */
	bool s2, nested; /* nested: the tables are memory of the guest */
};
bool smmud_shape(struct smmud *v, struct drv_dom *m); /* geometry and top table */
struct smmud_pt smmud_pt_of(const struct drv *d, const struct drv_dom *m);
struct smmud_pt smmud_pt_vm(const struct drv *d, unsigned vm); /* stage 2 of a virtual machine */
bool smmud_map_some(struct drv *d, struct drv_dom *m);
void smmud_unmap(struct drv *d, struct drv_dom *m, struct drv_range *r, bool lazy);
bool smmud_s2_map(struct drv *d, unsigned vm, uint64_t spa, uint64_t bytes); /* make gpa = spa + offset valid */
static inline unsigned smmud_lg2(const struct smmud_pt *t, unsigned level)
{
	return t->page_lg2 + (t->page_lg2 - 3u) * (3 - level);
}
static inline uint64_t smmud_gpa(const struct drv *d, const struct drv_dom *m, uint64_t spa)
{
	return m->mode == DRV_MODE_NESTED ? spa + d->cfg->s2_offset : spa;
}
/* drv_smmuv3_vq.c: virtual command queues, for drivers with hw_queues on units that have them */
void smmud_vq_attach(struct smmud *v, const struct smmud_master *a, unsigned vmid); /* @a is under nesting now */
void smmud_vq_use(struct smmud *v, const struct drv_dom *m, const struct drv_did *i); /* commands from now on are about @m; NULL: the host's */
uint32_t smmud_vq_sid(const struct smmud *v, uint32_t rid); /* as the queue in use names it */
/* drv_smmuv3_cmds.c: commands and flushes */
void smmud_cmd(struct smmud *v, uint64_t w0, uint64_t w1);
void smmud_issue(struct smmud *v); /* what is queued, without CMD_SYNC */
void smmud_sync(struct smmud *v); /* what is queued, and a CMD_SYNC */
void smmud_cfgi_ste(struct smmud *v, uint32_t sid); /* not its leaf alone, if its level 1 descriptor is new */
void smmud_cfgi_cd(struct smmud *v, uint32_t sid, uint32_t ssid, bool leaf);
void smmud_prefetch(struct smmud *v, uint32_t sid);
/** smmud_atc() - one ATC_INV; @size 0: everything. */
void smmud_atc(struct smmud *v, uint32_t sid, uint32_t pasid, uint64_t addr, uint64_t size);
/**
 * smmud_flush() - every unit of @m: the TLBs, then the ATCs. @lg2: size of the leaves; @leaf: tables stayed as they are.
 * smmud_flush_all() - the same for all addresses.
 */
void smmud_flush(struct drv *d, const struct drv_dom *m, uint64_t first, uint64_t last, unsigned lg2, bool leaf);
void smmud_flush_all(struct drv *d, struct drv_dom *m);
/** smmud_s2_flush() - for every VMID of the virtual machine: its stage 2 entries, what stage 1 made of them, and the ATCs. */
void smmud_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last);
#endif
