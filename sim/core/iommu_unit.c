/* SPDX-License-Identifier: Apache-2.0 */
/* iommu_unit.c - a unit as a whole: beginning and end, statistics and whether they agree, what is in flight. See iommu.h. */
#include "core/iommu.h"
#include "core/memo.h"

#include <stdio.h>
#include <stdlib.h>

const char *const xl_state_name[] = { "idle", "lookup", "miss-queue", "merged", "walk", "reply", "data", "stalled" };

#define STAT_STRUCT struct iommu_stats
const struct stat_def iommu_stat_defs[] = {
	IOMMU_STATS(STAT_ROW){ "latency", "ps", "request in to answer out", offsetof(struct iommu_stats, latency_ps), STAT_HIST, 0 },
	{ "reads_per_walk", "reads", "memory reads of one walk", offsetof(struct iommu_stats, walk_reads_hist), STAT_HIST, 0 },
	{ "hit_rate", "ratio", "hits / requests", offsetof(struct iommu_stats, hits), STAT_RATIO, offsetof(struct iommu_stats, requests) },
	{ "reads_per_miss", "ratio", "walk reads / walks", offsetof(struct iommu_stats, walk_reads), STAT_RATIO, offsetof(struct iommu_stats, walks) },
	{ 0 },
};
#undef STAT_STRUCT

bool iommu_init(struct iommu *u, const struct iommu_ops *ops, const struct iommu_cfg *cfg, const char *name, struct sim_kernel *k,
		struct mem *m, struct mem_port *p, struct err *e)
{
	uint32_t want = 2 * (cfg->walkers + cfg->missq), n = 16;

	while (n < want)
		n *= 2;
	u->ops = ops;
	u->cfg = cfg;
	u->name = name;
	u->k = k;
	u->mem = m;
	u->port = p;
	u->newest = &u->oldest;
	u->mq_tail = &u->mq_head;
	u->n_in = cfg->ports ? cfg->ports : 1;
	u->in = calloc(u->n_in, sizeof(*u->in));
	for (unsigned i = 0; u->in && i < u->n_in; i++)
		u->in[i].tail = &u->in[i].head;
	u->drains_tail = &u->drains;
	for (unsigned i = 0; i < IOMMU_CURSORS; i++)
		u->cursor[i].page = 1;
	u->merge_mask = n - 1;
	u->merge_tab = calloc(n, sizeof(*u->merge_tab));
	u->memo = memo_create();
	return (u->merge_tab && u->in && u->memo) || err_set(e, ERR_MACHINE, "out of memory");
}

void iommu_fini(struct iommu *u)
{
	ctag_destroy(u->ct);
	u->ct = NULL;
	free(u->merge_tab);
	free(u->in);
	free(u->memo);
	u->merge_tab = NULL;
	u->in = NULL;
	u->memo = NULL;
}

const char *iommu_stats_wrong(const struct iommu *u)
{
	uint64_t merged = 0, queued = 0, walking = 0;
	const struct iommu_stats *s = &u->st;

	for (const struct xl *x = u->oldest; x; x = x->next) {
		merged += x->state == XL_MERGED;
		queued += x->state == XL_MISSQ;
		walking += x->state == XL_WALK;
	}
	if (s->requests != s->hits + s->misses + merged)
		return "requests are not hits + misses + those waiting behind another's walk";
	if (s->misses != s->merged + s->walks + walking + queued)
		return "misses are not merged + walks done + walks in progress + misses waiting for a walker";
	if (u->busy_walkers != walking || u->mq_len != queued)
		return "walkers busy or misses waiting are not those in flight";
	if (s->walk_reads_hist.n != s->walks || s->walk_reads_hist.sum > s->walk_reads)
		return "the histogram of reads has not one entry for each walk, or more reads than there were";
	if (s->latency_ps.n > s->requests || s->merged > s->misses || s->stalls > s->requests)
		return "more answers, merges or stalls than requests";
	return NULL;
}

bool iommu_inflight(const struct iommu *u)
{
	return u->oldest != NULL;
}

void iommu_dump(const struct iommu *u, void (*line)(void *arg, const char *text), void *arg)
{
	char buf[200];

	snprintf(buf, sizeof(buf), "%s: %u of %u walkers busy, %u misses queued", u->name, u->busy_walkers, u->cfg->walkers, u->mq_len);
	line(arg, buf);
	for (const struct xl *x = u->oldest; x; x = x->next) {
		snprintf(buf, sizeof(buf), "  request %llu: %s, requester %02x:%02x.%x, iova 0x%llx, since %llu ps", (unsigned long long)x->seq,
			 xl_state_name[x->state], x->req.rid >> 8 & 0xff, x->req.rid >> 3 & 31, x->req.rid & 7,
			 (unsigned long long)x->req.iova, (unsigned long long)x->t_start);
		line(arg, buf);
	}
}
