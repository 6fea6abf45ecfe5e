/* SPDX-License-Identifier: Apache-2.0 */
/* ord_ats.h - private to the ATS family of the ordering checker: ord_ats.c order of enabling and disabling, ord_ats_inv.c commands. */
#ifndef IOMMUSIM_ORD_ATS_H
#define IOMMUSIM_ORD_ATS_H
#include "check/ord_tab.h"

enum { FREED = 4096, DEPTH_MAX = 32, ITAGS = 32, GINV = 4 };

struct fn { /* key: requester. Sequence numbers: 0 never, or taken back */
	uint64_t permit_seq, deny_seq, on_seq, off_seq; /* entry permits, denies while E=1; E=1, E=0 */
	uint64_t change_seq, change_inv_seq, inv_seq; /* last change of the entry's permission; first configuration invalidation of it; last ATCINV of everything */
	uint64_t deny_line, on_line, itmo_seq;
	uint32_t change_q, inv_q, listed, listed_ats, qdep; /* qdep: 1 + QDEP=, 0 not declared */
	uint8_t unit, deny_op;
	bool placed, many; /* unit is known; there are several */
	bool told_unlisted, itags;
};
struct use { uint32_t rid, pasid; bool many, parent; }; /* key: page table. Who has used it; it has been a stage 2 under a nested entry */
struct member { bool listed, ats; }; /* key: page table, requester and PASID */
struct ginv { uint64_t seq; uint32_t q; };
struct pend { uint64_t seq; uint32_t q; };
struct depth { struct pend p[DEPTH_MAX]; uint32_t first, n; bool told, slow; }; /* key: physical function; outstanding, oldest first */
struct tag { uint64_t line, seq; uint32_t q, got; }; /* key: requester, ITag below ITAGS */
struct freed { uint64_t line, free_no; };
struct ats {
	struct ord_tab fns, depths, tags, freed, uses, members;
	struct ginv ginv[256][GINV]; /* by unit: the latest configuration invalidations without requester */
	uint8_t next_ginv[256];
	uint64_t timeout_seq; /* of the last timeout without requester: it frees every ITag */
	uint64_t ring[FREED], n_freed; /* page numbers, oldest overwritten */
};
struct fn *ats_fn(struct ord_chk *c, struct ats *s, uint32_t rid);
void ats_invalidate(struct ord_chk *c, struct ats *s, const struct ord_ev *e);
void ats_completion(struct ord_chk *c, struct ats *s, const struct ord_ev *e);
void ats_timeout(struct ord_chk *c, struct ats *s, const struct ord_ev *e);
void ats_itags_end(struct ats *s, uint32_t rid); /* the invalidations of a requester have timed out or are void: its ITags are free */
void ats_page_freed(struct ord_chk *c, struct ats *s, const struct ord_ev *e);
void ats_page_used(struct ats *s, const struct ord_ev *e);
void ats_translated(struct ord_chk *c, struct ats *s, const struct ord_ev *e);
#endif
