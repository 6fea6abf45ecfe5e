/* SPDX-License-Identifier: Apache-2.0 */
/* pf_host_int.h - between pf_host.c (steps, reading, groups) and pf_host_serve.c (serving threads). */
#ifndef IOMMUSIM_PF_HOST_INT_H
#define IOMMUSIM_PF_HOST_INT_H
#include "software/pf_host.h"

void pf_step(struct pf_thread *w, enum thread_op op, uint64_t addr, uint64_t value, unsigned bytes);
void pf_delay(struct pf_thread *w, uint64_t ps);
void pf_group_free(struct pf_host *h, struct pf_group *g);
uint64_t pf_entry_at(const struct pf_cfg *c, uint32_t dev, uint32_t pasid, uint32_t page); /* of the page's table entry */
void pf_serve(struct pf_thread *w); /* takes the next group, or sleeps */
#endif
