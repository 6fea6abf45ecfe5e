/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_dma.c - DMAs between issue and completion, and the words of tables that their translations use: a store to one of them waits.
 * See replay.h for what is modelled.
 */
#include "software/replay.h"

#include <stdlib.h>

enum { PAGE = 4096 };

/* ---- the words a translation uses ---- */

static struct xl_req request_of(const struct flight *f, uint64_t iova, uint8_t dir)
{
	const uint8_t acc = dir == 'w' ? XL_W : dir == 'x' ? XL_R | XL_X : dir == 'a' ? XL_R | XL_W | XL_ATOMIC : XL_R;
	bool pasid = f->rec.u.dma.pasid != TRC_NO_PASID;

	return (struct xl_req){ .iova = iova, .len = 1, .rid = f->rec.u.dma.rid, .pasid = pasid ? f->rec.u.dma.pasid : 0,
				.has_pasid = pasid, .acc = f->rec.u.dma.priv ? acc | XL_PRIV : acc, .at = f->rec.u.dma.at };
}

struct collector {
	struct replay *r;
	struct flight *f;
};

static void collect_word(void *arg, const struct xl *x)
{
	struct collector *c = arg;
	struct flight *f = c->f;

	for (unsigned i = 0; i < x->mem_words; i++) {
		if (f->n_word == f->cap_word) {
			uint32_t cap = f->cap_word ? 2 * f->cap_word : 64;
			uint64_t *w = realloc(f->word, cap * sizeof(*w));

			if (!w) {
				c->r->oom = true;
				return;
			}
			f->word = w;
			f->cap_word = cap;
		}
		if (!wordset_add(&c->r->words, x->mem_spa + 8 * i)) {
			c->r->oom = true;
			return;
		}
		f->word[f->n_word++] = x->mem_spa + 8 * i;
	}
}

/*
 * Collecting may wait for the first store that comes while the DMA is in flight: until then no word on its path has changed, so
 * the walk finds the same words as it would have found at issue. A trace of DMAs alone never pays for it.
 */
static void collect(struct replay *r, struct flight *f)
{
	struct collector c = { r, f };
	uint64_t first = f->rec.u.dma.iova & ~(uint64_t)(PAGE - 1);
	uint64_t pages = ((f->rec.u.dma.iova & (PAGE - 1)) + f->len + PAGE - 1) / PAGE;
	struct iommu *u = plat_unit(r->p, f->rec.unit);

	for (uint64_t i = 0; i < pages && !r->oom; i++) {
		struct xl_req q = request_of(f, i ? first + i * PAGE : f->rec.u.dma.iova, f->dir);
		struct xl_res res;

		iommu_walk_now(u, &q, &res, collect_word, &c);
	}
}

bool replay_word_in_use(struct replay *r, uint64_t pa)
{
	for (; r->fresh; r->fresh = r->fresh->next)
		collect(r, r->fresh);
	return wordset_has(&r->words, pa & ~UINT64_C(7));
}

/* ---- DMA ---- */

/*
 * A direction the source did not record: take the one the device assumes, unless exactly one of the two explains what the trace
 * expects (success, when it expects nothing).
 */
static uint8_t choose_dir(struct replay *r, const struct flight *f, const struct dev_cfg *c)
{
	uint8_t dir = c->unknown_dir ? 'w' : 'r', other = c->unknown_dir ? 'r' : 'w';
	bool want = f->rec.u.dma.expect != TRC_EXP_FAULT;
	struct iommu *u = plat_unit(r->p, f->rec.unit);
	struct xl_req q = request_of(f, f->rec.u.dma.iova, dir);
	struct xl_res res;

	iommu_walk_now(u, &q, &res, NULL, NULL);
	if (res.ok == want)
		return dir;
	q = request_of(f, f->rec.u.dma.iova, other);
	iommu_walk_now(u, &q, &res, NULL, NULL);
	return res.ok == want ? other : dir;
}

static struct flight *flight_new(struct replay *r)
{
	struct flight *f = r->spare;

	if (f)
		r->spare = f->next;
	else
		f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->n_word = 0;
	f->rec = r->rec;
	f->next = NULL;
	f->pprev = r->flying_tail;
	*r->flying_tail = f;
	r->flying_tail = &f->next;
	if (!r->fresh)
		r->fresh = f;
	r->n_flying++;
	return f;
}

enum replay_verdict replay_dma(struct replay *r, plat_dma_fn *live, void *live_arg, struct err *e)
{
		const struct trc_rec *x = &r->rec;
	struct dev *d = plat_device(r->p, x->unit, x->u.dma.rid, e);
	struct flight *f;
	struct dev_dma q;

	if (!d)
		return REPLAY_STOP;
	if (!dev_can_accept(d))
		return REPLAY_WAIT;
	f = flight_new(r);
	if (!f) {
		err_set(e, ERR_MACHINE, "out of memory");
		return REPLAY_STOP;
	}
	f->dev = d;
	f->live = live;
	f->live_arg = live_arg;
	f->dir = x->u.dma.dir;
	f->len = x->u.dma.len ? x->u.dma.len : 1;
	r->st->assumed_len += !x->u.dma.len;
	if (f->dir == '?') {
		f->dir = choose_dir(r, f, dev_config(d));
		r->st->assumed_dir++;
		dev_stats_of(d)->assumed_dir++;
	}
	q = (struct dev_dma){ .iova = x->u.dma.iova, .len = x->u.dma.len, .dir = f->dir, .at = x->u.dma.at, .priv = x->u.dma.priv,
			      .has_pasid = x->u.dma.pasid != TRC_NO_PASID, .tag = (uintptr_t)f };
	q.pasid = q.has_pasid ? x->u.dma.pasid : 0;
	r->st->dmas++;
	dev_submit(d, &q);
	return REPLAY_GO;
}

void replay_dma_done(struct replay *r, struct flight *f)
{
	for (uint32_t i = 0; i < f->n_word; i++)
		wordset_remove(&r->words, f->word[i]);
	if (r->fresh == f)
		r->fresh = f->next;
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	else
		r->flying_tail = f->pprev;
	f->next = r->spare;
	r->spare = f;
	r->n_flying--;
	r->moves++;
	r->dmas_done++;
	replay_wake(r);
}

static void free_list(struct flight *f)
{
	while (f) {
		struct flight *n = f->next;

		free(f->word);
		free(f);
		f = n;
	}
}

void replay_dma_fini(struct replay *r)
{
	free_list(r->flying);
	free_list(r->spare);
	r->flying = r->spare = NULL;
	wordset_fini(&r->words);
}
