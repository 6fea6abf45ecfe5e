/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_log.c - what software did: the last changes of every word, where pages were put, and which commands have completed.
 * A batch of commands is a register write and all that the unit does before the next record of the trace may take effect (the replay
 * waits until the unit is idle). It is "done", so that software may rely on it, when a wait in it has completed; a register write other
 * than a tail also when it invalidated something (register-based invalidation: software polls). What a unit counts stands in counters[].
 */
#include "check/oracle_int.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *arch, *wait[3], *inv[MAX_COUNTERS];
} counters[] = {
	{ "vtd", { "wait" }, { "cc", "iotlb", "p_iotlb", "pc", "dev_tlb", "p_dev_tlb" } },
	{ "smmuv3", { "sync" }, { "cfgi_ste", "cfgi_cd", "cfgi_vms", "tlbi_all", "tlbi_asid", "tlbi_va", "tlbi_ipa", "atc_inv" } },
	{ "amdvi", { "wait" }, { "devtab", "pages", "iotlb", "all" } },
};

/* ---- maps ---- */

static struct omap_slot *slot_for(const struct omap *m, uint64_t key1)
{
	uint64_t h = key1 * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t i = (uint32_t)((h >> 32) * m->size >> 32); /* the highest bits: neighbours are spread evenly by them */

	while (m->slot[i].key1 && m->slot[i].key1 != key1)
		i = (i + 1) & (m->size - 1);
	return &m->slot[i];
}

static bool grow(struct omap *m)
{
	struct omap n = { .size = m->size ? 2 * m->size : 256, .n = m->n };

	n.slot = calloc(n.size, sizeof(*n.slot));
	if (!n.slot)
		return false;
	for (uint32_t i = 0; i < m->size; i++)
		if (m->slot[i].key1)
			*slot_for(&n, m->slot[i].key1) = m->slot[i];
	free(m->slot);
	*m = n;
	return true;
}

uint32_t *omap_at(struct omap *m, uint64_t key, bool *added)
{
	struct omap_slot *s;

	if (2 * (m->n + 1) > m->size && !grow(m))
		return NULL;
	s = slot_for(m, key + 1);
	if (added)
		*added = !s->key1;
	m->n += !s->key1;
	s->key1 = key + 1;
	return &s->val;
}

const uint32_t *omap_get(const struct omap *m, uint64_t key)
{
	const struct omap_slot *s = m->size ? slot_for(m, key + 1) : NULL;

	return s && s->key1 ? &s->val : NULL;
}

/* ---- changes ---- */

static struct word *word_at(struct oracle *o, uint64_t addr)
{
	bool added;
	uint32_t *i = omap_at(&o->by_word, addr, &added);

	if (!i)
		return NULL;
	if (added) {
		if (o->by_word.n > o->cap_word) {
			size_t cap = o->cap_word ? 2 * o->cap_word : 256;
			struct word *w = realloc(o->word, cap * sizeof(*w));

			if (!w)
				return NULL;
			o->word = w;
			o->cap_word = cap;
		}
		*i = o->by_word.n - 1;
		o->word[*i] = (struct word){ .addr = addr };
	}
	return &o->word[*i];
}

static struct frame *frame_at(struct oracle *o, uint64_t frame)
{
	bool added;
	uint32_t *i = omap_at(&o->by_frame, frame, &added);

	if (!i)
		return NULL;
	if (added) {
		if (o->by_frame.n > o->cap_frame) {
			size_t cap = o->cap_frame ? 2 * o->cap_frame : 256;
			struct frame *f = realloc(o->frame, cap * sizeof(*f));

			if (!f)
				return NULL;
			o->frame = f;
			o->cap_frame = cap;
		}
		*i = o->by_frame.n - 1;
	}
	return &o->frame[*i];
}

/* The address bits of an entry, whatever its format. */
static uint64_t frame_of(uint64_t entry)
{
	return entry >> 12 & UINT64_C(0xffffffffff);
}

static void changed(struct oracle *o, uint64_t addr, uint64_t old, uint64_t new_, uint64_t line)
{
	bool table = wordset_has(&o->tables, addr >> 12 << 3);
	struct word *w;

	if (!table) /* commands, as far as is known */
		for (size_t i = 0; i < o->n_unit; i++) {
			o->unit[i]->last_line = line;
			if (!o->unit[i]->first_line)
				o->unit[i]->first_line = line;
		}
	if (old == new_)
		return;
	w = word_at(o, addr);
	if (!w) {
		o->oom = true;
		return;
	}
	o->gen[oracle_gen_of(addr)] = ++o->seq;
	w->c[w->n++ % ORACLE_HISTORY] = (struct change){ .old = old, .line = line, .seq = o->seq, .at = sim_now(o->k) };
	if (table && new_ && frame_of(new_) != frame_of(old)) {
		struct frame *f = frame_at(o, frame_of(new_));

		if (f)
			*f = (struct frame){ .word = addr, .line = line, .seq = o->seq };
		else
			o->oom = true;
	}
}

static void stored(struct oracle *o, const struct trc_rec *r)
{
	uint64_t addr = r->u.store.pa & ~UINT64_C(7), old, new_ = r->u.store.val;
	unsigned shift = 8 * (unsigned)(r->u.store.pa & 7), bits = 8u * r->u.store.bytes;

	if (mem_read(o->mem, addr, &old, 1) != MEM_OK)
		return;
	if (bits < 64) {
		uint64_t mask = ((UINT64_C(1) << bits) - 1) << shift;

		new_ = (old & ~mask) | (new_ << shift & mask);
	}
	changed(o, addr, old, new_, r->line);
}

/* Before the first use it is initial state, without a past. */
static void page_stored(struct oracle *o, const struct trc_rec *r)
{
	if (!o->started) {
		o->epoch++;
		return;
	}
	for (unsigned i = 0; i < 512; i++) {
		uint64_t addr = r->u.page.pa + 8 * i, old;

		if (mem_read(o->mem, addr, &old, 1) == MEM_OK && old != r->u.page.w[i])
			changed(o, addr, old, r->u.page.w[i], r->line);
	}
}

const struct change *olog_last(const struct word *w, bool *lost)
{
	if (w->undone == w->n)
		return NULL;
	if (w->undone == ORACLE_HISTORY) {
		*lost = true;
		return NULL;
	}
	return &w->c[(w->n - 1 - w->undone) % ORACLE_HISTORY];
}

uint64_t olog_new(const struct oracle *o, const struct word *w, const struct change *c)
{
	uint64_t v = 0, next = UINT64_MAX;

	(void)mem_read(o->mem, w->addr, &v, 1);
	for (uint32_t i = 0; i < w->n && i < ORACLE_HISTORY; i++)
		if (w->c[i].seq > c->seq && w->c[i].seq < next) {
			next = w->c[i].seq;
			v = w->c[i].old;
		}
	return v;
}

/* ---- commands ---- */

static uint64_t sum(const uint64_t *const *c)
{
	uint64_t n = 0;

	while (*c)
		n += **c++;
	return n;
}

static uint64_t since(const uint64_t *const *c, uint64_t *seen)
{
	uint64_t now = sum(c), n = now < *seen ? now : now - *seen; /* below: the statistics were reset */

	*seen = now;
	return n;
}

/* What the unit has done since the last look; @over: it is known to be idle. */
static void look(struct oracle_unit *ou, bool over)
{
	struct oracle_cmd *c = &ou->cmd[(ou->n_cmd - 1) % CMDS];
	uint64_t waits = since(ou->wait, &ou->wait_seen), invs = since(ou->inv, &ou->inv_seen);

	if (!ou->open)
		return;
	if (!ou->counted && over) /* a unit that says nothing: all it was told to do */
		waits = invs = 1;
	c->waits += waits;
	c->invs += invs;
	if (!c->done && (waits || (over && !c->tail && c->invs))) {
		c->done = true;
		c->done_at = sim_now(ou->o->k);
	}
	if (over) {
		ou->open = false;
		ocmd_over(ou, c, ou->n_cmd - 1);
	}
}

static void written(struct oracle *o, const struct trc_rec *r, bool tail)
{
	struct oracle_unit *ou = o->unit[r->unit];

	if (ou->n_cmd)
		look(ou, true);
	ou->cmd[ou->n_cmd++ % CMDS] = (struct oracle_cmd){
		.line = r->line, .val = r->u.mmio.val, .off = r->u.mmio.off, .seq = ++o->seq, .tail = tail,
		.at = sim_now(o->k), .first_line = ou->first_line, .last_line = ou->last_line,
	};
	ou->open = true;
	ou->cmd_decoded = false;
	if (tail)
		ocmd_tail(ou, &ou->cmd[(ou->n_cmd - 1) % CMDS], ou->n_cmd - 1);
	ou->first_line = ou->last_line = 0;
	if (tail)
		return;
	o->epoch++;
	o->regs_pending = o->regs_any = true;
	o->regs_at = sim_now(o->k);
}

void olog_record(void *arg, const struct trc_rec *r, bool tail)
{
	struct oracle *o = arg;

	if (o->oom || r->unit >= o->n_unit)
		return;
	if (o->regs_pending) { /* the unit is idle: whatever that register write started is in effect */
		o->epoch++;
		o->regs_pending = false;
	}
	switch (r->kind) {
	case TRC_STORE:
		stored(o, r);
		break;
	case TRC_PAGE:
		page_stored(o, r);
		break;
	case TRC_REGSTATE:
		o->epoch++;
		break;
	case TRC_MMIO_WRITE:
		written(o, r, tail);
		break;
	default:
		break;
	}
}

void olog_progress(void *arg, unsigned unit)
{
	struct oracle *o = arg;
	struct oracle_unit *ou = o->unit[unit];

	if (o->regs_pending) {
		o->epoch++;
		o->regs_pending = false;
	}
	if (ou->open)
		look(ou, ou->orig->commands_idle(ou->u));
}

uint64_t olog_first(const struct oracle_unit *ou, uint64_t seq)
{
	uint64_t lo = ou->n_cmd > CMDS ? ou->n_cmd - CMDS : 0, hi = ou->n_cmd;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ou->cmd[mid % CMDS].seq > seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* ---- counters by name ---- */

static const uint64_t *find_counter(const struct stat_reg *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		for (const struct stat_def *d = r->node[i].defs; d->name; d++)
			if (d->kind == STAT_U64 && !strcmp(d->name, name))
				return (const uint64_t *)(const void *)((const char *)r->node[i].base + d->off);
	return NULL;
}

static unsigned find_all(const struct stat_reg *r, const char *const *name, size_t max, const uint64_t **out)
{
	unsigned n = 0;

	for (size_t i = 0; i < max && name[i]; i++) {
		out[n] = find_counter(r, name[i]);
		n += out[n] != NULL;
	}
	return n;
}

void olog_counters(struct oracle_unit *ou)
{
	struct stat_reg r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
		if (strcmp(counters[i].arch, ou->u->ops->arch))
			continue;
		if (!ou->u->ops->stats(ou->u, &r))
			ou->o->oom = true;
		ou->counted = find_all(&r, counters[i].wait, ARRAY_LEN(counters[i].wait), ou->wait) > 0;
		find_all(&r, counters[i].inv, MAX_COUNTERS - 1, ou->inv);
	}
	stat_fini(&r);
}
