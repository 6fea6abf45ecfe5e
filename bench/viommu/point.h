/* SPDX-License-Identifier: Apache-2.0 */
/*
 * point.h - one measured point: a machine with one AMD-Vi unit and some guests, run through a warm-up and a window, and what a user can
 * read afterwards (clocks of the guests, statistics of the unit, the event log). Shared by bench_viommu.c and the unit test.
 * Guests start one after the other: each does its first round alone and then holds until the last one has. Its entries are cached by then,
 * as they are in a guest that has long booted.
 * The window opens when every guest has done its warm-up rounds and closes when the first one has done its measured rounds; the others
 * finish the round they are in. Correctness is counted over the whole run, warm-up included.
 */
#ifndef IOMMUSIM_BENCH_VIOMMU_POINT_H
#define IOMMUSIM_BENCH_VIOMMU_POINT_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "software/amd_host.h"

enum { VP_HW0, VP_HW1, VP_TRAPPED };
struct vp;
struct vp_cfg {
	uint32_t way; /* VP_* */
	uint32_t guests, rounds, warmup; /* rounds: of each guest */
	struct amd_guest_cfg guest;
	struct amd_host_cfg host; /* mode and trp come from `way` */
	struct amdvi_cfg amdvi;
	struct mem_port_cfg memory;
	uint64_t seed;
	void (*booted)(struct vp *b); /* may be NULL; before the first guest starts */
};
#define T struct vp_cfg
#define NUM(key, m, def, lo, hi, unit, help) { key, CFG_U32, offsetof(T, m), def, lo, hi, unit, help, 0 }
#define TIME(key, m, def, help) { key, CFG_TIME, offsetof(T, m), def, 0, UINT64_C(1000000000000), "ps", help, 0 }
#define FLAG(key, m, def, help) { key, CFG_BOOL, offsetof(T, m), def, 0, 1, "", help, 0 }
static const struct cfg_opt vp_opts[] = {
	{ "way", CFG_ENUM, offsetof(T, way), VP_HW0, 0, 0, "",
	  "hw0, hw1: the unit executes guests' buffers, GstBufferTRPMode 0 or 1; trapped: a hypervisor does.", "hw0|hw1|trapped" },
	NUM("guests", guests, 1, 1, 64, "guests", "Guests, each with a processor and a command buffer of its own."),
	NUM("batch", guest.batch, 1, 1, AMDG_MAX_BATCH, "pages", "Pages unmapped, and invalidations, per COMPLETION_WAIT."),
	NUM("devices", guest.devices, 2, 1, AMDG_MAX, "devices", "Devices of a guest."),
	NUM("domains", guest.domains, 2, 1, AMDG_MAX, "domains", "Domains of a guest; at most as many as devices."),
	NUM("pages", guest.pages, 16, 1, 512, "pages", "Pages per domain that stay mapped: the targets of background DMA."),
	NUM("touch", guest.touch, 1, 0, AMDG_MAX_BATCH, "pages", "Pages of a batch that a device reads before the unmap and tries again after it."),
	NUM("dma", guest.dma, 0, 0, 64, "requests", "Background reads in flight, per device."),
	TIME("dma_gap", guest.dma_gap_ps, 1000000, "From the end of a background read to the next (assumed)."),
	TIME("think", guest.think_ps, 0, "What a guest does between two unmaps: uniform from 0 to twice this."),
	FLAG("ats", guest.ats, 0, "Devices have an IOTLB: one INVALIDATE_IOTLB_PAGES per page and device."),
	TIME("ats_time", guest.ats_ps, 1000000, "Time in which a device answers an invalidate request (assumed)."),
	TIME("exit", host.exit_ps, 2000000, "Trapped: leaving the guest and coming back, per doorbell (assumed)."),
	TIME("command", host.command_ps, 100000, "Trapped: software time of the hypervisor per command (assumed)."),
	NUM("prefill", host.prefill, 0, 0, 65536, "ids", "Ids of each kind that a guest's creation writes to its maps first; Linux writes 65536."),
	FLAG("small_pages", host.small_pages, 0, "The private table maps the id maps by 4 KiB pages; off: by one page each."),
	FLAG("guest_small_pages", host.guest_small_pages, 0, "Guest memory is mapped by 4 KiB pages; off: by 2 MiB."),
	NUM("rounds", rounds, 64, 1, 1000000, "rounds", "Measured unmaps of each guest."),
	NUM("warmup", warmup, 16, 1, 1000000, "rounds", "Unmaps of each guest before that."),
	{ "seed", CFG_U64, offsetof(T, seed), 1, 0, 0, "", "Of the unit's replacement policies.", 0 },
	THREAD_OPTS(T, host.cpu, "cpu."),
	{ 0 }
};
#undef T
#undef NUM
#undef TIME
#undef FLAG

/* Counters of the unit, by the names that every statistics writer prints. */
#define VP_COUNTERS(X)                                                                                                                   \
	X(pages, "amdvi0.amdvi", "pages") X(iotlb, "amdvi0.amdvi", "iotlb") X(vpages, "amdvi0.viommu", "pages")                           \
	X(viotlb, "amdvi0.viommu", "iotlb") X(vwait, "amdvi0.viommu", "wait") X(private_n, "amdvi0.viommu", "private_reads")             \
	X(private_ps, "amdvi0.viommu", "private_ps") X(guest_ps, "amdvi0.viommu", "guest_ps")                                             \
	X(lookups, "amdvi0.viommu", "map_lookups") X(map_reads, "amdvi0.viommu", "map_reads") X(turns, "amdvi0.viommu", "turns")         \
	X(turn_wait_ps, "amdvi0.viommu", "turn_wait_ps") X(hw_errors, "amdvi0.viommu", "hw_errors") X(map_writes, "amdvi0.viommu", "map_writes") \
	X(tlb_lookups, "amdvi0.iotlb", "lookups") X(tlb_hits, "amdvi0.iotlb", "hits") X(tlb_evictions, "amdvi0.iotlb", "evictions")      \
	X(tlb_dropped, "amdvi0.iotlb", "dropped") X(dtc_evictions, "amdvi0.dtc", "evictions") X(walks, "amdvi0", "walks")                       \
	X(drain_ps, "amdvi0", "drain_ps") X(walk_wait_ps, "amdvi0", "walk_wait_ps")
#define X(f, path, name) uint64_t f;
struct vp_counters {
	VP_COUNTERS(X)
};
#undef X

struct vp_result {
	struct hist latency_ps; /* guest-visible: tail write to semaphore seen */
	sim_time window_ps;
	struct vp_counters win, run; /* in the window; since the guests started */
	struct amd_host_stats host_win, host;
	uint64_t waits, pages, iotlbs, dmas, latency_sum_ps; /* completed in the window */
	struct amd_guest_stats all; /* of all guests, the whole run */
	uint64_t kept, kept_dropped; /* entries of every domain, cached at the start; of these, gone at the end */
	uint64_t events; /* entries in the host's event log */
	uint64_t rounds_min, rounds_max; /* fairness, at the end of the window */
};

struct vp {
	const struct vp_cfg *c;
	struct vp_result *r;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	bool port_ok;
	struct iommu *u;
	struct stat_reg reg;
	struct amd_host_cfg hc;
	struct amd_host h;
	struct amd_guest *guest;
	uint32_t started, warm;
	bool open, closed;
	sim_time opened;
	struct vp_counters at_open, at_start;
	struct amd_host_stats host_open, host_start;
	struct amd_guest_stats guests_open;
};

static uint64_t vp_counter(const struct stat_reg *reg, const char *path, const char *name)
{
	for (size_t i = 0; i < reg->n; i++) {
		if (strcmp(reg->node[i].path, path))
			continue;
		for (const struct stat_def *d = reg->node[i].defs; d->name; d++)
			if (!strcmp(d->name, name) && d->kind == STAT_U64)
				return *(const uint64_t *)(const void *)((const char *)reg->node[i].base + d->off);
	}
	fprintf(stderr, "bench_viommu: no statistic %s.%s\n", path, name);
	exit(3);
}

static struct vp_counters vp_read(const struct vp *b)
{
	struct vp_counters c;

#define X(f, path, name) c.f = vp_counter(&b->reg, path, name);
	VP_COUNTERS(X)
#undef X
	return c;
}

static struct vp_counters vp_since(const struct vp *b, const struct vp_counters *t0)
{
	struct vp_counters c = vp_read(b);

#define X(f, path, name) c.f -= t0->f;
	VP_COUNTERS(X)
#undef X
	return c;
}

static struct amd_guest_stats vp_guests(const struct vp *b)
{
	struct amd_guest_stats s = { 0 };

	for (uint32_t g = 0; g < b->c->guests; g++) {
		const struct amd_guest_stats *t = &b->guest[g].st;

		s.waits += t->waits, s.pages += t->pages, s.iotlbs += t->iotlbs, s.latency_ps += t->latency_ps, s.dmas += t->dmas;
		s.checked += t->checked, s.stale += t->stale, s.lost += t->lost, s.refused += t->refused;
		s.ats += t->ats, s.ats_wrong += t->ats_wrong;
	}
	return s;
}

static struct amd_host_stats vp_host_since(const struct vp *b, const struct amd_host_stats *t0)
{
	struct amd_host_stats s = b->h.st;

	s.exits -= t0->exits, s.commands -= t0->commands, s.lock_wait_ps -= t0->lock_wait_ps, s.queue_wait_ps -= t0->queue_wait_ps;
	return s;
}

/* ---- the window ---- */

static void vp_open(struct vp *b)
{
	b->open = true;
	b->opened = sim_now(b->k);
	b->at_open = vp_read(b);
	b->host_open = b->h.st;
	b->guests_open = vp_guests(b);
	for (uint32_t g = 0; g < b->c->guests; g++)
		b->guest[g].latency_ps = &b->r->latency_ps;
}

static void vp_close(struct vp *b)
{
	struct vp_result *r = b->r;
	struct amd_guest_stats s = vp_guests(b);

	b->closed = true;
	r->window_ps = sim_now(b->k) - b->opened;
	r->win = vp_since(b, &b->at_open);
	r->host_win = vp_host_since(b, &b->host_open);
	r->waits = s.waits - b->guests_open.waits;
	r->pages = s.pages - b->guests_open.pages;
	r->iotlbs = s.iotlbs - b->guests_open.iotlbs;
	r->dmas = s.dmas - b->guests_open.dmas;
	r->latency_sum_ps = s.latency_ps - b->guests_open.latency_ps;
	r->rounds_min = UINT64_MAX;
	for (uint32_t g = 0; g < b->c->guests; g++) {
		struct amd_guest *t = &b->guest[g];

		t->stop = true;
		t->latency_ps = NULL;
		r->rounds_min = t->rounds < r->rounds_min ? t->rounds : r->rounds_min;
		r->rounds_max = t->rounds > r->rounds_max ? t->rounds : r->rounds_max;
	}
}

static void vp_next_guest(struct vp *b)
{
	if (b->started < b->c->guests) {
		amd_guest_start(&b->guest[b->started++]);
		return;
	}
	for (uint32_t g = 0; g < b->c->guests; g++)
		amd_guest_release(&b->guest[g]);
}

static void vp_round(struct amd_guest *g)
{
	struct vp *b = container_of((struct amd_host *)g->arg, struct vp, h);

	if (g->rounds == 1) {
		g->hold = true;
		vp_next_guest(b);
	}
	b->warm += g->rounds == b->c->warmup;
	if (!b->open && b->warm == b->c->guests)
		vp_open(b);
	else if (b->open && !b->closed && g->rounds >= b->c->warmup + b->c->rounds)
		vp_close(b);
}

/* ---- entries that no invalidation of this run may touch ---- */

struct vp_probe {
	struct xl xl;
	bool done;
};

static void vp_probed(struct xl *x)
{
	container_of(x, struct vp_probe, xl)->done = true;
	iommu_retire(x->u, x);
}

/* Page 0 of the kept ones of every domain, read once by a device. Returns: how many were not in the IOTLB, or did not translate. */
static uint64_t vp_read_kept(struct vp *b)
{
	uint64_t missing = 0;

	for (uint32_t g = 0; g < b->c->guests; g++) {
		for (uint32_t m = 0; m < b->c->guest.domains; m++) {
			struct vp_probe p = { .xl.done = vp_probed };

			p.xl.req = (struct xl_req){ .iova = AMDG_IOVA_KEPT, .len = 64, .rid = b->guest[g].rid0 + m, .acc = XL_R };
			iommu_translate(b->u, &p.xl);
			while (!p.done && sim_run_one(b->k))
				;
			missing += !p.xl.hit || !p.xl.res.ok;
		}
	}
	return missing;
}

/* ---- one point ---- */

static void vp_ats_inv(void *arg, const struct ats_inv *q)
{
	struct vp *b = arg;

	for (uint32_t g = 0; g < b->c->guests; g++)
		if (amd_guest_owns(&b->guest[g], q->rid))
			amd_guest_ats_inv(&b->guest[g], q);
}

static bool vp_create(struct vp *b, struct err *e)
{
	const struct vp_cfg *c = b->c;

	b->hc = c->host;
	b->hc.mode = c->way == VP_TRAPPED ? AMDH_TRAPPED : AMDH_HARDWARE;
	b->hc.trp = c->way == VP_HW1;
	b->k = sim_kernel_create();
	b->m = mem_create(0, false);
	b->guest = calloc(c->guests, sizeof *b->guest);
	if (!b->k || !b->m || !b->guest)
		return err_set(e, ERR_MACHINE, "out of memory");
	b->port_ok = mem_port_init(&b->p, &c->memory, e);
	if (!b->port_ok)
		return false;
	b->u = amdvi_create(&c->amdvi, "amdvi0", b->k, b->m, &b->p, c->seed, e);
	if (!b->u)
		return false;
	if (!b->u->ops->stats(b->u, &b->reg))
		return err_set(e, ERR_MACHINE, "out of memory");
	b->u->env = (struct iommu_env){ .arg = b, .ats_inv = vp_ats_inv };
	if (!amd_host_init(&b->h, &b->hc, b->u, c->amdvi.devid, b->guest, c->guests, &c->guest, e))
		return false;
	for (uint32_t g = 0; g < c->guests; g++)
		b->guest[g].round_over = vp_round;
	return true;
}

static uint64_t vp_rounds(const struct vp *b, bool *ended)
{
	uint64_t n = 0;

	*ended = true;
	for (uint32_t g = 0; g < b->c->guests; g++) {
		n += b->guest[g].rounds;
		*ended = *ended && thread_ended(&b->guest[g].t);
	}
	return n;
}

/* A guest whose semaphore never comes polls for ever: give up when no guest gets on for 50 ms. */
static bool vp_measure(struct vp *b, struct err *e)
{
	const uint64_t ms = 1000000000;
	uint64_t rounds = 0, still = 0;
	bool ended = false;

	while (!ended && still < 50) {
		uint64_t n;

		sim_run_until(b->k, sim_now(b->k) + ms);
		n = vp_rounds(b, &ended);
		still = n == rounds ? still + 1 : 0;
		rounds = n;
	}
	if (!ended)
		return err_set(e, ERR_MACHINE, "stuck after %llu unmaps: a guest waits for its COMPLETION_WAIT (%llu vIOMMU hardware errors)",
			       (unsigned long long)rounds, (unsigned long long)vp_read(b).hw_errors);
	sim_run(b->k);
	return !mem_oom(b->m) || err_set(e, ERR_MACHINE, "out of memory");
}

static bool vp_go(struct vp *b, struct err *e)
{
	struct vp_result *r = b->r;

	amd_host_boot(&b->h);
	for (sim_time end = UINT64_C(60000000000000); !b->h.booted;) /* a minute */
		if (!sim_run_one(b->k) || sim_now(b->k) > end)
			return err_set(e, ERR_MACHINE, "the host does not get through its boot");
	if (b->c->booted)
		b->c->booted(b);
	vp_read_kept(b);
	b->at_start = vp_read(b);
	b->host_start = b->h.st;
	vp_next_guest(b);
	if (!vp_measure(b, e))
		return false;
	r->run = vp_since(b, &b->at_start);
	r->host = vp_host_since(b, &b->host_start);
	r->all = vp_guests(b);
	r->kept = (uint64_t)b->c->guests * b->c->guest.domains;
	r->kept_dropped = vp_read_kept(b);
	r->events = b->u->ops->mmio_read(b->u, AMDH_EVENT_TAIL, 8) / 16;
	return true;
}

static void vp_destroy(struct vp *b)
{
	if (b->h.u)
		amd_host_fini(&b->h);
	if (b->u)
		b->u->ops->destroy(b->u);
	if (b->port_ok)
		mem_port_fini(&b->p);
	mem_destroy(b->m);
	sim_kernel_destroy(b->k);
	stat_fini(&b->reg);
	free(b->guest);
}

/** vp_run() - the whole of one point. */
static bool vp_run(const struct vp_cfg *c, struct vp_result *r, struct err *e)
{
	struct vp *b = calloc(1, sizeof *b);
	bool ok;

	memset(r, 0, sizeof *r);
	if (!b)
		return err_set(e, ERR_MACHINE, "out of memory");
	b->c = c;
	b->r = r;
	ok = vp_create(b, e) && vp_go(b, e);
	vp_destroy(b);
	free(b);
	return ok;
}

/** vp_broken() - what is wrong with a result; NULL: nothing. */
static const char *vp_broken(const struct vp_cfg *c, const struct vp_result *r)
{
	bool hw = c->way != VP_TRAPPED;
	uint64_t touched = (c->guest.touch < c->guest.batch ? c->guest.touch : c->guest.batch) * r->all.waits;

	if (r->all.stale)
		return "a device was answered from a stale entry after COMPLETION_WAIT";
	if (r->all.lost)
		return "a device was refused a page that is mapped";
	if (touched && r->all.refused < touched)
		return "an unmapped page was not refused";
	if (r->run.pages != r->all.pages || r->run.iotlb != r->all.iotlbs)
		return "the unit did not execute each invalidation exactly once";
	if (r->all.ats != r->all.iotlbs || r->all.ats_wrong)
		return "a device was told to invalidate something else than its own unmapped page";
	if (hw && (r->run.vpages != r->all.pages || r->run.viotlb != r->all.iotlbs || r->run.vwait != r->all.waits))
		return "the guests' commands and those executed for guests differ";
	if (hw && r->host.exits)
		return "a guest was trapped though the unit executes its buffer";
	if (!hw && r->host.exits != r->all.waits)
		return "the exits are not one per COMPLETION_WAIT";
	if (r->events || r->run.hw_errors || r->host.unknown_ids)
		return "errors were reported";
	if (!r->run.tlb_evictions && r->kept_dropped)
		return "an invalidation dropped an entry outside its pages";
	if (!r->run.tlb_evictions && c->guest.touch && r->run.tlb_dropped > touched) /* less: a walk that an invalidation overtook fills nothing */
		return "more entries were dropped than pages invalidated that a device had read";
	return NULL;
}

static void vp_defaults(struct vp_cfg *c)
{
	memset(c, 0, sizeof *c);
	cfg_defaults(vp_opts, c);
	cfg_defaults(amdvi_opts, &c->amdvi);
	cfg_defaults(mem_port_opts, &c->memory);
	c->amdvi.viommu_guests = 64;
}
#endif
