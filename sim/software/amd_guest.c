/* SPDX-License-Identifier: Apache-2.0 */
/* amd_guest.c - tables and driver thread of a guest; see amd_guest.h. */
#include <stdlib.h>
#include "core/base/bits.h"
#include "software/amd_guest_int.h"

#define PTE_TABLE UINT64_C(0x27) /* P, RW, US, A */
#define PTE_LEAF UINT64_C(0x67) /* and D */
#define OP_WAIT_S UINT64_C(0x1000000000000001)
#define OP_PAGES (UINT64_C(3) << 60)
#define OP_IOTLB (UINT64_C(4) << 60)
#define QW1_PDE_GN UINT64_C(6)
#define QW1_GN UINT64_C(4)
enum { MAXPEND = 32 };

/* ---- tables ---- */

static void put(struct amd_guest *g, uint64_t gpa, uint64_t v)
{
	(void)mem_write(g->t.u->mem, g->ram + gpa, &v, 1); /* its memory is ordinary memory; exhaustion shows in mem_oom() */
}

static uint64_t new_table(struct amd_guest *g)
{
	uint64_t a = g->next_table;

	g->next_table += AMDG_PAGE;
	return a;
}

/* The last-level table for @iova, made if absent, below the level-4 table @root. */
static uint64_t table_for(struct amd_guest *g, uint64_t root, uint64_t iova)
{
	uint64_t t = root;

	for (unsigned shift = 39; shift > 12; shift -= 9) {
		uint64_t at = t + 8 * (iova >> shift & 511), e = 0;

		if (mem_read(g->t.u->mem, g->ram + at, &e, 1) != MEM_OK || !(e & 1)) {
			e = new_table(g) | PTE_TABLE;
			put(g, at, e);
		}
		t = e & bits_mask(51, 12);
	}
	return t;
}

static void build(struct amd_guest *g)
{
	const struct amd_guest_cfg *c = g->cfg;

	g->next_table = AMDG_TABLES;
	for (uint32_t m = 0; m < c->domains; m++) {
		uint64_t root = new_table(g);

		g->gcr3[m] = new_table(g);
		put(g, g->gcr3[m], root | 1);
		g->l1_kept[m] = table_for(g, root, AMDG_IOVA_KEPT);
		for (uint32_t p = 0; p < c->pages; p++)
			put(g, g->l1_kept[m] + 8 * p, (AMDG_KEPT + (uint64_t)(m * c->pages + p) * AMDG_PAGE) | PTE_LEAF);
		for (unsigned s = 0; s < AMDG_SLOTS / 2; s++)
			g->l1_slot[m][s] = table_for(g, root, AMDG_IOVA_SLOTS + (uint64_t)s * 512 * AMDG_PAGE);
	}
}

static enum thread_op store_pte(struct amd_guest *g, uint32_t slot, uint32_t page, uint64_t e)
{
	uint64_t iova = amdg_slot_iova(g, slot, page), i = (iova - AMDG_IOVA_SLOTS) >> 12;

	g->t.addr = g->ram + g->l1_slot[amdg_domain_of(g, slot)][i / 512] + 8 * (i % 512);
	g->t.value = e;
	g->t.bytes = 8;
	return TH_STORE;
}

/* ---- commands ---- */

static uint32_t devices_of(const struct amd_guest *g, uint32_t slot)
{
	return g->cfg->ats ? (g->cfg->devices - amdg_domain_of(g, slot) - 1) / g->cfg->domains + 1 : 0;
}

static uint32_t commands(const struct amd_guest *g, uint32_t slot)
{
	return g->cfg->batch * (1 + devices_of(g, slot)) + 1;
}

/* Command @i of the unmap of @slot: all pages, then the devices, as Linux queues them; the last one is COMPLETION_WAIT. */
static void command(const struct amd_guest *g, uint32_t slot, uint32_t i, uint64_t qw[2])
{
	uint32_t batch = g->cfg->batch, m = amdg_domain_of(g, slot);

	if (i < batch) {
		qw[0] = OP_PAGES | (uint64_t)(AMDG_DOM0 + m) << 32;
		qw[1] = amdg_slot_iova(g, slot, i) | QW1_PDE_GN;
	} else if (i + 1 < commands(g, slot)) {
		uint64_t dev = AMDG_DEV0 + m + (i / batch - 1) * g->cfg->domains;

		qw[0] = OP_IOTLB | dev << 32 | MAXPEND << 24 | dev;
		qw[1] = amdg_slot_iova(g, slot, i % batch) | QW1_GN;
	} else {
		qw[0] = OP_WAIT_S | AMDG_SEM;
		qw[1] = g->seq + 1;
	}
}

static enum thread_op queue(struct amd_guest *g, uint32_t slot)
{
	uint64_t qw[2];

	command(g, slot, g->i / 2, qw);
	g->t.addr = g->ram + AMDG_RING + g->tail * 16 + 8 * (g->i & 1);
	g->t.value = qw[g->i & 1];
	g->t.bytes = 8;
	if (g->i & 1)
		g->tail = (g->tail + 1) % g->ring_entries;
	g->i++;
	return TH_STORE;
}

static enum thread_op ring_bell(struct amd_guest *g)
{
	g->bell = sim_now(g->t.u->k);
	g->seq++;
	if (g->trap) {
		g->resumed = false;
		g->trap(g);
		return TH_SLEEP;
	}
	g->resumed = true;
	g->t.addr = g->tail_reg;
	g->t.value = g->tail * 16;
	g->t.bytes = 8;
	return TH_MMIO_WRITE;
}

static enum thread_op poll(struct amd_guest *g)
{
	g->t.addr = g->ram + AMDG_SEM;
	g->t.bytes = 8;
	g->t.mask = UINT64_MAX;
	g->t.want = g->seq;
	g->t.at_least = true;
	g->t.ps = 0;
	return TH_POLL;
}

static void seen(struct amd_guest *g, uint32_t slot)
{
	uint64_t t = sim_now(g->t.u->k) - g->bell;

	g->st.waits++;
	g->st.pages += g->cfg->batch;
	g->st.iotlbs += (uint64_t)g->cfg->batch * devices_of(g, slot);
	g->st.latency_ps += t;
	if (g->latency_ps)
		hist_add(g->latency_ps, t);
	amdg_touch(g, slot);
	g->rounds++;
	if (g->round_over)
		g->round_over(g);
}

static void go(struct amd_guest *g, enum phase p)
{
	g->phase = (uint8_t)p;
	g->i = 0;
}

static enum thread_op guest_run(struct thread *t)
{
	struct amd_guest *g = container_of(t, struct amd_guest, t);

	for (;;) {
		uint32_t now = amdg_slot_of(g, g->n), last = amdg_slot_of(g, g->n - 1);
		uint64_t frame = AMDG_FRAMES + (g->n * g->cfg->batch + g->i) % AMDG_FRAMES_N * AMDG_PAGE;

		switch ((enum phase)g->phase) {
		case G_THINK:
			go(g, G_FREE);
			t->ps = g->cfg->think_ps / 500 * amdg_draw(g, 1001);
			return TH_DELAY;
		case G_FREE:
			if (g->busy[now] || (g->hold && !g->stop))
				return TH_SLEEP;
			if (g->stop)
				return TH_END;
			go(g, G_MAP);
			break;
		case G_MAP:
			if (g->i < g->cfg->batch)
				return store_pte(g, now, g->i++, frame | PTE_LEAF);
			amdg_touch(g, now);
			go(g, g->n ? G_USED : g->cfg->think_ps ? G_THINK : G_FREE);
			g->n += !g->n;
			break;
		case G_USED:
			if (g->busy[last])
				return TH_SLEEP;
			go(g, G_UNMAP);
			break;
		case G_UNMAP:
			if (g->i < g->cfg->batch)
				return store_pte(g, last, g->i++, 0);
			go(g, G_QUEUE);
			break;
		case G_QUEUE:
			if (g->i < 2 * commands(g, last))
				return queue(g, last);
			go(g, G_BELL);
			break;
		case G_BELL:
			go(g, G_RUNG);
			return ring_bell(g);
		case G_RUNG:
			if (!g->resumed)
				return TH_SLEEP;
			go(g, G_SEEN);
			return poll(g);
		case G_SEEN:
			seen(g, last);
			g->n++;
			go(g, g->cfg->think_ps ? G_THINK : G_FREE);
			break;
		}
	}
}

/* ---- life ---- */

unsigned amd_guest_ring_len(const struct amd_guest_cfg *c)
{
	uint32_t devs = c->ats ? (c->devices - 1) / c->domains + 1 : 0, need = c->batch * (1 + devs) + 2;
	unsigned len = 8;

	while (len < 15 && UINT32_C(1) << len < need)
		len++;
	return len;
}

static bool check(const struct amd_guest_cfg *c, struct err *e)
{
	if (!c->devices || c->devices > AMDG_MAX || !c->domains || c->domains > c->devices)
		return err_set(e, ERR_INPUT, "a guest needs 1 to %d devices and at least one for each domain, not %u for %u", AMDG_MAX, c->devices, c->domains);
	if (!c->batch || c->batch > AMDG_MAX_BATCH)
		return err_set(e, ERR_INPUT, "a batch has 1 to %d pages, not %u", AMDG_MAX_BATCH, c->batch);
	if (!c->pages || c->pages > 512 || c->pages * c->domains > (AMDG_FRAMES - AMDG_KEPT) / AMDG_PAGE)
		return err_set(e, ERR_INPUT, "1 to 512 pages per domain and 1024 per guest stay mapped, not %u for each of %u domains", c->pages, c->domains);
	if (UINT32_C(1) << amd_guest_ring_len(c) < c->batch * (1 + (c->ats ? (c->devices - 1) / c->domains + 1 : 0)) + 2)
		return err_set(e, ERR_INPUT, "a ring of 32768 commands does not hold %u pages for each device of a domain", c->batch);
	return true;
}

bool amd_guest_init(struct amd_guest *g, const struct amd_guest_cfg *c, struct iommu *u, const struct thread_cfg *cpu, struct err *e)
{
	uint32_t n = c->touch < c->batch ? c->touch : c->batch;

	if (!check(c, e))
		return false;
	g->cfg = c;
	g->t.u = u;
	g->t.cfg = cpu;
	g->t.run = guest_run;
	g->phase = G_FREE;
	g->rng = g->rid0;
	g->ring_entries = UINT32_C(1) << amd_guest_ring_len(c);
	g->touch = calloc((size_t)AMDG_SLOTS * c->domains * n + 1, sizeof *g->touch);
	g->back = calloc((size_t)c->devices * c->dma + 1, sizeof *g->back);
	g->answer = calloc((size_t)c->devices * AMDG_TAGS, sizeof *g->answer);
	if (!g->touch || !g->back || !g->answer)
		return err_set(e, ERR_MACHINE, "out of memory");
	amdg_devices_init(g);
	build(g);
	return true;
}

void amd_guest_fini(struct amd_guest *g)
{
	free(g->touch);
	free(g->back);
	free(g->answer);
}

void amd_guest_start(struct amd_guest *g)
{
	thread_start(&g->t);
	for (uint32_t i = 0; i < g->cfg->devices * g->cfg->dma; i++)
		sim_at(g->t.u->k, sim_now(g->t.u->k) + amdg_draw(g, 1000) * 1000, &g->back[i].ev);
}

void amd_guest_release(struct amd_guest *g)
{
	g->hold = false;
	thread_wake(&g->t);
}

void amd_guest_resume(struct amd_guest *g)
{
	g->resumed = true;
	thread_wake(&g->t);
}
