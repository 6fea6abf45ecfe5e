/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_nest.h - private to the NEST family of the ordering checker: commands of guests and what became of them (ord_nest.c), and who a tag, a
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
#endif
