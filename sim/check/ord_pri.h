/* SPDX-License-Identifier: Apache-2.0 */
/* ord_pri.h - private to the PRI family of the ordering checker: ord_pri.c groups and drains, ord_pri_watch.c mappings a response relies on. */
#ifndef IOMMUSIM_ORD_PRI_H
#define IOMMUSIM_ORD_PRI_H
#include "check/ord_tab.h"

enum { PRI_WATCH = 128 };
struct watch { uint64_t addr, line, answer_line; uint32_t rid, pasid, d, group; uint8_t state; bool used; };
struct pri_watch { struct watch w[PRI_WATCH]; unsigned n, next; };
void pri_watch_request(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e, uint32_t d);
void pri_watch_set(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e);
void pri_watch_step(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e);
void pri_watch_answer(struct ord_chk *c, struct pri_watch *s, const struct ord_ev *e);
void pri_watch_forget(struct pri_watch *s, const struct ord_ev *e);
#endif
