/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_vcmd.c - the command engine of a guest.
 * Models: fetch from the guest's buffer (private address, or guest-physical), decode, substitution of DeviceID (commands 2, 4, 5, 6, 7) and
 * DomainID (3) through the id maps, execution with host ids, COMPLETION_WAIT ordered within its guest only, the head, errors. The QueueID
 * of INVALIDATE_IOTLB_PAGES becomes the host DeviceID too, so that one guest's queue depth never holds back another's.
 * COMPLETION_WAIT and INVALIDATE_IOTLB_PAGES may wait for devices: they hold the execution unit for the decode time of a host command only.
 * INVALIDATE_IOMMU_ALL of a guest goes through the host ids that its maps hold (option guest_all_is_all).
 * The address in ILLEGAL_COMMAND_ERROR of a guest is base of the command control register plus offset, in both buffer modes;
 * IOTLB_INV_TIMEOUT of a guest's command goes to the host's log with the address from which the command was fetched.
 * Does not model: the way of guest interrupts (the two-level interrupt table of the unit): iommu_env.guest_irq is called, guest Status has its bits.
 * Spec: 48882; the interface as driver trees use it. See amdvi_viommu.h.
 */
#include <string.h>
#include "amdvi/amdvi_cmd.h"
#include "amdvi/amdvi_regs.h"
#include "amdvi/amdvi_viommu.h"

#define VCMD BIT64(31) /* event raised by a guest's command */
enum { PC_COMMANDS = 0x11, PC_INVALIDATIONS, PC_TLB_INVALIDATIONS };

static void step(struct vi_guest *g);

static void later(struct vi_guest *g, uint32_t cyc, sim_fn *fn)
{
	sim_event_init(&g->ev, fn);
	sim_at(g->v->u.k, sim_now(g->v->u.k) + cyc * g->v->cfg->unit.clock_ps, &g->ev);
}

static unsigned op_of(const struct vi_guest *g)
{
	return acmd_op(g->cmd);
}

/* ---- buffer, head and tail ---- */

static bool fetchable(const struct vi_guest *g)
{
	return (g->vf[VF_STATUS] & AMDVI_ST_CmdBufRun) && g->vf[VF_CMD_HEAD] != g->vf[VF_CMD_TAIL] &&
	       !(g->map_pending[VI_DEV] | g->map_pending[VI_DOM]);
}

static bool to_clean(const struct vi_guest *g)
{
	return g->dirty && g->vf[VF_CMD_HEAD] == g->vf[VF_CMD_TAIL];
}

static bool stale(const struct vi_guest *g)
{
	return g->epoch != g->cmd_epoch;
}

void vi_tail_written(struct vi_guest *g)
{
	uint32_t tail = (uint32_t)g->vf[VF_CMD_TAIL];
	unsigned last = (g->tails_first + g->tails_n + VI_TAILS - 1u) % VI_TAILS;

	if (tail == g->vf[VF_CMD_HEAD] || (g->tails_n && g->tails[last].tail == tail)) {
		vi_guest_kick(g);
		return;
	}
	if (g->tails_n == VI_TAILS) { /* too many to tell apart: the newest share the oldest time among them */
		g->tails[last].tail = tail;
	} else {
		last = (last + 1) % VI_TAILS;
		g->tails[last].tail = tail;
		g->tails[last].t = sim_now(g->v->u.k);
		g->tails_n++;
	}
	vi_guest_kick(g);
}

static void advance(struct vi_guest *g)
{
	uint32_t bytes = vi_buf_bytes(bits_get(g->cntl[VC_CMD], 3, 0));

	g->vf[VF_CMD_HEAD] = g->at + 16 == bytes ? 0 : g->at + 16;
	while (g->tails_n && g->tails[g->tails_first].tail == g->vf[VF_CMD_HEAD]) {
		g->tails_first = (uint8_t)((g->tails_first + 1) % VI_TAILS);
		g->tails_n--;
	}
}

static void halt(struct vi_guest *g)
{
	g->vf[VF_STATUS] &= ~AMDVI_ST_CmdBufRun;
	g->v->vi->st.halts++;
	if (g->v->u.env.progress)
		g->v->u.env.progress(g->v->u.env.arg);
}

static void command_over(struct vi_guest *g)
{
	uint64_t t = g->tails_n ? sim_now(g->v->u.k) - g->tails[g->tails_first].t : 0;

	if (stale(g)) {
		step(g);
		return;
	}
	if (g->st)
		g->st->commands++;
	if (op_of(g) == OP_WAIT) {
		if (g->st)
			g->st->waits++;
		if (g->cmd[0] & 1) {
			hist_add(&g->v->vi->st.latency_ps, t);
			if (g->st)
				hist_add(&g->st->latency_ps, t);
		}
	}
	advance(g);
	step(g);
}

/* ---- execution ---- */

static void all_step(struct sim_event *e)
{
	struct vi_guest *g = container_of(e, struct vi_guest, ev);
	struct amdvi *v = g->v;

	for (; g->all_next < 2 * VI_IDS; g->all_next++) {
		uint32_t kind = g->all_next / VI_IDS, id = g->all_next % VI_IDS;

		if (!(v->vi->ids[kind][id / 64] >> id % 64 & 1))
			continue;
		if (kind == VI_DEV)
			amdvi_inv_devtab(v, id);
		else
			amdvi_inv_domain(v, (uint16_t)id);
		v->vi->st.all_ids++;
		g->all_next++;
		later(g, kind == VI_DEV ? v->cfg->devtab_cyc : v->cfg->pages_cyc, all_step);
		return;
	}
	v->vi->st.all++;
	v->st.all++;
	g->x.inv_since_wait = true;
	amdvi_turn_give(v);
	command_over(g);
}

static void all_begin(struct vi_guest *g)
{
	struct amdvi_viommu *vi = g->v->vi;

	memset(vi->ids, 0, sizeof vi->ids);
	for (unsigned kind = 0; kind < 2; kind++) {
		for (uint32_t i = 0; g->map[kind] && i < VI_IDS; i++) {
			uint32_t e = g->map[kind][i], host = e & 0xffff;

			if ((e >> 16 & 1) && !(g->v->cfg->clear_is_invalid && !host))
				vi->ids[kind][host / 64] |= BIT64(host % 64);
		}
	}
	for (unsigned src = PC_COMMANDS; src <= PC_TLB_INVALIDATIONS; src++)
		amdvi_pc_count(g->v, src, NULL, 1);
	g->all_next = 0;
	later(g, g->v->cfg->all_cyc, all_step);
}

static void count_command(struct vi_stats *st, unsigned op)
{
	uint64_t *const by_op[] = { NULL, &st->wait, &st->devtab, &st->pages, &st->iotlb, &st->irt, &st->prefetch, &st->ppr_complete,
				    &st->all };

	++*by_op[op];
}

static void exec_done(struct amdvi_exec *x)
{
	struct vi_guest *g = container_of(x, struct vi_guest, x);

	if (!g->turn.brief)
		amdvi_turn_give(g->v);
	if (g->failed) {
		g->failed = false;
		if (!stale(g))
			halt(g);
		step(g);
		return;
	}
	count_command(&g->v->vi->st, op_of(g));
	command_over(g);
}

static void stored(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, acc);

	if (!ok)
		vi_hw_error(g->v, g->gid, VI_S_STORE, a->flags | VCMD, a->addr);
	g->failed = !ok;
	amdvi_exec_stored(&g->x, ok);
}

static void store(struct amdvi_exec *x, uint64_t addr, uint64_t data)
{
	struct vi_guest *g = container_of(x, struct vi_guest, x);

	g->acc.done = stored;
	g->acc.w[0] = data;
	vi_access(g->v, &g->acc, VI_WRITE, VI_GUEST, g, addr, 1);
}

static void interrupt(struct amdvi_exec *x)
{
	struct vi_guest *g = container_of(x, struct vi_guest, x);

	bool tell = !(g->vf[VF_STATUS] & AMDVI_ST_ComWaitInt) && (g->cntl[VC_CMD] & VC_CMD_INT);

	g->vf[VF_STATUS] |= AMDVI_ST_ComWaitInt;
	if (tell)
		vi_interrupt(g);
}

static void my_turn(struct vi_turn *t)
{
	struct vi_guest *g = container_of(t, struct vi_guest, turn);

	g->state = VI_EXEC;
	if (g->st)
		g->st->turn_wait_ps += sim_now(g->v->u.k) - t->since;
	if (op_of(g) == OP_ALL && !g->v->cfg->guest_all_is_all) {
		all_begin(g);
		return;
	}
	g->x.qw[0] = g->cmd[0];
	g->x.qw[1] = g->cmd[1];
	amdvi_exec_begin(&g->x);
}

static void execute(struct vi_guest *g)
{
	g->state = VI_TURN;
	g->turn.go = my_turn;
	amdvi_turn_take(g->v, &g->turn, op_of(g) == OP_WAIT || op_of(g) == OP_IOTLB);
}

/* ---- host ids ---- */

static enum vi_kind kind_of(const struct vi_guest *g)
{
	return op_of(g) == OP_PAGES ? VI_DOM : VI_DEV;
}

static uint16_t guest_id(const struct vi_guest *g)
{
	return (uint16_t)(g->cmd[0] >> (kind_of(g) == VI_DOM ? 32 : 0));
}

static void substitute(struct vi_guest *g, uint16_t host)
{
	if (!host)
		g->v->vi->st.map_zero++;
	if (kind_of(g) == VI_DOM)
		g->cmd[0] = bits_put(g->cmd[0], 47, 32, host);
	else
		g->cmd[0] = bits_put(g->cmd[0], 15, 0, host);
	if (op_of(g) == OP_IOTLB)
		g->cmd[0] = bits_put(g->cmd[0], 47, 32, host);
	execute(g);
}

static void unmapped(struct vi_guest *g)
{
	vi_hw_error(g->v, g->gid, VI_S_MAP, VCMD, vi_map_addr(g->gid, kind_of(g), guest_id(g)));
	g->v->vi->st.dropped++;
	advance(g);
	if (g->v->cfg->unmapped == AMDVI_UNMAPPED_HALT)
		halt(g);
	step(g);
}

static void map_read(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, acc);
	int host;

	if (stale(g)) {
		step(g);
		return;
	}
	if (!ok) {
		vi_hw_error(g->v, g->gid, VI_S_MAP, a->flags | VCMD, a->addr);
		halt(g);
		step(g);
		return;
	}
	host = vi_map_entry(g, kind_of(g), guest_id(g), a->w[0]);
	if (host < 0)
		unmapped(g);
	else
		substitute(g, (uint16_t)host);
}

static void map_lookup(struct sim_event *e)
{
	struct vi_guest *g = container_of(e, struct vi_guest, ev);
	int host = vi_map_find(g, kind_of(g), guest_id(g));

	if (host >= 0) {
		substitute(g, (uint16_t)host);
		return;
	}
	g->v->vi->st.map_reads++;
	g->acc.done = map_read;
	vi_access(g->v, &g->acc, VI_READ, VI_PRIVATE, NULL, vi_map_addr(g->gid, kind_of(g), guest_id(g)), kind_of(g) == VI_DOM ? 1 : 2);
}

/* ---- fetch and decode ---- */

static void illegal(struct vi_guest *g)
{
	uint64_t rec[2] = { (uint64_t)AEV_ILLEGAL_COMMAND << 60, (g->cntl[VC_CMD] & bits_mask(51, 12)) + g->at };

	g->v->vi->st.illegal++;
	vi_log_event(g, rec);
	if (g->v->cfg->head_past_illegal)
		advance(g);
	halt(g);
	step(g);
}

static void decoded(struct sim_event *e)
{
	struct vi_guest *g = container_of(e, struct vi_guest, ev);

	if (stale(g)) {
		step(g);
	} else if (!op_of(g) || op_of(g) > OP_ALL || amdvi_exec_check(g->v, g->cmd, true)) {
		illegal(g);
	} else if (op_of(g) == OP_WAIT || op_of(g) == OP_ALL) {
		execute(g);
	} else {
		g->state = VI_MAP;
		g->v->vi->st.map_lookups++;
		later(g, g->v->cfg->viommu_map_cyc + g->v->cfg->idmap.lat_cyc, map_lookup);
	}
}

static void fetched(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, acc);

	if (stale(g)) {
		step(g);
	} else if (!ok) {
		vi_hw_error(g->v, g->gid, VI_S_CMD, a->flags | VCMD, a->addr);
		halt(g);
		step(g);
	} else {
		g->cmd[0] = a->w[0];
		g->cmd[1] = a->w[1];
		g->x.spa = a->addr;
		g->state = VI_DECODE;
		later(g, g->v->cfg->viommu_fetch_cyc, decoded);
	}
}

static void fetch(struct vi_guest *g)
{
	bool trp = g->v->on.gst_buf_trp;

	g->state = VI_FETCH;
	g->cmd_epoch = g->epoch;
	g->at = (uint32_t)g->vf[VF_CMD_HEAD];
	g->acc.done = fetched;
	vi_access(g->v, &g->acc, VI_READ, trp ? VI_GUEST : VI_PRIVATE, g,
		  trp ? (g->cntl[VC_CMD] & bits_mask(51, 12)) + g->at : vi_private_addr(VI_R_CMD, g->gid, g->at), 2);
}

static void dirty_written(struct vi_access *a, bool ok)
{
	struct vi_guest *g = container_of(a, struct vi_guest, acc);

	if (!ok) /* reported; the guest's commands go on */
		vi_hw_error(g->v, g->gid, VI_S_CMD, a->flags, a->addr);
	step(g);
}

static void mark(struct vi_guest *g, bool dirty)
{
	uint64_t bit, addr = vi_dirty_addr(g->gid, &bit);

	g->dirty = dirty;
	g->state = dirty ? VI_DIRTY : VI_CLEAN;
	g->v->vi->st.dirty_updates++;
	g->acc.done = dirty_written;
	g->acc.w[0] = bit;
	vi_access(g->v, &g->acc, dirty ? VI_SET : VI_CLEAR, VI_PRIVATE, NULL, addr, 1);
}

/* Clearing the dirty bit behind the last command is no work that anybody waits for. */
static void work(struct vi_guest *g, bool on)
{
	if (g->working == on)
		return;
	g->working = on;
	vi_busy(g->v, on ? 1 : -1);
}

/* The engine has nothing in flight: what next? */
static void step(struct vi_guest *g)
{
	if (g->vf[VF_CMD_HEAD] == g->vf[VF_CMD_TAIL])
		g->tails_n = 0;
	if (fetchable(g)) {
		work(g, true);
		if (g->dirty)
			fetch(g);
		else
			mark(g, true);
		return;
	}
	if (to_clean(g))
		mark(g, false);
	else
		g->state = VI_IDLE;
	work(g, false);
}

void vi_guest_kick(struct vi_guest *g)
{
	if (g->state == VI_CLEAN && fetchable(g))
		work(g, true);
	else if (g->state == VI_IDLE && (fetchable(g) || to_clean(g)))
		step(g);
}

void vi_engine_init(struct vi_guest *g)
{
	amdvi_exec_init(g->v, &g->x, g->gid + 1, exec_done);
	g->x.store = store;
	g->x.interrupt = interrupt;
}
