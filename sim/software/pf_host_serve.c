/* SPDX-License-Identifier: Apache-2.0 */
/* pf_host_serve.c - where pages lie, and the threads that serve groups: their time, the entries, the answer; see pf_host.h. */
#include "core/base/bits.h"
#include "software/pf_back.h"
#include "software/pf_host_int.h"

/* ---- tables ---- */

bool pf_is_invalid(const struct pf_cfg *c, uint32_t page)
{
	return c->invalid_every && page % c->invalid_every == c->invalid_every - 1;
}

uint64_t pf_host_spa(const struct pf_cfg *c, uint32_t dev, uint32_t pasid, uint32_t page)
{
	return PF_DATA + ((uint64_t)(dev * c->pasids + pasid) * PF_MAX_PAGES + page) * 4096;
}

uint64_t pf_entry_at(const struct pf_cfg *c, uint32_t dev, uint32_t pasid, uint32_t page)
{
	return pf_pt(c, dev, pasid) + 3 * 4096 + 8 * (uint64_t)page;
}

static bool find_page(const struct pf_host *h, const struct pf_group *g, unsigned i, uint32_t *dev, uint32_t *pasid, uint32_t *page)
{
	uint64_t n = (g->addr[i] - PF_IOVA) >> 12;

	*dev = g->rid - PF_RID0;
	*pasid = g->pasid - 1;
	*page = (uint32_t)n;
	return g->has_pasid && *dev < h->c->devices && *pasid < h->c->pasids && n < h->c->pages && !pf_is_invalid(h->c, *page);
}

/* ---- a serving thread ---- */

static void answered(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	struct pf_thread *next = h->lock_first;

	*(w->ok ? &h->st.success : &h->st.invalid) += 1;
	h->st.refused += w->g->refused;
	hist_add(&h->st.latency_ps, sim_now(h->u->k) - w->g->whole);
	if (h->back && pf_back_return(h->back, w->g))
		pf_delay(w, pf_back_return(h->back, w->g));
	pf_group_free(h, w->g);
	w->g = NULL;
	h->n_whole--;
	if (h->reader_blocked) {
		h->reader_blocked = false;
		thread_wake(&h->reader.t);
	}
	h->locked = next != NULL;
	if (next) {
		h->lock_first = next->next;
		if (!h->lock_first)
			h->lock_last = &h->lock_first;
		thread_wake(&next->t);
	}
	w->then = pf_serve;
}

static void put(struct pf_thread *w);

static void head_read(struct pf_thread *w)
{
	struct pf_host *h = w->h;

	h->cons = h->prod - ((h->prod - h->o->head_slot(w->got[0])) & low_mask(PF_RING_LG2));
	w->then = put;
}

static void put(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	uint64_t cmd[2], at = PF_RING + (h->prod & low_mask(PF_RING_LG2)) * h->o->cmd_bytes;

	if (h->prod - h->cons + 2 > 1u << PF_RING_LG2) {
		h->st.queue_waits++;
		h->o->head(w);
		w->then = head_read;
		return;
	}
	h->o->answer(w->g, w->ok, cmd);
	if (h->c->guest_log)
		cmd[0] = bits_put(cmd[0], 15, 0, pf_gdev(w->g->rid));
	pf_step(w, TH_STORE, at, cmd[0], 8);
	pf_step(w, TH_STORE, at + 8, cmd[1], 8);
	h->prod++;
	h->o->tail(w);
	w->then = answered;
}

static void lock(struct pf_thread *w)
{
	struct pf_host *h = w->h;

	w->then = put;
	if (!h->locked) {
		h->locked = true;
		return;
	}
	h->st.lock_waits++;
	w->next = NULL;
	*h->lock_last = w;
	h->lock_last = &w->next;
	pf_step(w, TH_SLEEP, 0, 0, 0);
}

static void answer(struct pf_thread *w, unsigned stored)
{
	uint64_t ps = w->h->back ? pf_back_answer(w->h->back, w->g, stored) : 0;

	if (ps)
		pf_delay(w, ps);
	w->then = lock;
}

/* The entries have been read: store those that are not there. */
static void map(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	uint32_t dev, pasid, page, n = 0, stored = 0;

	w->ok = true;
	for (unsigned i = 0; i < w->g->n; i++) {
		if (!find_page(h, w->g, i, &dev, &pasid, &page)) {
			w->ok = false;
			continue;
		}
		if (w->got[n++] & 1) {
			h->st.present++;
			continue;
		}
		h->st.mapped++;
		stored++;
		pf_step(w, TH_STORE, pf_entry_at(h->c, dev, pasid, page), pf_host_spa(h->c, dev, pasid, page) | h->o->pte, 8);
	}
	answer(w, stored);
}

void pf_serve(struct pf_thread *w)
{
	struct pf_host *h = w->h;
	struct pf_group *g = h->ready;
	uint64_t ps;
	uint32_t dev, pasid, page;

	w->then = pf_serve;
	if (!g) {
		w->next = h->idle;
		h->idle = w;
		pf_step(w, TH_SLEEP, 0, 0, 0);
		return;
	}
	h->ready = g->next;
	if (!h->ready)
		h->ready_tail = &h->ready;
	h->n_ready--;
	w->g = g;
	if (g->refused) {
		w->ok = false;
		answer(w, 0);
		return;
	}
	ps = pf_service_draw(&h->service, &h->rng);
	hist_add(&h->st.wait_ps, sim_now(h->u->k) - g->whole);
	hist_add(&h->st.service_ps, ps);
	pf_delay(w, ps);
	for (unsigned i = 0; i < g->n; i++)
		if (find_page(h, g, i, &dev, &pasid, &page))
			pf_step(w, TH_LOAD, pf_entry_at(h->c, dev, pasid, page), 0, 8);
	w->then = map;
}
