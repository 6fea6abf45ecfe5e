/* SPDX-License-Identifier: Apache-2.0 */
/* pf_host.c - steps, the reading thread, groups, life; see pf_host.h. Serving threads: pf_host_serve.c; options: pf_opts.c. */
#include "software/pf_host_int.h"
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "software/pf_back.h"

/* ---- steps ---- */

void pf_step(struct pf_thread *w, enum thread_op op, uint64_t addr, uint64_t value, unsigned bytes)
{
	SIM_ASSERT(w->n < w->cap);
	w->step[w->n++] = (struct pf_step){ .op = (uint8_t)op, .addr = addr, .value = value, .bytes = (uint8_t)bytes };
}

void pf_delay(struct pf_thread *w, uint64_t ps)
{
	pf_step(w, TH_DELAY, 0, 0, 0);
	w->step[w->n - 1].ps = ps;
}

void pf_write(struct pf_thread *w, uint32_t reg, unsigned bytes, uint64_t v)
{
	pf_step(w, TH_MMIO_WRITE, reg, v, bytes);
}

void pf_read(struct pf_thread *w, uint32_t reg, unsigned bytes)
{
	pf_step(w, TH_MMIO_READ, reg, 0, bytes);
}

static enum thread_op run(struct thread *t)
{
	struct pf_thread *w = container_of(t, struct pf_thread, t);
	const struct pf_step *s = w->at ? &w->step[w->at - 1] : NULL;

	if (s && (s->op == TH_LOAD || s->op == TH_MMIO_READ))
		w->got[w->n_got++] = t->value;
	while (w->at == w->n) {
		w->at = w->n = 0;
		w->then(w);
		w->n_got = 0;
	}
	s = &w->step[w->at++];
	t->addr = s->addr; /* NOLINT(clang-analyzer-core.NullDereference): then() added a step, else the loop goes on */
	t->value = s->value;
	t->bytes = s->bytes;
	t->ps = s->ps;
	return (enum thread_op)s->op;
}

/* ---- groups ---- */

/* An index means one group of a function. If its last request was lost, the index may have been used again, for another PASID perhaps. */
static struct pf_group *group_of(struct pf_host *h, const struct pf_entry *e)
{
	struct pf_group *g = h->partial;

	while (g && (e->stall || g->rid != e->rid || g->tag != e->tag))
		g = g->next;
	if (g && g->has_pasid == e->has_pasid && g->pasid == e->pasid)
		return g;
	if (g) {
		h->st.partial_dropped++;
		g->n = 0;
	} else {
		g = h->free;
		SIM_ASSERT(g);
		h->free = g->next;
		*g = (struct pf_group){ .next = h->partial, .rid = e->rid, .tag = e->tag, .stall = e->stall };
		h->partial = g;
	}
	g->has_pasid = e->has_pasid;
	g->pasid = e->pasid;
	return g;
}

void pf_group_free(struct pf_host *h, struct pf_group *g)
{
	g->next = h->free;
	h->free = g;
}

void pf_host_ready(struct pf_host *h, struct pf_group *g)
{
	*h->ready_tail = g;
	h->ready_tail = &g->next;
	if (++h->n_ready > h->st.most_ready)
		h->st.most_ready = h->n_ready;
	if (h->idle) {
		struct pf_thread *w = h->idle;

		h->idle = w->next;
		thread_wake(&w->t);
	}
}

static void group_whole(struct pf_host *h, struct pf_group *g)
{
	struct pf_group **p = &h->partial;

	while (*p != g)
		p = &(*p)->next;
	*p = g->next;
	g->next = NULL;
	g->whole = sim_now(h->u->k);
	g->refused = g->has_pasid && pf_is_plain(h->c, g->pasid - 1);
	h->n_whole++;
	if (h->back)
		pf_back_take(h->back, g);
	else
		pf_host_ready(h, g);
}
/* Their last requests were lost and have been answered by the hardware; their indices may be in use again. */
static void drop_partial(struct pf_host *h)
{
	while (h->partial) {
		struct pf_group *g = h->partial;

		h->partial = g->next;
		h->st.partial_dropped++;
		pf_group_free(h, g);
	}
}

static void take(struct pf_host *h, const struct pf_entry *e)
{
	struct pf_group *g;

	if (e->other) {
		h->st.other++;
		return;
	}
	g = group_of(h, e);
	*(e->stall ? &h->st.stalls : &h->st.requests) += 1;
	if (g->n < PF_GROUP_PAGES)
		g->addr[g->n++] = e->addr;
	if (!e->last)
		return;
	h->st.groups += !e->stall;
	group_whole(h, g);
}

/* ---- the reading thread ---- */

static void look(struct pf_thread *w);

static void awake(struct pf_thread *w)
{
	struct pf_host *h = w->h;

	h->st.wakeups++;
	h->q = 0;
	if (h->c->notice == PF_INTERRUPT)
		pf_delay(w, h->c->notice_ps);
	w->then = look;
}

static void rest(struct pf_thread *w)
{
	if (w->h->c->notice == PF_POLL)
		pf_delay(w, w->h->c->notice_ps);
	else
		pf_step(w, TH_SLEEP, 0, 0, 0);
	w->then = awake;
}

static void taken(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	unsigned words = h->o->entry_words[h->q];

	hist_add(&h->st.batch, h->n_take);
	for (uint32_t i = 0; i < h->n_take; i++) {
		struct pf_entry e = { 0 };

		h->o->decode(h->q, &w->got[i * words], &e);
		if (h->c->guest_log)
			e.rid = pf_gdev(e.rid);
		take(h, &e);
	}
	h->queue[h->q].head += h->n_take;
	h->o->taken(w, h->q);
	w->then = look;
}

static void blocked(struct pf_thread *w)
{
	if (w->h->reader_blocked) /* woken by an interrupt */
		pf_step(w, TH_SLEEP, 0, 0, 0);
	else
		w->then = look;
}

static void all_read(struct pf_thread *w)
{
	struct pf_host *h = w->h;

	if (h->queue[h->q].overflow) {
		h->st.overflows++;
		h->queue[h->q].overflow = false;
		drop_partial(h);
		h->o->recover(w, h->q);
		w->then = look;
		return;
	}
	w->then = ++h->q < h->o->queues ? look : rest;
}

static void looked(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	struct pf_queue *q = &h->queue[h->q];
	uint32_t slots = 1u << q->base_lg2, n = h->o->looked(h, h->q, w->got) - q->head, words = h->o->entry_words[h->q];

	n &= (h->o->wrap ? 2 : 1) * slots - 1;
	if (!n) {
		all_read(w);
		return;
	}
	if (h->c->batch && n > h->c->batch)
		n = h->c->batch;
	if (n > h->c->backlog - h->n_whole)
		n = h->c->backlog - h->n_whole;
	if (!n) {
		h->st.blocked++;
		h->reader_blocked = true;
		pf_step(w, TH_SLEEP, 0, 0, 0);
		w->then = blocked;
		return;
	}
	h->n_take = n;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < words; j++)
			pf_step(w, TH_LOAD, PF_QUEUE(h->q) + (uint64_t)((q->head + i) & (slots - 1)) * h->o->entry_bytes[h->q] + 8 * j, 0, 8);
	w->then = taken;
}

static void look(struct pf_thread *w)
{
	w->h->st.looks++;
	w->h->o->look(w, w->h->q);
	w->then = looked;
}

/* ---- life ---- */

void pf_put(struct pf_host *h, uint64_t spa, uint64_t v)
{
	(void)mem_write(h->u->mem, spa, &v, 1);
}

void pf_reg(struct pf_host *h, uint32_t off, unsigned bytes, uint64_t v)
{
	h->u->ops->mmio_write(h->u, off, bytes, v);
}

/* Four levels of 512 entries, one format of tables for all: @table_bits come from the leaf's as each vendor has them. */
static void boot_tables(struct pf_host *h, uint64_t table_bits)
{
	const struct pf_cfg *c = h->c;

	for (uint32_t d = 0; d < c->devices; d++) {
		for (uint32_t p = 0; p < c->pasids; p++) {
			uint64_t at = pf_pt(c, d, p);

			for (unsigned l = 0; l < 2; l++)
				pf_put(h, at + 0x1000 * l + 8 * (PF_IOVA >> (39 - 9 * l) & 511), (at + 0x1000 * (l + 1)) | table_bits);
			for (uint32_t i = 0; i < (c->pages + 511) / 512; i++)
				pf_put(h, at + 0x2000 + 8 * ((PF_IOVA >> 21 & 511) + i), (at + 0x3000 + 0x1000 * (uint64_t)i) | table_bits);
			for (uint32_t i = 0; d >= c->absent && i < c->pages; i++)
				pf_put(h, pf_entry_at(c, d, p, i), pf_host_spa(c, d, p, i) | h->o->pte);
		}
	}
}

static bool thread_init(struct pf_host *h, struct pf_thread *w, uint32_t cap, void (*first)(struct pf_thread *w))
{
	*w = (struct pf_thread){ .h = h, .cap = cap, .then = first };
	w->step = calloc(cap, sizeof(*w->step));
	w->got = calloc(cap, sizeof(*w->got));
	w->t.run = run;
	w->t.u = h->u;
	w->t.cfg = &h->c->cpu;
	return w->step && w->got;
}

static bool alloc(struct pf_host *h)
{
	const struct pf_cfg *c = h->c;

	uint32_t n = c->backlog + c->devices * PF_INDICES;

	h->pool = calloc(n, sizeof(*h->pool));
	h->worker = calloc(c->threads, sizeof(*h->worker));
	if (!h->pool || !h->worker || !thread_init(h, &h->reader, (4u << c->queue_lg2) + 16, rest))
		return false;
	for (uint32_t i = 0; i < c->threads; i++)
		if (!thread_init(h, &h->worker[i], 2 * PF_GROUP_PAGES + 16, pf_serve))
			return false;
	for (uint32_t i = n; i--;)
		pf_group_free(h, &h->pool[i]);
	return true;
}

static bool check(struct pf_host *h, const struct pf_cfg *c, struct err *e)
{
	static const struct pf_host_ops *const all[] = { &pf_host_vtd, &pf_host_smmuv3, &pf_host_amdvi };

	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (all[i]->arch == h->u->ops->arch || !strcmp(all[i]->arch, h->u->ops->arch))
			h->o = all[i];
	SIM_ASSERT(h->o);
	if (c->queue_lg2 < h->o->queue_lg2_min || c->queue_lg2 > h->o->queue_lg2_max)
		return err_set(e, ERR_INPUT, "page_faults.queue_log2: %u; %s has queues from 2^%u to 2^%u entries", c->queue_lg2, h->o->arch,
			       h->o->queue_lg2_min, h->o->queue_lg2_max);
	if (c->min_ps > c->max_ps)
		return err_set(e, ERR_INPUT, "page_faults.service_min is above page_faults.service_max");
	if (h->stalls && h->o != &pf_host_smmuv3)
		return err_set(e, ERR_INPUT, "%s does not stall transactions: devices need a translation cache (devices.atc.entries)", h->o->arch);
	return true;
}

bool pf_host_init(struct pf_host *h, const struct pf_cfg *c, struct iommu *u, bool stalls, uint64_t seed, struct err *e)
{
	*h = (struct pf_host){ .c = c, .u = u, .stalls = stalls };
	h->ready_tail = &h->ready;
	h->lock_last = &h->lock_first;
	h->service = (struct pf_service){ .kind = c->service, .mean_ps = c->service_ps, .min_ps = c->min_ps, .max_ps = c->max_ps };
	rng_seed(&h->rng, seed);
	h->queue[0].base_lg2 = h->queue[1].base_lg2 = c->queue_lg2;
	if (!check(h, c, e) || (c->service == PF_TABLE && !pf_service_table(&h->service, c->percentiles ? c->percentiles : "", e)))
		return false;
	if (!alloc(h)) {
		pf_host_fini(h);
		return err_set(e, ERR_MACHINE, "page faults: out of memory");
	}
	boot_tables(h, h->o == &pf_host_smmuv3 ? 3 : 0x27);
	if (h->o->boot(h, e))
		return true;
	pf_host_fini(h);
	return false;
}

void pf_host_start(struct pf_host *h)
{
	thread_start(&h->reader.t);
	for (uint32_t i = 0; i < h->c->threads; i++)
		thread_start(&h->worker[i].t);
}

void pf_host_interrupt(struct pf_host *h)
{
	if (h->c->notice == PF_INTERRUPT && h->reader.step)
		thread_wake(&h->reader.t);
}

void pf_host_stop(struct pf_host *h)
{
	thread_stop(&h->reader.t);
	for (uint32_t i = 0; i < h->c->threads; i++)
		thread_stop(&h->worker[i].t);
}

void pf_host_fini(struct pf_host *h)
{
	for (uint32_t i = 0; h->worker && i < h->c->threads; i++) {
		free(h->worker[i].step);
		free(h->worker[i].got);
	}
	free(h->reader.step);
	free(h->reader.got);
	free(h->worker);
	free(h->pool);
	h->worker = NULL;
	h->pool = NULL;
	h->reader.step = NULL;
	h->reader.got = NULL;
}
