/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pf_back.h - a hypervisor between the unit's page requests and the guest's page-fault handler (pf_host.h): who takes a request first,
 * how it comes to the guest, and what the guest's answer costs.
 *   native                      the handler is the operating system's; nothing is added
 *   passthrough                 the host serves; the guest is not told
 *   shadow                      the host reads the queue and injects; the guest's map leaves to the host, which stores; so does its answer
 *   nested-trapped              the host reads and injects; the guest stores itself; its answer leaves
 *   nested-hw                   queue and answer are the guest's, the host sees neither. AMD-Vi with hardware vIOMMU: the guest's PPR log and
 *                               command buffer (pf_host_amdvi.c); VT-d, and AMD-Vi without: what if, the unit's own. On an SMMUv3 a guest's own
 *                               command queue takes no CMD_PRI_RESP and there is no PRI queue for guests, so as nested-trapped
 * Host software takes host_fault_time for each group, one after the other, then inject_time; an exit counts half before and half behind
 * the answer. A group of a first stage with plain I/O addresses is answered Invalid by whoever reads it first.
 * Does not model: a second stage (the unit's tables stay those of pf_host.h), several guests, the host's own faults on stage 2, a thread of
 * the host for its own answers (a serving one sends them).
 * Units: ps.
 */
#ifndef IOMMUSIM_PF_BACK_H
#define IOMMUSIM_PF_BACK_H
#include "software/hyp.h"
#include "software/pf_host.h"

#define PF_BACK_STATS(X)                                                                              \
	X(host_groups, "count", "groups of page requests, or stalls, that the host took first")         \
	X(guest_groups, "count", "groups that reached a handler of the guest")                          \
	X(host_refused, "count", "groups that the host answered Invalid without telling the guest")      \
	X(exits, "count", "exits of the guest: answers, and maps under shadow")                          \
	X(host_ps, "ps", "host software for them, exits included")
struct pf_back_stats {
	PF_BACK_STATS(STAT_DECL)
	struct hist page_latency; /* ps: last request read to the guest's handler being able to take the group */
};
extern const struct stat_def pf_back_stat_defs[];
struct pf_back {
	const struct hyp_cfg *c;
	struct pf_host *h;
	bool host, told, trapped, shadow; /* the host reads first; a guest is told; its answers, its maps leave */
	struct pf_back_stats st;
	struct pf_group *way; /* by the time at which they arrive */
	struct sim_event ev;
	sim_time busy;
};
/** pf_back_guest_log() - for pf_cfg.guest_log, before pf_host_init(). */
bool pf_back_guest_log(const struct hyp_cfg *c, const struct iommu *u);
/** pf_back_init() - between @h and its serving threads from now on; before pf_host_start(). @c, @h: borrowed. */
bool pf_back_init(struct pf_back *b, const struct hyp_cfg *c, struct pf_host *h, struct err *e) MUST_USE;
/* For pf_host*.c. */
void pf_back_take(struct pf_back *b, struct pf_group *g); /* a group is whole: it goes on by pf_host_ready() */
/** pf_back_answer() - ps before the answer is queued; @mapped entries are to be stored. */
uint64_t pf_back_answer(struct pf_back *b, const struct pf_group *g, unsigned mapped);
uint64_t pf_back_return(const struct pf_back *b, const struct pf_group *g); /* and behind it */
void pf_host_ready(struct pf_host *h, struct pf_group *g);
#endif
