/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest.h - private to the NEST family of the ordering checker: commands of guests (ord_nest.c), what the host made of them (ord_nest_host.c), and who a tag, a
 * virtual device or a map entry belongs to (ord_nest_tag.c).
 */
#ifndef IOMMUSIM_ORD_NEST_H
#define IOMMUSIM_ORD_NEST_H
#include "check/ord_tab.h"

struct vdev { uint32_t prid, vsid; bool live; uint64_t seq, itmo_line; bool shared; }; /* key: VM, virtual requester. itmo_line: not reported to the guest */
#define NEST_ID(key) ((key) + 1) /* kind of tag: 0 is none */
enum { SIBS = 8 };
struct phys { /* key: physical requester */
	struct { uint32_t vm, vrid; } v[SIBS]; /* virtual devices made of it */
	uint32_t n, owner, nested; /* owner: VM or owner named by its entry; nested: live nested entries */
	uint64_t owner_seq, inv_seq;
	uint32_t inv_q;
};
struct nest_tags {
	struct ord_tab vdevs, phys, vsids, takes, tags, parents, ids, clash, maps, vms;
	uint64_t map_inv_seq; /* last invalidation of map entries that names no guest */
	uint32_t map_inv_q;
	struct ord_tab places; /* key: unit and kind of tag, tag: live nested entries */
	uint8_t last_unit; /* highest unit with a nested entry */
	bool nested; /* there has been a nested entry or a virtual device */
};
void nest_tag_before(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e);
void nest_tag_after(struct ord_chk *c, struct nest_tags *t, const struct ord_ev *e);
void nest_tag_close(struct ord_chk *c, struct nest_tags *t);
bool nest_is_parent(const struct nest_tags *t, uint32_t d); /* is the page table a stage 2 under nested entries? */
enum { PENDING = 256, ATCS = 64, ATTS = 256 };

struct cmd { /* a guest's command that its wait has not covered yet */
	uint64_t line, seq, lo, last, lo0, last0, no; /* lo, last: not covered yet; lo0, last0: as issued */
	uint64_t fwd_seq;
	uint32_t vm, rid, pasid, sub, dom, fwd_q;
	uint64_t units; /* that got the forwarded command */
	uint8_t op, kind, unit, dom_key;
	bool used, illegal, failed, carried, invalidated, covered, tlb; /* invalidated: the guest has sent its CFGINV; covered: the host has done it */
};
struct atc { uint64_t seq, lo, last; uint32_t rid, pasid; };
struct vmx { uint64_t fwd_no, tlb_line; uint32_t unreported; }; /* key: VM. Highest number forwarded; stage-1 invalidation without ATC invalidation behind it */
struct gwait { uint64_t no; uint32_t vm; }; /* key: name */
struct nest {
	struct nest_tags t;
	struct ord_tab vms, gwaits;
	struct cmd cmd[PENDING];
	struct atc atc[ATCS];
	uint64_t no;
	unsigned n_cmd, next_atc;
	bool overflow; /* a command was dropped unjudged since the last moment without pending ones */
	uint32_t last_vm;
	bool guests; /* the trace has events of a guest */
};
static inline struct vmx *vmx_of(struct ord_chk *c, struct nest *s, uint32_t vm)
{
	return ord_tab_put(c, &s->vms, vm, 0, sizeof(struct vmx));
}
static inline void range_of(const struct ord_ev *e, uint64_t *lo, uint64_t *last)
{
	*lo = e->have & ORD_P_RANGE ? e->lo : 0;
	*last = e->have & ORD_P_RANGE ? e->last : UINT64_MAX;
}
/* ---- what guests issue ---- */
static inline bool is_cfg(uint8_t op)
{
	return op == ORD_CFG_SET || op == ORD_CFG_MOD || op == ORD_CFG_CLR || op == ORD_CFG_WR;
}
void nest_host_tlbinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e);
void nest_host_named(struct ord_chk *c, struct nest *s, const struct ord_ev *e); /* a command that names a requester */
void nest_host_config(struct ord_chk *c, struct nest *s, const struct ord_ev *e, bool inv);
void nest_host_atcinv(struct ord_chk *c, struct nest *s, const struct ord_ev *e);
void nest_host_timeout(struct ord_chk *c, struct nest *s, const struct ord_ev *e);
void nest_host_error(struct nest *s, const struct ord_ev *e);
#endif
