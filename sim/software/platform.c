/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.c - owns memory, port, event queue, units and devices, and connects them; the replay decides what happens next.
 * Units' surroundings are in plat_env.c, devices in plat_dev.c.
 */
#include <stdio.h>
#include <string.h>
#include "software/plat_int.h"

enum { PROGRESS_EVERY = 65536 };

#define O(m) offsetof(struct replay_cfg, m)
const struct cfg_opt replay_opts[] = {
	{ "order", CFG_ENUM, O(order), REPLAY_ORDER_WORDS, 0, 0, "", "Earlier DMAs a store waits for: those using its words, or all.", "words|all" },
	{ "open_loop", CFG_BOOL, O(open_loop), 0, 0, 1, "", "Records take effect no earlier than the time the trace gives them.", 0 },
	{ "warmup", CFG_U64, O(warmup_dmas), 0, 0, 0, "DMAs", "Statistics start after this many completed DMAs.", 0 },
	{ "until", CFG_TIME, O(until_ps), 0, 0, UINT64_MAX, "ps", "Nothing is issued from this time on; 0 is no limit.", 0 },
	{ "stuck", CFG_TIME, O(stuck_ps), UINT64_C(300000000000000), 0, UINT64_C(1) << 62, "ps",
	  "Dump and stop after this long without progress; longer than the unit's own time-outs. 0 waits for the queue to run dry.", 0 },
	{ 0 },
};
#undef O
const struct cfg_opt plat_opts[] = {
	{ "size", CFG_SIZE, offsetof(struct plat_cfg, mem_size), 0, 0, UINT64_MAX, "bytes", "End of physical memory; 0 is 2^64.", 0 },
	{ 0 },
};
#define ROW(f, unit, doc) { #f, unit, doc, offsetof(struct plat_stats, f), STAT_U64, 0 }
const struct stat_def plat_stat_defs[] = {
	ROW(records, "count", "trace records that took effect"),
	ROW(dmas, "count", "DMA records issued"),
	ROW(stores, "count", "stores to memory"),
	ROW(mmio_writes, "count", "register writes"),
	ROW(stalls_words, "count", "stores that waited for DMAs using their words"),
	ROW(stalls_all, "count", "records that waited for every earlier DMA"),
	ROW(stalls_commands, "count", "records that waited for commands of a unit"),
	ROW(assumed_dir, "count", "DMAs whose direction the trace did not say"),
	ROW(assumed_len, "count", "DMAs whose length the trace did not say"),
	ROW(msi, "count", "interrupts sent by units"),
	ROW(faults, "count", "requests refused by units"),
	ROW(stalled_at_end, "count", "DMAs unfinished at the end because a unit still holds a request back"),
	ROW(sim_ps, "ps", "from the start of statistics to the last completion"),
	{ 0 },
};

/* ---- completions ---- */

static void differs(struct plat *p, const struct trc_rec *r, const struct xl_res *got)
{
	struct plat_diff d = { .rec = r, .got = *got };

	p->ver.disagree++;
	if (p->hook.diff)
		p->hook.diff(p->hook.arg, &d);
}

static void compare(struct plat *p, const struct iommu *u, const struct trc_rec *r, const struct xl_res *got)
{
	bool same;

	switch (r->u.dma.expect) {
	case TRC_EXP_OK:
		same = got->ok && got->spa == r->u.dma.pa;
		break;
	case TRC_EXP_FAULT:
		same = !got->ok;
		if (same && r->u.dma.code)
			same = p->hook.same_fault ? p->hook.same_fault(p->hook.arg, u, r->u.dma.code, got->code) : r->u.dma.code == got->code;
		break;
	default:
		p->ver.not_compared++;
		return;
	}
	if (same)
		p->ver.agree++;
	else
		differs(p, r, got);
}

void plat_read_checked(struct plat *p, const struct trc_rec *r, uint64_t got)
{
	struct xl_res res = { .spa = got, .ok = true };

	if (!p->verify)
		return;
	if (got == r->u.mmio.val)
		p->ver.agree++;
	else
		differs(p, r, &res);
}

static void warmup_over(struct plat *p)
{
	struct stat_reg tmp = { 0 }, *r = p->reg ? p->reg : &tmp;

	p->warm = true;
	if (!p->reg && !plat_register_stats(p, &tmp))
		p->r.oom = true;
	stat_reset(r);
	stat_fini(&tmp);
	for (size_t i = 0; !p->reg && i < p->n_dev; i++)
		dev_forget_stats(p->dev[i]->d); /* that registry is gone */
	memset(&p->st, 0, sizeof(p->st));
	p->stat_start = sim_now(p->k);
}

/* The caller's function comes last: it may submit again. */
static void live_done(struct plat *p, struct flight *f, const struct xl_res *res)
{
	plat_dma_fn *fn = f->live;
	void *arg = f->live_arg;
	struct trc_rec r = f->rec;
	struct xl_res got = *res;

	if (p->aside && wordset_has(&p->is_aside, (uintptr_t)f))
		plat_take_back(p, f);
	replay_dma_done(&p->r, f);
	p->st.sim_ps = sim_now(p->k) - p->stat_start;
	fn(arg, &r, &got);
}

static void trace_dma_done(struct plat *p, struct flight *f)
{
	replay_dma_done(&p->r, f);
	p->st.sim_ps = sim_now(p->k) - p->stat_start;
	if (!p->warm && p->cfg.replay.warmup_dmas && p->r.dmas_done >= p->cfg.replay.warmup_dmas)
		warmup_over(p);
	if (p->hook.progress && p->r.dmas_done % PROGRESS_EVERY == 0)
		p->hook.progress(p->hook.arg, p->r.dmas_done, 0); /* the owner of the source knows how much of it was read */
}

void plat_dma_done(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	struct dev_rec *d = arg;
	struct plat *p = d->p;
	struct flight *f = (struct flight *)(uintptr_t)q->tag;

	if (UNLIKELY(f->live != NULL)) {
		live_done(p, f, res);
		return;
	}
	if (UNLIKELY(p->aside != NULL) && wordset_has(&p->is_aside, (uintptr_t)f))
		plat_take_back(p, f);
	if (p->verify)
		compare(p, d->u, &f->rec, res);
	trace_dma_done(p, f);
}

void plat_dev_dropped(void *arg, const struct dev_dma *q)
{
	struct plat *p = ((struct dev_rec *)arg)->p;
	struct flight *f = (struct flight *)(uintptr_t)q->tag;

	if (f->live)
		live_done(p, f, &(struct xl_res){ 0 });
	else
		trace_dma_done(p, f); /* it was never translated: nothing to compare */
}

void plat_watch(struct plat *p, const struct plat_watch *w)
{
	p->r.watch = *w;
}

struct iommu *plat_unit(struct plat *p, unsigned i)
{
	return i < p->n_unit ? p->unit[i]->u : NULL;
}

/* ---- what waits for what ---- */

static void note_line(void *arg, const char *text)
{
	struct plat *p = arg;

	if (p->hook.note)
		p->hook.note(p->hook.arg, text);
}

void plat_dump(struct plat *p)
{
	for (size_t i = 0; i < p->n_unit; i++)
		iommu_dump(p->unit[i]->u, note_line, p);
	for (size_t i = 0; i < p->n_dev; i++)
		if (dev_waiting(p->dev[i]->d))
			dev_dump(p->dev[i]->d, note_line, p);
}

void plat_stuck(struct plat *p)
{
	char buf[160];

	snprintf(buf, sizeof(buf), "no progress at %llu ps; next record %llu; %llu DMAs in flight", (unsigned long long)sim_now(p->k),
		 (unsigned long long)p->r.rec.line, (unsigned long long)p->r.n_flying);
	note_line(p, buf);
	plat_dump(p);
}

/* ---- life ---- */

struct plat *plat_create(const struct plat_cfg *c, const struct plat_hooks *h, struct err *e)
{
	struct plat *p = calloc(1, sizeof(*p));

	if (!p)
		goto oom;
	p->cfg = *c;
	if (h)
		p->hook = *h;
	if (!dev_cfg_check(&c->dev_default, e))
		goto fail;
	for (size_t i = 0; i < c->n_dev; i++)
		if (!dev_cfg_check(&c->dev[i], e))
			goto fail;
	p->k = sim_kernel_create();
	p->mem = c->backend ? mem_create_backed(c->mem_size, c->backend) : mem_create(c->mem_size, false);
	if (!p->k || !p->mem)
		goto oom;
	if (!mem_port_init(&p->port, &c->port, e))
		goto fail;
	p->have_port = true;
	p->r.p = p;
	p->r.cfg = c->replay;
	p->r.k = p->k;
	p->r.mem = p->mem;
	p->r.st = &p->st;
	p->r.flying_tail = &p->r.flying;
	return p;
oom:
	err_set(e, ERR_MACHINE, "out of memory");
fail:
	plat_destroy(p);
	return NULL;
}

void plat_destroy(struct plat *p)
{
	if (!p)
		return;
	/* Units may cancel events, which touches their neighbours in the queue: so before the devices, and the queue last. */
	for (size_t i = 0; i < p->n_unit; i++) {
		p->unit[i]->u->ops->destroy(p->unit[i]->u);
		free(p->unit[i]);
	}
	for (size_t i = 0; i < p->n_dev; i++) {
		dev_destroy(p->dev[i]->d);
		free(p->dev[i]);
	}
	while (p->aside) {
		struct flight *f = p->aside;

		p->aside = f->next;
		free(f->word);
		free(f);
	}
	replay_dma_fini(&p->r);
	wordset_fini(&p->is_aside);
	wordset_fini(&p->held);
	free(p->unit);
	free(p->dev);
	free(p->hash);
	if (p->have_port)
		mem_port_fini(&p->port);
	mem_destroy(p->mem);
	sim_kernel_destroy(p->k);
	free(p);
}

struct sim_kernel *plat_kernel(struct plat *p)
{
	return p->k;
}

struct mem *plat_mem(struct plat *p)
{
	return p->mem;
}

struct mem_port *plat_port(struct plat *p)
{
	return &p->port;
}

bool plat_add_unit(struct plat *p, struct iommu *u, struct err *e)
{
	struct unit_rec **a = realloc(p->unit, (p->n_unit + 1) * sizeof(struct unit_rec *)), *r = calloc(1, sizeof(*r));

	if (a)
		p->unit = a;
	if (!a || !r) {
		free(r);
		u->ops->destroy(u);
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	*r = (struct unit_rec){ .p = p, .u = u, .index = (unsigned)p->n_unit };
	u->env = plat_env(r);
	p->unit[p->n_unit++] = r;
	return true;
}

bool plat_start(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e)
{
	p->verify = verify;
	return replay_start(&p->r, src, arg, e);
}

bool plat_done(const struct plat *p)
{
	return replay_done(&p->r);
}

bool plat_stopped(const struct plat *p)
{
	return p->r.stopped;
}

static void stalled_at_end(struct plat *p)
{
	char buf[80];

	if (!p->n_held || p->end_noted)
		return;
	p->end_noted = true;
	for (const struct flight *f = p->aside; f; f = f->next)
		p->st.stalled_at_end++;
	if (p->verify)
		p->ver.not_compared += p->st.stalled_at_end;
	snprintf(buf, sizeof(buf), "%llu requests still stalled at the end of the trace", (unsigned long long)p->n_held);
	note_line(p, buf);
}

/* What the counters say must be true: a contradiction is a bug of ours. */
static void assert_stats(struct plat *p)
{
#ifndef NDEBUG
	char text[200];
	const char *wrong = plat_stats_wrong(p, text, sizeof(text));

	if (wrong)
		note_line(p, wrong);
	SIM_ASSERT(!wrong);
#else
	(void)p;
#endif
}

bool plat_oom(const struct plat *p)
{
	return p->r.oom || mem_oom(p->mem);
}

bool plat_result(struct plat *p, struct err *e)
{
	stalled_at_end(p);
	if (!p->r.failed && !replay_done(&p->r)) {
		p->r.failed = p->r.stopped = true;
		err_set(&p->r.err, 1, "nothing left to happen with %llu DMAs in flight%s", (unsigned long long)p->r.n_flying,
			p->r.cmd_unit ? " and commands unfinished" : "");
		plat_stuck(p);
	}
	if (plat_oom(p)) /* whatever came of it */
		return err_set(e, ERR_MACHINE, "out of memory");
	if (!p->r.failed)
		assert_stats(p);
	if (p->r.failed && e)
		*e = p->r.err;
	return !p->r.failed;
}

bool plat_run(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e)
{
	if (!plat_start(p, src, arg, verify, e))
		return false;
	sim_run(p->k);
	return plat_result(p, e);
}

bool plat_live(struct plat *p, const struct trc_rec *r, uint64_t *value, struct err *e)
{
	return replay_live(&p->r, r, value, e);
}

int plat_live_dma(struct plat *p, const struct trc_rec *dma, plat_dma_fn *fn, void *arg, struct err *e)
{
	return replay_live_dma(&p->r, dma, fn, arg, e);
}

const struct plat_verify *plat_verified(const struct plat *p)
{
	return &p->ver;
}

const struct plat_stats *plat_statistics(const struct plat *p)
{
	return &p->st;
}

bool plat_register_stats(struct plat *p, struct stat_reg *r)
{
	if (!stat_add(r, "replay", &p->st, plat_stat_defs) || !stat_add(r, "memory", &p->port.st, mem_port_stat_defs))
		return false;
	for (size_t i = 0; i < p->n_unit; i++)
		if (!p->unit[i]->u->ops->stats(p->unit[i]->u, r))
			return false;
	for (size_t i = 0; i < p->n_dev; i++)
		if (!dev_list_stats(p->dev[i]->d, r, p->dev[i]->path))
			return false;
	return true;
}

void plat_set_stat_reg(struct plat *p, struct stat_reg *r)
{
	p->reg = r;
}
