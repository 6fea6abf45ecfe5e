/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_amdvi.h - the AMD driver, as Linux does it (drivers/iommu/amd): bring-up, device table, tables, commands.
 * Models: one device table segment, every entry blocked until it is attached; v1 host tables of 3 to 6 levels (also growing, as Linux does)
 * with pages of every power of two; v2 guest tables below a GCR3 table of each requester; v2 above v1 (the guest's part and the
 * hypervisor's together); pass-through; ATS switched at the device when it is attached and left; one tail write for each command.
 * Also: command buffers of guests on the hardware vIOMMU (drv_amdvi_vq.c), for hw_queues.
 * Does not model: interrupt remapping, page requests (no record is answered), dirty tracking, aliases of requesters, SNP, MARC, recovery
 * from errors.
 * Unlike Linux: a domain may be attached on several units; DomainIDs are never given back, that of a GCR3 table stays with its
 * requester; a GCR3 table grows with the PASIDs attached (Linux takes the size the device could use).
 * NpCache is a bit of the PCI capability, which no register shows: it is software.caching_mode here.
 */
#ifndef IOMMUSIM_DRV_AMDVI_H
#define IOMMUSIM_DRV_AMDVI_H
#include "core/base/bits.h"
#include "software/drv_int.h"

enum { AMDD_RING_LG2 = 9, AMDD_QUEUE_DEPTH = 32 };
struct amdd_queue { /* a command buffer */
	uint64_t ring, sem, seq;
	uint64_t sem_at; /* the semaphore as commands name it: guest-physical for a guest's */
	uint32_t tail, tail_reg; /* tail: bytes */
	uint32_t behind; /* commands since software last waited for the unit */
	bool need_sync;
};
struct amdd_vq { /* a virtual IOMMU that the hardware serves */
	struct amdd_queue q;
	uint64_t evt, ppr; /* its logs; ppr 0: none */
	unsigned gid;
	uint8_t vm, viommu;
	struct amdd_dev **dev; /* its requesters: number i is its DeviceID (i + 1) << 3, and its DomainID i + 1 */
	size_t n_dev, cap_dev;
};
struct amdd_dev { /* a requester; its DevID is its requester id */
	uint32_t rid, n_pasid;
	struct drv_dom *dom; /* of requests without PASID */
	uint64_t gcr3; /* top GCR3 table (system-physical); 0: none */
	uint8_t gcr3_levels, vm; /* vm: under nesting */
	uint16_t domid; /* of the GCR3 table, 0: never had one */
	bool nested; /* the GCR3 table is the guest's */
	bool ats, ats_on; /* the trace wants ATS; it is on at the device and in the entry */
	bool reserved; /* no device: the unit itself, or a TransDevID */
	struct amdd_vq *vq; /* nested: whose; NULL: the unit's own queue */
	uint16_t gdev, gdom; /* its ids there */
};
struct amdd {
	struct drv_unit base; /* first */
	struct drv *d;
	struct iommu *u;
	unsigned index;
	uint64_t efr, efr2, control;
	bool up, gcr3trp;
	unsigned host_levels, glx; /* most levels of host and GCR3 tables; host 0: none */
	uint64_t devtab;
	struct amdd_queue q;
	const struct amdd_dev *as; /* commands are those of the guest that has it; NULL: the host's */
	struct amdd_vq **vq;
	size_t n_vq, cap_vq;
	uint64_t private_root, insert; /* tables of the private address space; events to be inserted */
	uint16_t private_id;
	unsigned n_insert;
	uint32_t trans; /* TransDevIDs are given out from here downwards */
	struct amdd_dev *dev[256]; /* blocks of 256 */
};
/* drv_amdvi.c: units, domains, attach, detach */
struct amdd *amdd_get(struct drv *d, unsigned unit); /* brings the unit up the first time; NULL: failed */
struct amdd_dev *amdd_dev(struct amdd *v, uint32_t rid); /* NULL: failed */
uint16_t amdd_new_id(struct drv *d); /* the next DomainID; 0: failed */
static inline struct amdd *amdd_of(const struct drv *d, unsigned unit)
{
	return (struct amdd *)d->unit[unit];
}
/* drv_amdvi_ctx.c: device table, GCR3 tables */
uint64_t amdd_device_table(struct amdd *v); /* all blocked */
/** amdd_write_dte() - the four words in the order that is safe while the unit may read them, and the flush. */
void amdd_write_dte(struct amdd *v, uint32_t rid, const uint64_t w[4]);
/** amdd_write_v1_dte() - of a requester that is no device: v1 tables. */
void amdd_write_v1_dte(struct amdd *v, uint32_t rid, uint64_t root, unsigned levels, uint16_t domid);
/** amdd_install() - the entry that what is attached to @a asks for. */
void amdd_install(struct amdd *v, struct amdd_dev *a);
/** amdd_gcr3_set() - entry of @pasid, tables made on the way, and the flush; @m NULL: cleared. Returns: true if the top table is new. */
bool amdd_gcr3_set(struct amdd *v, struct amdd_dev *a, uint32_t pasid, const struct drv_dom *m);
void amdd_gcr3_free(struct amdd *v, struct amdd_dev *a);
/* drv_amdvi_tables.c: page tables */
bool amdd_shape(struct amdd *v, struct drv_dom *m); /* geometry and top table */
bool amdd_map_some(struct drv *d, struct drv_dom *m);
void amdd_unmap(struct drv *d, struct drv_dom *m, struct drv_range *r);
bool amdd_s2_map(struct drv *d, unsigned vm, uint64_t spa, uint64_t bytes); /* make gpa = spa + offset valid */
/** amdd_v1_map() - in tables that are no domain's: pages of 2^@lg2 bytes, for good. */
void amdd_v1_map(struct drv *d, uint64_t root, unsigned levels, uint64_t ia, uint64_t spa, uint64_t bytes, unsigned lg2);
static inline bool amdd_is_v2(const struct drv_dom *m)
{
	return m->mode == DRV_MODE_FS || m->mode == DRV_MODE_NESTED;
}
/* drv_amdvi_cmds.c: commands and flushes */
void amdd_cmd(struct amdd *v, uint64_t qw0, uint64_t qw1);
void amdd_wait(struct amdd *v); /* COMPLETION_WAIT on each queue that got anything since its last one */
void amdd_flush_domain(struct amdd *v, uint16_t domid); /* v1 tables, everything, no wait */
void amdd_cmd_devtab(struct amdd *v, uint32_t rid);
/** amdd_flush_pasid() - everything of one PASID (0: requests without, too) of a GCR3 table: IOMMU, device, wait. */
void amdd_flush_pasid(struct amdd *v, const struct amdd_dev *a, uint32_t pasid);
/** amdd_cmd_iotlb_all() - the whole device IOTLB of @a, if it has one. */
void amdd_cmd_iotlb_all(struct amdd *v, const struct amdd_dev *a, bool gn, uint32_t pasid);
void amdd_flush(struct drv *d, const struct drv_dom *m, uint64_t first, uint64_t last);
void amdd_flush_all(struct drv *d, struct drv_dom *m);
/** amdd_s2_flush() - pages of every DomainID of the virtual machine (GN = 0), and the devices' IOTLBs. */
void amdd_s2_flush(struct drv *d, unsigned vm, uint64_t first, uint64_t last);
void amdd_flush_everything(struct amdd *v); /* at bring-up */
/* drv_amdvi_vq.c: hardware vIOMMU, for drivers with hw_queues on units that have it */
void amdd_vq_attach(struct amdd *v, struct amdd_dev *a, unsigned viommu); /* @a is under nesting now */
void amdd_vq_ids(const struct amdd_dev *a, uint64_t w[2]); /* a command with the host's ids gets the guest's */
void amdd_vq_free(struct amdd *v);
void amdd_control(struct amdd *v); /* drv_amdvi.c: v->control to the register */
#endif
