/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_cmd.c - the host's command buffer: when the next command is fetched and begins, errors, idleness.
 * Models: fetch of one 16-byte command at a time; Head passes a command when it has been fetched, its completion comes later. Commands
 * begin in order and each is executed before the next fetch, except: COMPLETION_WAIT with f = 0 completes while later commands go on;
 * with option late_iotlb one further command is fetched during INVALIDATE_IOMMU_PAGES, and begins if it is INVALIDATE_IOTLB_PAGES. An
 * illegal command, or a fetch or a store that memory refuses, stops the buffer (CmdBufRun = 0); the COMPLETION_WAITs begun after one
 * whose store failed never complete, everything else that has begun does. A fetch in progress when the buffer stops is forgotten.
 * While guests' command buffers are enabled (vCmdEn) the host takes turns with them at one execution unit (amdvi_viommu.h); a
 * COMPLETION_WAIT and a device-IOTLB invalidation hold it for their decode time only, and an overtaking one not at all.
 * Model choices: Type of COMMAND_HARDWARE_ERROR is 3, data error (as VirtualBox has it; the specification text we have does not say
 * which); Head stays at a command that cannot be fetched; a tail beyond the buffer counts modulo its size (only restored registers can
 * hold one).
 * Does not model: the SNP window of completion stores, memory attributes (Coherent, Isoc).
 * Spec: 48882, "Commands", "Command Buffer", "Event Logging: ILLEGAL_COMMAND_ERROR, COMMAND_HARDWARE_ERROR".
 */
#include <stdlib.h>
#include "amdvi/amdvi_cmd.h"
#include "amdvi/amdvi_regs.h"

static void step(struct amdvi_cmd *c);

static uint64_t buf_mask(const struct amdvi *v)
{
	return amdvi_buf_bytes(amdvi_reg_get(v, AMDVI_R_CMD_BASE, 8)) - 16;
}

static bool empty(const struct amdvi *v)
{
	return !((amdvi_reg_get(v, AMDVI_R_CMD_HEAD, 8) ^ amdvi_reg_get(v, AMDVI_R_CMD_TAIL, 8)) & buf_mask(v));
}

static bool runnable(const struct amdvi *v)
{
	return v->on.cmd && !v->held && !empty(v);
}

static void pass(struct amdvi *v)
{
	amdvi_reg_put(v, AMDVI_R_CMD_HEAD, 8, (amdvi_reg_get(v, AMDVI_R_CMD_HEAD, 8) + 16) & buf_mask(v));
}

/* The time in which something is fetched or executed; a COMPLETION_WAIT that waits is neither. */
static void count_busy(struct amdvi_cmd *c)
{
	bool busy = c->state != ACMD_IDLE || c->main_busy || c->late_busy;
	sim_time now = sim_now(c->v->u.k);

	if (c->counting)
		c->v->st.cmd_busy_ps += now - c->started;
	c->counting = busy;
	c->started = now;
}

bool amdvi_commands_idle(const struct iommu *u)
{
	const struct amdvi *v = (const struct amdvi *)u;
	const struct amdvi_cmd *c = v->cmd;

	if (c->state != ACMD_IDLE || c->main_busy || c->late_busy || c->waits || c->reqs || c->room || c->prefetches || !amdvi_viommu_idle(v))
		return false;
	return !runnable(v);
}

void amdvi_progress(struct amdvi *v)
{
	if (v->u.env.progress && amdvi_commands_idle(&v->u))
		v->u.env.progress(v->u.env.arg);
}

/* ---- errors ---- */

static void forget_fetch(struct amdvi_cmd *c)
{
	if (c->state != ACMD_FETCH)
		return;
	sim_cancel(c->v->u.k, &c->ev);
	c->state = ACMD_IDLE;
	count_busy(c);
}

void acmd_halt(struct amdvi *v)
{
	forget_fetch(v->cmd);
	amdvi_status(v, 0, AMDVI_ST_CmdBufRun);
}

static void failed(struct amdvi_cmd *c, unsigned code, unsigned type, uint64_t addr)
{
	struct amdvi *v = c->v;
	uint64_t rec[2] = { (uint64_t)code << 60 | (uint64_t)type << 57, addr };

	*(code == AEV_ILLEGAL_COMMAND ? &v->st.cmd_illegal : &v->st.cmd_hw) += 1;
	acmd_halt(v);
	amdvi_log_event(v, rec);
	if (v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
}

/* ---- fetch and begin ---- */

static bool overtakes(const struct amdvi_cmd *c)
{
	return c->v->cfg->late_iotlb && acmd_op(c->main.qw) == OP_PAGES;
}

static bool may_fetch(const struct amdvi_cmd *c)
{
	return c->state == ACMD_IDLE && !c->fence && !c->late_busy && (!c->main_busy || overtakes(c)) && runnable(c->v);
}

/* What will execute the command that was fetched; NULL: it cannot begin yet. */
static struct amdvi_exec *executor(struct amdvi_cmd *c)
{
	unsigned op = acmd_op(c->qw);
	struct amdvi_exec *w = c->wait_free;

	if (c->late_busy)
		return NULL;
	if (c->main_busy) {
		if (!overtakes(c) || op != OP_IOTLB)
			return NULL;
		c->late_busy = true;
		return &c->late;
	}
	if (op != OP_WAIT) {
		c->main_busy = true;
		return &c->main;
	}
	if (!w)
		return NULL;
	c->wait_free = w->next;
	w->inv_since_wait = c->main.inv_since_wait; /* late says nothing new: what it overtakes is an invalidation */
	c->main.inv_since_wait = false;
	if (c->qw[0] >> 2 & 1)
		c->fence = w;
	return w;
}

static void my_turn(struct vi_turn *t)
{
	struct amdvi_cmd *c = container_of(t, struct amdvi_cmd, turn);
	struct amdvi_exec *x = c->begins;
	bool waited = c->state == ACMD_TURN;

	c->state = ACMD_IDLE;
	x->qw[0] = c->qw[0];
	x->qw[1] = c->qw[1];
	x->spa = c->spa;
	amdvi_exec_begin(x);
	if (waited)
		step(c);
}

static void begin(struct amdvi_cmd *c)
{
	struct amdvi *v = c->v;
	bool brief = acmd_op(c->qw) == OP_WAIT || acmd_op(c->qw) == OP_IOTLB;

	c->begins = executor(c);
	if (!c->begins)
		return;
	if (!v->on.vcmd || c->begins == &c->late) {
		my_turn(&c->turn);
		return;
	}
	c->state = ACMD_TURN;
	c->turn.go = my_turn;
	c->turn_held = !brief;
	amdvi_turn_take(v, &c->turn, brief);
}

static void step(struct amdvi_cmd *c)
{
	struct amdvi *v = c->v;
	sim_time t = sim_now(v->u.k);

	if (c->state == ACMD_READY)
		begin(c);
	if (may_fetch(c)) {
		c->state = ACMD_FETCH;
		c->spa = amdvi_buf_addr(amdvi_reg_get(v, AMDVI_R_CMD_BASE, 8)) + (amdvi_reg_get(v, AMDVI_R_CMD_HEAD, 8) & buf_mask(v));
		if (v->u.port)
			t = mem_port_access(v->u.port, t, c->spa, 16, false);
		sim_at(v->u.k, t + v->cfg->fetch_cyc * v->u.cfg->clock_ps, &c->ev);
	}
	count_busy(c);
	amdvi_progress(v);
}

static void fetched(struct sim_event *e)
{
	struct amdvi_cmd *c = container_of(e, struct amdvi_cmd, ev);
	struct amdvi *v = c->v;

	c->state = ACMD_IDLE;
	if (mem_read(v->u.mem, c->spa, c->qw, 2) != MEM_OK) {
		failed(c, AEV_COMMAND_HW, AEV_TYPE_DATA, c->spa);
	} else if (amdvi_exec_check(v, c->qw, false)) {
		if (v->cfg->head_past_illegal)
			pass(v);
		failed(c, AEV_ILLEGAL_COMMAND, 0, c->spa);
	} else {
		pass(v);
		c->state = ACMD_READY;
	}
	step(c);
}

/* ---- executed ---- */

static void main_done(struct amdvi_exec *x)
{
	struct amdvi_cmd *c = x->v->cmd;

	c->main_busy = false;
	if (c->turn_held) {
		c->turn_held = false;
		amdvi_turn_give(x->v);
	}
	step(c);
}

static void late_done(struct amdvi_exec *x)
{
	struct amdvi_cmd *c = x->v->cmd;

	c->late_busy = false;
	step(c);
}

static void wait_done(struct amdvi_exec *x)
{
	struct amdvi_cmd *c = x->v->cmd;

	if (c->fence == x)
		c->fence = NULL;
	x->next = c->wait_free;
	c->wait_free = x;
	if (x->state & AX_FAILED) {
		acmd_waits_abort(c, 0);
		failed(c, AEV_COMMAND_HW, AEV_TYPE_DATA, x->qw[0] & bits_mask(51, 3));
	}
	step(c);
}

/* ---- for the rest of the unit ---- */

void amdvi_cmd_kick(struct amdvi *v)
{
	step(v->cmd);
}

void amdvi_cmd_stop(struct amdvi *v)
{
	forget_fetch(v->cmd);
	amdvi_progress(v);
}

bool amdvi_cmd_create(struct amdvi *v, struct err *e)
{
	struct amdvi_cmd *c = calloc(1, sizeof *c);

	if (!c)
		return err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
	v->cmd = c;
	c->v = v;
	sim_event_init(&c->ev, fetched);
	amdvi_exec_init(v, &c->main, 0, main_done);
	amdvi_exec_init(v, &c->late, 0, late_done);
	for (unsigned i = 0; i < ACMD_WAITS; i++) {
		amdvi_exec_init(v, &c->wait_pool[i], 0, wait_done);
		c->wait_pool[i].next = c->wait_free;
		c->wait_free = &c->wait_pool[i];
	}
	acmd_exec_create(c);
	acmd_iotlb_create(c);
	return true;
}

void amdvi_cmd_destroy(struct amdvi *v)
{
	struct amdvi_cmd *c = v->cmd;

	if (!c)
		return;
	sim_cancel(v->u.k, &c->ev);
	sim_cancel(v->u.k, &c->main.ev);
	sim_cancel(v->u.k, &c->late.ev);
	for (unsigned i = 0; i < ACMD_WAITS; i++)
		sim_cancel(v->u.k, &c->wait_pool[i].ev);
	acmd_exec_destroy(c);
	acmd_iotlb_destroy(c);
	free(c);
	v->cmd = NULL;
}
