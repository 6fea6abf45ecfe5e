/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hyp_int.h - private to the hypervisor: who is attached to what (hyp_space.c), what the commands on their way to a unit are (hyp_ring.c),
 * and the way back (hyp_back.c, hyp_vlog.c).
 */
#ifndef IOMMUSIM_HYP_INT_H
#define IOMMUSIM_HYP_INT_H
#include "software/hyp.h"

/* Ranges of I/O virtual addresses, sorted, without overlap. */
struct hyp_range {
	uint64_t iova, size, pa;
	uint8_t perm;
};
struct hyp_ranges {
	struct hyp_range *r;
	size_t n, cap;
};
/** hyp_ranges_add() - false: out of memory. Ranges do not overlap what is there. */
bool hyp_ranges_add(struct hyp_ranges *t, const struct hyp_range *r) MUST_USE;
bool hyp_ranges_cut(struct hyp_ranges *t, uint64_t iova, uint64_t size) MUST_USE; /* may split one: false: out of memory */
/** hyp_ranges_at() - the range with @iova; NULL: none. */
const struct hyp_range *hyp_ranges_at(const struct hyp_ranges *t, uint64_t iova);

enum hyp_kind { HYP_AS_IS, HYP_IDENTITY /* the guest passes it through */, HYP_BY_MAP /* passthrough: addresses come from the guest's map */ };
struct hyp_dom { /* of the trace */
	uint32_t id;
	bool attached; /* once; from then on maps are carried out */
	bool tables; /* it is a domain of the driver */
	bool host_side; /* type vm: the host's own */
	bool shadow; /* its tables are the host's, made from the guest's */
	bool by_map; /* devices of vm_dom use it without tables */
	uint32_t vm_dom;
	struct hyp_ranges map; /* until it is attached; always if a device may use it without tables */
};
struct hyp_dev { /* a requester as guests see it */
	uint32_t rid;
	uint8_t unit, guest, viommu;
	bool direct; /* no virtual IOMMU */
};
struct hyp_space { /* a requester, with or without PASID, as guests see it */
	uint32_t rid, pasid, hrid, hpasid; /* and as the unit does */
	uint32_t dom, hdom;
	uint8_t unit, guest;
	uint8_t kind; /* enum hyp_kind */
	bool used, attached;
};
enum { HYP_VINTFS = DRV_MAX_VMS * DRV_MAX_VIOMMUS };
struct hyp_ring { /* of commands; learnt from the writes to its registers */
	uint64_t base, size, tail, devtab, devtab_end;
	uint64_t log, log_size; /* AMD-Vi guest: its event log */
	uint64_t wait_at, wait_val; /* AMD-Vi guest: what its last COMPLETION_WAIT stores; at 0: nothing */
	struct hyp_ring *asked; /* of struct hyp */
	bool wide; /* VT-d: 256-bit descriptors */
};
struct hyp_unit {
	uint64_t s2_offset; /* AMD-Vi: guests' addresses are higher by this */
	struct hyp_ring main, vintf[HYP_VINTFS]; /* of guests: SMMUv3 by virtual interface, AMD-Vi by GuestID */
};
struct hyp_batch { /* what a tail write hands over */
	unsigned commands, devtlb, waits;
	struct hyp_ring *guest; /* NULL: the main ring */
	bool asked; /* the first wait of it that is looked at */
};
enum { HYP_TARGETS = 64 };
struct hyp_targets { /* whom device-TLB commands were for: the first HYP_TARGETS different ones, as the unit sees them */
	unsigned n;
	struct hyp_target {
		uint32_t rid, pasid; /* TRC_NO_PASID: none */
		bool is_virtual; /* a VCMDQ's: rid is the guest's */
	} t[HYP_TARGETS];
};
/** hyp_ring_write() - a register write passes by; @t (may be NULL) gets more targets. Returns: true if it is a tail write, with *b. */
bool hyp_ring_write(struct hyp_unit *unit, const struct iommu *u, const struct mem *m, uint32_t off, uint64_t val, struct hyp_batch *b,
		    struct hyp_targets *t);
/** hyp_ring_target() - whom the command @w is for. Returns: false if it is no device-TLB command. */
bool hyp_ring_target(const char *arch, const uint64_t w[2], struct hyp_target *t);

enum { HYP_VM_DOM = 0x40000000 /* + guest: domain id of its stage 2; traces must not use these */ };
struct hyp_op { /* the software-level record being carried out */
	uint8_t kind; /* enum trc_kind, TRC_COMMENT: none */
	bool own; /* by the host, or natively: nobody leaves a guest */
	bool shadowed; /* the guest's map or unmap has left already */
	bool devtlb_paid; /* shadow: the exit for the guest's device-TLB flush */
	bool is_vm; /* of the stage 2 itself */
	uint8_t last; /* what went out last, enum hyp_last */
	bool stored, flushed;
	uint32_t dom, hrid; /* hrid: of an attach, detach, or ATS change */
	sim_time begin, first_store, inval, done; /* done: all commands finished */
	uint64_t pre_ps; /* before the first store */
	uint64_t post_ps; /* behind everything */
	uint64_t owed_ps; /* software time since the last TRC_DELAY */
	unsigned dte_stores;
};
enum hyp_last { LAST_OTHER, LAST_FIRST_STORE, LAST_MARK };
struct hyp {
	const struct hyp_cfg *c;
	struct drv *drv;
	const struct drv_cfg *dc;
	struct drv_cfg strict; /* dc with strict unmaps */
	struct plat *p;
	plat_source_fn *src;
	void *arg;
	struct hyp_stats st;
	/* records for the driver */
	struct trc_rec *q;
	size_t q_head, q_n, q_cap;
	struct trc_rec held; /* behind a TRC_DELAY on its way out */
	struct trc_rec later; /* waits until its unit is up */
	bool have_held, have_later, up[256];
	struct hyp_op op;
	struct hyp_unit *ring[256]; /* made with the first register write */
	unsigned n_ring; /* looked at so far */
	struct hyp_dev *dev;
	size_t n_dev, cap_dev;
	uint32_t *dev_at; /* hash, linear probing: index + 1 */
	size_t dev_mask; /* its size - 1 */
	struct hyp_dom *dom; /* sorted by id */
	size_t n_dom, cap_dom;
	struct hyp_space *space; /* hash, linear probing */
	size_t n_space, cap_space;
	struct hyp_ranges present[DRV_MAX_VMS]; /* guest-physical memory that identity DMAs brought in */
	struct hyp_lazy { uint32_t dom; sim_time since; } *lazy; /* unmaps not flushed yet */
	size_t n_lazy, cap_lazy;
	sim_time fault_busy;
	struct hyp_back *back[256]; /* hyp_back.c, per unit */
	struct hyp_vlog *vlog; /* hyp_vlog.c, guests whose logs the hardware writes */
	struct hyp_vfault *vfault; /* on their way there */
	size_t n_vfault, cap_vfault;
	struct hyp_ring *asked; /* whose waits shall be over when op is */
	struct hyp_targets targets; /* of op, when time-outs are looked for */
	bool failed;
	struct err err;
};
bool hyp_fail(struct hyp *h, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool hyp_grow(struct hyp *h, void *vec, size_t n, size_t *cap, size_t elem);
struct hyp_dom *hyp_dom(struct hyp *h, uint32_t id); /* made when missing; NULL: failed */
struct hyp_dev *hyp_dev(struct hyp *h, unsigned unit, uint32_t rid); /* made when missing, in the order of the calls; NULL: failed */
struct hyp_space *hyp_space_find(const struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid);
struct hyp_space *hyp_space_add(struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid); /* found or made, with its host ids; NULL: failed */
/** hyp_space_sharers() - attached ones that a unit sees as @hrid and @hpasid. */
unsigned hyp_space_sharers(const struct hyp *h, unsigned unit, uint32_t hrid, uint32_t hpasid);
/** hyp_translate() - the records of the host for a guest's @r go to the queue (hyp_guest.c). */
void hyp_translate(struct hyp *h, const struct trc_rec *r);
/** hyp_owners() - attached ones that a unit sees as these ids; *who: one of them. */
unsigned hyp_owners(const struct hyp *h, unsigned unit, uint32_t rid, uint32_t pasid, const struct hyp_space **who);
/** hyp_back_wait() - so long software waits for a queue that stopped; 0: for none. */
sim_time hyp_back_wait(struct hyp *h);
/** hyp_back_told() - the guest reads the IOTLB_INV_TIMEOUT @w from its log. */
void hyp_back_told(struct hyp *h, unsigned unit, const uint64_t w[2]);
void hyp_back_fini(struct hyp *h);
/* hyp_vlog.c: AMD-Vi event logs of guests */
enum hyp_way { HYP_WAY_NONE /* no such log */, HYP_WAY_LOG, HYP_WAY_HOST };
/** hyp_vlog_fault() - the way of a fault where the hardware knows the guest: its log (then all is done), or the host's. */
enum hyp_way hyp_vlog_fault(struct hyp *h, unsigned unit, const struct xl_req *q, const struct xl_res *res);
bool hyp_vlog_pending(const struct hyp *h, unsigned unit); /* has a guest been interrupted and not read its log yet? */
void hyp_vlog_fini(struct hyp *h);
/* hyp_cost.c: what happens when, and what it costs */
void hyp_op_begin(struct hyp *h, const struct trc_rec *r, bool own, const struct hyp_dom *m); /* @m: of a map, unmap, flush; else NULL */
void hyp_op_end(struct hyp *h);
void hyp_op_store(struct hyp *h, uint64_t pa, unsigned bytes);
void hyp_op_commands(struct hyp *h, const struct hyp_batch *b);
/** hyp_op_exit() - a guest leaves and comes back: counted, and owed. */
void hyp_op_exit(struct hyp *h, uint64_t *kind);
static inline bool hyp_nested(const struct hyp *h)
{
	return h->c->mode == HYP_TRAPPED || h->c->mode == HYP_HW;
}
#endif
