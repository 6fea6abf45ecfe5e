/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen.c - the synthetic trace as a state machine: attach and map requester by requester, then DMA with optional churn.
 * Physical pages: page i of requester r sits at slot perm(r * pages + i) of the span, perm being a keyed bijection of the slots, so
 * pages never share a slot. A page that churns moves to one of the spare slots and leaves its own as the next spare.
 */
#include "software/gen.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/iommu.h"

#define O(k, t, m, def, min, max, unit, help, ch) { k, t, offsetof(struct gen_cfg, m), def, min, max, unit, help, ch }
const struct cfg_opt gen_opts[] = {
	O("window", CFG_SIZE, window, UINT64_C(64) << 20, 4096, UINT64_C(1) << 46, "bytes", "IOVA range each requester uses.", 0),
	O("iova", CFG_HEX, iova, UINT64_C(0x40000000), 0, 0, "address", "First address of the window.", 0),
	O("count", CFG_U64, count, 100000, 0, 0, "DMAs", "DMA operations over all requesters.", 0),
	O("size", CFG_SIZE, len, 64, 1, UINT64_C(1) << 30, "bytes", "Bytes of one DMA.", 0),
	O("stride", CFG_SIZE, stride, 4096, 1, UINT64_C(1) << 46, "bytes", "Distance between DMAs of pattern stride.", 0),
	O("pa", CFG_HEX, pa, UINT64_C(0x100000000), 0, UINT64_C(0xfffffffffffff), "address", "Lowest physical address of mapped pages.", 0),
	O("pa_span", CFG_SIZE, pa_span, UINT64_C(64) << 30, 4096, UINT64_C(1) << 51, "bytes", "Range over which mapped pages are scattered.", 0),
	O("churn", CFG_U64, churn, 0, 0, 0, "DMAs", "After so many DMAs of a requester one of its pages is remapped elsewhere; 0 is never.", 0),
	O("pasid", CFG_U64, pasid, TRC_NO_PASID, 1, TRC_NO_PASID, "", "PASID of all requests (20 bits); 4294967295 is none.", 0),
	O("devices", CFG_U32, devices, 1, 1, 65536, "requesters", "Requesters, one domain each, taken in turn.", 0),
	O("rid", CFG_U32, rid, 0x0100, 0, 0xffff, "rid", "First requester; the others follow.", 0),
	O("pattern", CFG_ENUM, pattern, GEN_UNIFORM, 0, 2, "", "Order of addresses.", "uniform|sequential|stride"),
	O("write_percent", CFG_U32, write_percent, 50, 0, 100, "percent", "Share of writes.", 0),
	O("page", CFG_ENUM, page, 0, 0, 2, "", "Size of one mapping.", "4K|2M|1G"),
	O("type", CFG_STR, type, 0, 0, 0, "", "Attach type: legacy, ss, fs, nested, pt; empty leaves it to the driver.", 0),
	{ 0 }
};

enum { ST_ATTACH, ST_MAP, ST_DMA, ST_UNMAPPED };
struct gen {
	const struct gen_cfg *c;
	struct rng rng;
	uint64_t pages, page_bytes, slots, key[4];
	unsigned half; /* bits of half a slot number, for the Feistel rounds */
	uint64_t n_dma, map_page, spare;
	uint64_t *slot; /* of every page that churned, plus 1; 0: where scatter() puts it */
	uint64_t *cursor, *since; /* per requester: sequential position, DMAs since the last churn */
	uint32_t dev;
	uint8_t state;
	uint64_t line, churn_page;
};

/* A bijection of [0, 2^(2*half)), walked until it lands in [0, slots): a bijection of the slots. */
static uint64_t scatter(const struct gen *g, uint64_t i)
{
	const uint64_t m = (UINT64_C(1) << g->half) - 1;

	do {
		uint64_t l = i >> g->half, r = i & m;

		for (unsigned k = 0; k < 4; k++) {
			uint64_t f = (r + g->key[k]) * UINT64_C(0x9e3779b97f4a7c15), t = l ^ (f >> 40 & m);

			l = r;
			r = t;
		}
		i = l << g->half | r;
	} while (i >= g->slots);
	return i;
}

static bool pass_through(const struct gen_cfg *c)
{
	return c->type && (!strcmp(c->type, "pt") || !strcmp(c->type, "identity"));
}

static bool check(const struct gen_cfg *c, uint64_t page, uint64_t slots, struct err *e)
{
	if (c->window % page || c->iova % page || c->pa % page)
		return err_set(e, ERR_INPUT, "gen.window, gen.iova and gen.pa must be multiples of the page size %" PRIu64, page);
	if (c->iova + (c->window - 1) < c->iova)
		return err_set(e, ERR_INPUT, "gen.iova + gen.window passes the end of the address space");
	if (c->len > c->window)
		return err_set(e, ERR_INPUT, "gen.size is larger than gen.window");
	if (c->rid + c->devices > 0x10000)
		return err_set(e, ERR_INPUT, "gen.rid + gen.devices passes requester 0xffff");
	if (c->pasid != TRC_NO_PASID && c->pasid > 0xfffff)
		return err_set(e, ERR_INPUT, "gen.pasid has at most 20 bits; 4294967295 is none");
	if (c->type && strlen(c->type) >= sizeof(((struct trc_rec *)0)->u.sw.type))
		return err_set(e, ERR_INPUT, "gen.type is too long");
	if (!pass_through(c) && c->window / page > (slots ? slots - 1 : 0) / c->devices)
		return err_set(e, ERR_INPUT, "gen.pa_span holds %" PRIu64 " pages, which is too few for gen.devices windows and one spare", slots);
	if (c->pa + c->pa_span > UINT64_C(1) << 52)
		return err_set(e, ERR_INPUT, "gen.pa + gen.pa_span passes 2^52");
	return true;
}

struct gen *gen_create(const struct gen_cfg *c, uint64_t seed, struct err *e)
{
	uint64_t page = UINT64_C(4096) << (9 * c->page), slots = c->pa_span / page;
	struct gen *g;

	if (!check(c, page, slots, e))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g) {
		g->c = c;
		g->page_bytes = page;
		g->pages = pass_through(c) ? 0 : c->window / page;
		g->slots = slots;
		g->cursor = calloc(c->devices, sizeof(*g->cursor));
		g->since = calloc(c->devices, sizeof(*g->since));
		if (c->churn && g->pages)
			g->slot = calloc(g->pages * c->devices, sizeof(*g->slot));
	}
	if (!g || !g->cursor || !g->since || (c->churn && g->pages && !g->slot)) {
		gen_destroy(g);
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	rng_seed(&g->rng, seed);
	for (unsigned i = 0; i < 4; i++)
		g->key[i] = rng_next(&g->rng);
	while ((UINT64_C(1) << (2 * g->half)) < slots)
		g->half++;
	if (g->pages)
		g->spare = scatter(g, g->pages * c->devices);
	return g;
}

void gen_destroy(struct gen *g)
{
	if (!g)
		return;
	free(g->slot);
	free(g->cursor);
	free(g->since);
	free(g);
}

/* Where page @page of requester @dev is; slot[] holds slot + 1 once it has moved. */
static uint64_t slot_of(const struct gen *g, uint32_t dev, uint64_t page)
{
	uint64_t i = dev * g->pages + page;

	return g->slot && g->slot[i] ? g->slot[i] - 1 : scatter(g, i);
}

static void fill_sw(const struct gen *g, struct trc_rec *r, enum trc_kind kind, uint64_t page)
{
	const struct gen_cfg *c = g->c;

	r->kind = (uint8_t)kind;
	r->u.sw.rid = c->rid + g->dev;
	r->u.sw.pasid = (uint32_t)c->pasid;
	r->u.sw.dom = g->dev + 1;
	if (kind == TRC_ATTACH) {
		if (c->type)
			memcpy(r->u.sw.type, c->type, strlen(c->type) + 1);
		return;
	}
	r->u.sw.iova = c->iova + page * g->page_bytes;
	r->u.sw.size = g->page_bytes;
	if (kind == TRC_MAP) {
		r->u.sw.pa = c->pa + slot_of(g, g->dev, page) * g->page_bytes;
		r->u.sw.perm = XL_R | XL_W;
	}
}

static uint64_t next_offset(struct gen *g)
{
	const struct gen_cfg *c = g->c;
	uint64_t room = c->window - c->len, off = g->cursor[g->dev];

	if (c->pattern == GEN_UNIFORM) /* aligned to the size of the DMA */
		return rng_below(&g->rng, room / c->len + 1) * c->len;
	if (off > room)
		off = 0;
	g->cursor[g->dev] = off + (c->pattern == GEN_STRIDE ? c->stride : c->len);
	return off;
}

static void fill_dma(struct gen *g, struct trc_rec *r)
{
	const struct gen_cfg *c = g->c;
	uint64_t off = next_offset(g);

	r->kind = TRC_DMA;
	r->u.dma.iova = c->iova + off;
	r->u.dma.expect = TRC_EXP_OK;
	r->u.dma.pa = g->pages ? c->pa + slot_of(g, g->dev, off / g->page_bytes) * g->page_bytes + off % g->page_bytes : r->u.dma.iova;
	r->u.dma.rid = c->rid + g->dev;
	r->u.dma.pasid = (uint32_t)c->pasid;
	r->u.dma.len = (uint32_t)c->len;
	r->u.dma.dir = rng_below(&g->rng, 100) < c->write_percent ? 'w' : 'r';
	g->n_dma++;
	g->since[g->dev]++;
}

static void next_dev(struct gen *g)
{
	g->dev = g->dev + 1 == g->c->devices ? 0 : g->dev + 1;
}

int gen_next(void *gen, struct trc_rec *r, struct err *e)
{
	struct gen *g = gen;

	(void)e; /* cannot fail */
	*r = (struct trc_rec){ .at = TRC_NO_TIME, .line = ++g->line };
	switch (g->state) {
	case ST_ATTACH:
		fill_sw(g, r, TRC_ATTACH, 0);
		g->map_page = 0;
		if (g->pages)
			g->state = ST_MAP;
		else
			goto next;
		return 1;
	case ST_MAP:
		fill_sw(g, r, TRC_MAP, g->map_page++);
		if (g->map_page < g->pages)
			return 1;
next:
		next_dev(g);
		g->state = g->dev ? ST_ATTACH : ST_DMA;
		return 1;
	case ST_UNMAPPED: {
		uint64_t i = g->dev * g->pages + g->churn_page, old = slot_of(g, g->dev, g->churn_page);

		g->slot[i] = g->spare + 1;
		g->spare = old;
		fill_sw(g, r, TRC_MAP, g->churn_page);
		g->state = ST_DMA;
		next_dev(g);
		return 1;
	}
	default:
		break;
	}
	if (g->slot && g->since[g->dev] >= g->c->churn && g->n_dma < g->c->count) {
		g->since[g->dev] = 0;
		g->churn_page = rng_below(&g->rng, g->pages);
		fill_sw(g, r, TRC_UNMAP, g->churn_page);
		g->state = ST_UNMAPPED;
		return 1;
	}
	if (g->n_dma == g->c->count)
		return 0;
	fill_dma(g, r);
	next_dev(g);
	return 1;
}
