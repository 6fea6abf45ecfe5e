/* SPDX-License-Identifier: Apache-2.0 */
/* ord_amdvi.h - private to the AMD family of the ordering checker: ord_amdvi.c, and entries store by store in ord_amdvi_dte.c. */
#ifndef IOMMUSIM_ORD_AMDVI_H
#define IOMMUSIM_ORD_AMDVI_H
#include "check/ord_tab.h"

enum { WAITS = 16, ATTS = 256 };
enum { LOWER = 0x3, UPPER = 0xc };

struct dte { /* key: unit, requester */
	uint64_t line, seq, inv_seq; /* last store to used words while live; the last invalidation of the entry */
	uint32_t q;
	uint8_t half; /* what that store wrote: LOWER, UPPER or both */
	bool live, guest, stored, told, fresh; /* fresh: that store set V */
	bool stale; /* changed and not yet invalidated; counted if it is an alias */
	uint64_t break_seq; /* when V went to 0 by CFG_WR; 0: not */
};
struct ring { /* key: queue */
	struct { uint64_t slot, val, addr; uint32_t name; bool used, done; } w[WAITS];
	unsigned next;
	uint32_t size, head, tail; /* size 0: not known */
	uint64_t partial_line;
	bool told_full;
};
struct top { bool root, mode; uint64_t line; }; /* key: page table. One of the two was stored, the other not yet */
struct irte { uint64_t seq, line; uint32_t rid; uint8_t unit; }; /* key: vector. Its last entry that was changed or cleared */
struct inv { uint64_t seq; uint32_t q; }; /* key: unit, requester (ORD_NONE: all). INVALIDATE_INTERRUPT_TABLE */
struct tagmap { uint64_t root; uint32_t users; }; /* key: unit and DomainID, PASID */
struct vm { bool on; uint64_t off_seq, line; }; /* key: name of the guest */
struct amd {
	struct ord_tab dtes, rings, tops, tags, vms, clash, aliases, irtes, invs; /* clash, key: requester: the line of an ambiguous tag */
	uint32_t stale_aliases; /* DTEs of aliases that were changed and not invalidated */
	uint32_t ipriv, on; /* name of the private address space; guests running */
	uint64_t off_seq;
};
void amd_dte_event(struct ord_chk *c, struct amd *s, const struct ord_ev *e);
void amd_dte_invalidate(struct ord_chk *c, struct amd *s, const struct ord_ev *e);
void amd_irte_change(struct ord_chk *c, struct amd *s, const struct ord_ev *e);
void amd_irte_invalidate(struct ord_chk *c, struct amd *s, const struct ord_ev *e);
void amd_vector_reuse(struct ord_chk *c, struct amd *s, const struct ord_ev *e);
#endif
