/* SPDX-License-Identifier: Apache-2.0 */
/* ord_rel.h - private to the release events of the ordering checker: ord_rel.c memory and addresses, ord_tag.c tags, ord_use.c DMAs, ord_blame.c the finding. */
#ifndef IOMMUSIM_ORD_REL_H
#define IOMMUSIM_ORD_REL_H
#include "check/ord_eng.h"

enum { ORD_BLAMES = 64 }; /* obligations looked into for one release event: they differ in the rule at most */
struct ord_told { enum ord_rule_id rule[16]; unsigned n, seen; }; /* rules already told of this event; obligations looked into */
/**
 * ord_blame_one() - a finding for @o, not done at @e, unless its rule was told already. @forced: the rule of the release event where that matters
 * more than the cause; ORD_RULES_N: none. @as: another verdict, line and word, or NULL.
 */
void ord_blame_one(struct ord_chk *c, const struct ord_ev *e, struct ord_obl *o, enum ord_rule_id forced, struct ord_told *told, const struct ord_finding *as);
bool ord_atc_forgiven(struct ord_chk *c, const struct ord_obl *o); /* suspect or gone, and fenced */
void ord_tag_free(struct ord_chk *c, const struct ord_ev *e);
void ord_tag_alloc(struct ord_chk *c, const struct ord_ev *e);
void ord_use_dma(struct ord_chk *c, const struct ord_ev *e);
#endif
