/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.c - owns memory, port, event queue, units and devices, and connects them; the replay decides what happens next.
 * Devices are made when the trace first names them (a silent listed device that nothing uses costs nothing); their statistics
 * stand in that order, after memory and units.
 * DMAs held back by a unit, or stuck behind one on their device, are taken out of the replay's list of DMAs in flight (they are aside).
 */
#include "software/platform.h"

#include <stdio.h>
#include <string.h>
#include "software/replay.h"

enum { PROGRESS_EVERY = 65536 };

struct unit_rec {
	struct plat *p;
	struct iommu *u;
	unsigned index;
};
struct dev_rec {
	struct plat *p;
	struct dev *d;
	struct iommu *u;
	uint64_t key; /* unit << 32 | rid */
	char path[32];
};
struct plat {
	struct plat_cfg cfg;
	struct plat_hooks hook;
	struct sim_kernel *k;
	struct mem *mem;
	struct mem_port port;
	bool have_port, verify, warm;
	struct unit_rec **unit;
	struct dev_rec **dev, *last; /* in order of first use; last: the one looked up most recently */
	uint32_t *hash; /* index into dev, plus 1; 0: empty */
	size_t n_unit, n_dev, cap_dev, hash_size;
	struct stat_reg *reg;
	struct plat_stats st;
	struct plat_verify ver;
	sim_time stat_start;
	struct replay r;
	struct flight *aside;
	struct wordset is_aside, held; /* of flights: those aside; those with requests held back, once for each */
	uint64_t n_held; /* requests */
	bool end_noted;
};

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

/* ---- what is outside a unit ---- */

static void env_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct unit_rec *u = arg;

	u->p->st.msi++; /* no interrupt controller */
	if (u->p->hook.msi)
		u->p->hook.msi(u->p->hook.arg, u->index, addr, data);
}

static void env_ats_inv(void *arg, const struct ats_inv *q)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, q->rid, NULL);

	if (d) /* without memory for the device nobody answers, and the unit's time-out says so */
		dev_ats_inv(d, q);
}

static void env_page_resp(void *arg, const struct page_resp *r)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, r->rid, NULL);

	if (d)
		dev_page_resp(d, r);
}

static void env_progress(void *arg)
{
	struct unit_rec *u = arg;

	if (UNLIKELY(u->p->r.watch.progress != NULL))
		u->p->r.watch.progress(u->p->r.watch.arg, u->index);
	replay_wake(&u->p->r);
}

static void env_fault(void *arg, const struct xl_req *q, const struct xl_res *r)
{
	struct unit_rec *u = arg;

	u->p->st.faults++;
	if (u->p->hook.fault)
		u->p->hook.fault(u->p->hook.arg, u->index, q, r);
}

/* ---- stalled DMAs ---- */

static void set_aside(struct plat *p, struct flight *f)
{
	struct replay *r = &p->r;

	if (wordset_has(&p->is_aside, (uintptr_t)f))
		return;
	if (!wordset_add(&p->is_aside, (uintptr_t)f)) {
		r->oom = true;
		return;
	}
	for (uint32_t i = 0; i < f->n_word; i++)
		wordset_remove(&r->words, f->word[i]);
	f->n_word = 0;
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	else
		r->flying_tail = f->pprev;
	r->n_flying--;
	f->next = p->aside;
	f->pprev = &p->aside;
	if (f->next)
		f->next->pprev = &f->next;
	p->aside = f;
}

/* In flight again: the words it uses are those that the tables have from now on. */
static void take_back(struct plat *p, struct flight *f)
{
	struct replay *r = &p->r;

	wordset_remove(&p->is_aside, (uintptr_t)f);
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	f->collected = false;
	f->next = NULL;
	f->pprev = r->flying_tail;
	*r->flying_tail = f;
	r->flying_tail = &f->next;
	r->n_flying++;
}

static void dev_is_stuck(void *arg, struct dev *d)
{
	struct plat *p = ((struct dev_rec *)arg)->p;

	for (struct flight *f = p->r.flying, *next; f; f = next) {
		next = f->next;
		if (f->dev == d)
			set_aside(p, f);
	}
	replay_wake(&p->r);
}

/* A request of @f waits for software (on), or no longer does. */
static void hold(struct plat *p, struct dev *d, struct flight *f, bool on)
{
	p->n_held += on ? 1 : UINT64_MAX;
	if (on) {
		if (!wordset_add(&p->held, (uintptr_t)f))
			p->r.oom = true;
		set_aside(p, f);
	} else {
		wordset_remove(&p->held, (uintptr_t)f);
		for (struct flight *g = p->aside, *next; g; g = next) {
			next = g->next;
			if (g->dev == d && !wordset_has(&p->held, (uintptr_t)g))
				take_back(p, g);
		}
	}
	replay_wake(&p->r);
}

static void env_stall(void *arg, struct xl *x, bool on)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, x->req.rid, NULL); /* exists: it sent @x */
	bool dma;
	uint64_t tag = dev_stalled(d, x, on, &dma);

	if (dma)
		hold(u->p, d, (struct flight *)(uintptr_t)tag, on);
}

static void dev_holds(void *arg, uint64_t tag, bool on)
{
	struct dev_rec *r = arg;

	hold(r->p, r->d, (struct flight *)(uintptr_t)tag, on);
}

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
		take_back(p, f);
	replay_dma_done(&p->r, f);
	p->st.sim_ps = sim_now(p->k) - p->stat_start;
	fn(arg, &r, &got);
}

static void dma_done(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	struct dev_rec *d = arg;
	struct plat *p = d->p;
	struct flight *f = (struct flight *)(uintptr_t)q->tag;

	if (UNLIKELY(f->live != NULL)) {
		live_done(p, f, res);
		return;
	}
	if (UNLIKELY(p->aside != NULL) && wordset_has(&p->is_aside, (uintptr_t)f))
		take_back(p, f);
	if (p->verify)
		compare(p, d->u, &f->rec, res);
	replay_dma_done(&p->r, f);
	p->st.sim_ps = sim_now(p->k) - p->stat_start;
	if (!p->warm && p->cfg.replay.warmup_dmas && p->r.dmas_done >= p->cfg.replay.warmup_dmas)
		warmup_over(p);
	if (p->hook.progress && p->r.dmas_done % PROGRESS_EVERY == 0)
		p->hook.progress(p->hook.arg, p->r.dmas_done, 0); /* the owner of the source knows how much of it was read */
}

/* ---- devices ---- */

static size_t hash_slot(const struct plat *p, uint64_t key)
{
	size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (p->hash_size - 1);

	while (p->hash[i] && p->dev[p->hash[i] - 1]->key != key)
		i = (i + 1) & (p->hash_size - 1);
	return i;
}

static bool devices_grow(struct plat *p)
{
	size_t cap = p->cap_dev ? 2 * p->cap_dev : 64;
	struct dev_rec **d = realloc(p->dev, cap * sizeof(struct dev_rec *));
	uint32_t *h;

	if (!d)
		return false;
	p->dev = d;
	h = calloc(4 * cap, sizeof(*h));
	if (!h)
		return false;
	free(p->hash);
	p->hash = h;
	p->hash_size = 4 * cap;
	p->cap_dev = cap;
	for (size_t i = 0; i < p->n_dev; i++)
		h[hash_slot(p, p->dev[i]->key)] = (uint32_t)i + 1;
	return true;
}

static struct dev_cfg config_of(const struct plat *p, uint32_t rid)
{
	struct dev_cfg c = p->cfg.dev_default;

	for (size_t i = 0; i < p->cfg.n_dev; i++)
		if (p->cfg.dev[i].rid == rid)
			c = p->cfg.dev[i];
	c.rid = rid;
	return c;
}

static struct dev *device_new(struct plat *p, unsigned unit, uint32_t rid, struct err *e)
{
	struct dev_cfg c = config_of(p, rid);
	struct dev_rec *d;

	if (p->n_dev == p->cap_dev && !devices_grow(p)) {
		err_set(e, ERR_MACHINE, "out of memory for devices");
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_set(e, ERR_MACHINE, "out of memory for devices");
		return NULL;
	}
	d->p = p;
	d->u = p->unit[unit]->u;
	d->key = (uint64_t)unit << 32 | rid;
	snprintf(d->path, sizeof(d->path), unit ? "dev.%02x:%02x.%x@%u" : "dev.%02x:%02x.%x", rid >> 8, rid >> 3 & 31, rid & 7, unit);
	d->d = dev_create(&c, d->u, dma_done, d, e);
	if (!d->d) {
		free(d);
		return NULL;
	}
	dev_on_stuck(d->d, dev_is_stuck);
	dev_on_held(d->d, dev_holds);
	p->hash[hash_slot(p, d->key)] = (uint32_t)p->n_dev + 1;
	p->dev[p->n_dev++] = d;
	if (p->reg && !dev_list_stats(d->d, p->reg, d->path))
		p->r.oom = true;
	p->last = d;
	return d->d;
}

struct dev *plat_device(struct plat *p, unsigned unit, uint32_t rid, struct err *e)
{
	uint64_t key = (uint64_t)unit << 32 | rid;
	uint32_t i;

	if (LIKELY(p->last && p->last->key == key))
		return p->last->d;
	i = p->hash_size ? p->hash[hash_slot(p, key)] : 0;
	if (!i)
		return device_new(p, unit, rid, e);
	p->last = p->dev[i - 1];
	return p->last->d;
}

struct dev *plat_find_device(struct plat *p, unsigned unit, uint32_t rid)
{
	uint64_t key = (uint64_t)unit << 32 | rid;
	uint32_t i;

	if (LIKELY(p->last && p->last->key == key))
		return p->last->d;
	i = p->hash_size ? p->hash[hash_slot(p, key)] : 0;
	return i ? p->dev[i - 1]->d : NULL;
}

void plat_watch(struct plat *p, const struct plat_watch *w)
{
	p->r.watch = *w;
}

struct iommu *plat_unit(struct plat *p, unsigned i)
{
	return i < p->n_unit ? p->unit[i]->u : NULL;
}

static void env_request(void *arg, struct xl *x)
{
	struct unit_rec *u = arg;

	u->p->r.link.request(u->p->r.link.arg, u->index, x);
}

static void env_access(void *arg, struct xl *x)
{
	struct unit_rec *u = arg;

	u->p->r.link.access(u->p->r.link.arg, u->index, x);
}

void plat_set_link(struct plat *p, const struct plat_link *l)
{
	p->r.link = *l;
	for (size_t i = 0; i < p->n_unit; i++) {
		p->unit[i]->u->env.request = env_request;
		p->unit[i]->u->env.access = env_access;
	}
}

bool plat_device_event(struct plat *p, unsigned unit, uint32_t rid, unsigned event, struct err *e)
{
	static const uint8_t fault[] = { [TRC_DEV_SILENT] = DEV_SILENT, [TRC_DEV_SLOW] = DEV_SLOW, [TRC_DEV_WRONG_ITAG] = DEV_WRONG_ITAG,
					 [TRC_DEV_NO_FLUSH] = DEV_NO_FLUSH, [TRC_DEV_MISORDER] = DEV_MISORDER, [TRC_DEV_DROP] = DEV_DROP,
					 [TRC_DEV_UR] = DEV_UR };
	struct dev *d = plat_device(p, unit, rid, e);

	if (!d)
		return false;
	switch (event) {
	case TRC_DEV_ALIVE:
		dev_alive(d);
		break;
	case TRC_DEV_ATS_ON:
	case TRC_DEV_ATS_OFF:
		dev_set_ats(d, event == TRC_DEV_ATS_ON);
		break;
	case TRC_DEV_PRI_ON:
	case TRC_DEV_PRI_OFF:
		dev_set_pri(d, event == TRC_DEV_PRI_ON);
		break;
	case TRC_DEV_RESET:
		dev_reset(d);
		break;
	case TRC_DEV_REMOVED:
		dev_remove(d);
		break;
	default:
		if (event >= ARRAY_LEN(fault))
			return err_set(e, ERR_INPUT, "unknown device event");
		dev_set_fault(d, fault[event], true);
	}
	if (p->reg && !dev_list_stats(d, p->reg, p->last->path)) /* statistics of faults come with the first fault */
		return err_set(e, ERR_MACHINE, "out of memory for statistics");
	return true;
}

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
	replay_fini(&p->r);
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
	u->env = (struct iommu_env){ .arg = r, .msi = env_msi, .ats_inv = env_ats_inv, .page_resp = env_page_resp,
				   .progress = env_progress, .fault = env_fault, .stall = env_stall };
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

bool plat_result(struct plat *p, struct err *e)
{
	stalled_at_end(p);
	if (!p->r.failed && !replay_done(&p->r)) {
		p->r.failed = p->r.stopped = true;
		err_set(&p->r.err, 1, "nothing left to happen with %llu DMAs in flight%s", (unsigned long long)p->r.n_flying,
			p->r.cmd_unit ? " and commands unfinished" : "");
		plat_stuck(p);
	}
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
