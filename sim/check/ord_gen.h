/* SPDX-License-Identifier: Apache-2.0 */
/* ord_gen.h - private state of rule family GEN of the ordering checker, shared by ord_gen.c and ord_gen_cfg.c. */
#ifndef IOMMUSIM_ORD_GEN_H
#define IOMMUSIM_ORD_GEN_H
#include "check/ord_eng.h"

struct gen_table { /* a table page: content and link */
	uint64_t pa, write_line, link_line;
	uint8_t link_op, link_kind;
	bool dirty; /* content written and not written back */
};
struct gen_ring { uint64_t size, head, tail; bool known, has_size, has_head; };
struct gen_entry { /* an entry written in parts: the first used word since its caches were last clean */
	uint64_t line, mask;
	uint8_t unit, kind;
	uint32_t rid, pasid;
	bool valid_first; /* the first write made it valid */
};
struct gen_owner { uint32_t rid, pasid, owner; bool quiet, loose; /* stopped or reset since it was blocked; changed hands without */ };
struct gen_need { struct gen_need *next; uint32_t rid; uint64_t lo, last; };
struct gen_set { uint32_t d; uint8_t n; uint64_t lo, last; };
enum { GEN_SETS = 16 };
struct gen_state {
	struct ord_map tables, rings, entries, owners, lists;
	struct ord_vec tables_v, rings_v, entries_v, owners_v;
	struct gen_need *needs;
	struct gen_set set[GEN_SETS]; /* the last leaves made present */
	unsigned n_set;
	uint64_t unlisted; /* requesters that left a list */
	uint64_t root_seq[256]; /* by unit: when the root was last set */
	uint64_t cfg_all[256], tlb_all[256]; /* sequence of the last global commands */
	uint32_t cfg_q[256], tlb_q[256];
	bool te[256];
};
void *gen_get(struct ord_chk *c, struct ord_map *m, struct ord_vec *v, uint64_t key, size_t size); /* found or made */
/* Rules on configuration entries: GEN-ORD-10, 12, 19, 26, 27. */
void gen_cfg_before(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e);
void gen_cfg_after(struct ord_chk *c, struct gen_state *s, const struct ord_ev *e);
void gen_cfg_close(struct ord_chk *c, struct gen_state *s);
#endif
