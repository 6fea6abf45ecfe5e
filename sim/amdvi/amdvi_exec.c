/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_exec.c - commands, for the host's buffer and for guests' (with host ids): which are legal, how long they take, what they do.
 * amdvi_exec_begin() may call done before it returns, except for COMPLETION_WAIT. It starts at once: taking turns is up to the caller.
 * COMPLETION_WAIT completes when its own time has passed, everything that was in flight when it began has retired (nothing to wait for
 * if its owner invalidated nothing since the last one) and all device-IOTLB invalidations begun before it by its owner are answered or
 * timed out; then it stores, then it interrupts. Those of one owner complete in order. Invalidations themselves do not drain.
 * Prefetches are hints: what finds no room (ACMD_PREFETCHES in flight) is dropped, refusals leave no trace.
 * Does not model: a cache of interrupt table entries (INVALIDATE_INTERRUPT_TABLE takes the time of INVALIDATE_DEVTAB_ENTRY and drops
 * nothing), what Type of INVALIDATE_IOTLB_PAGES means (it is accepted and not passed on), the fetch of the event that
 * INSERT_GUEST_EVENT names (the guest's log does that).
 * Model choices: PFCount counts pages of the size that Address and S encode, 0 is none; Inval drops those pages of the domain that the
 * device table entry names (looked up in no time); INSERT_GUEST_EVENT has the event's address in bits 51:4 of the second word; bits 31
 * and 28 of RESET_VMMIO are vCmd and All.
 * Spec: 48882, "Commands"; "COMPLETION_WAIT" and the others by name.
 */
#include "amdvi/amdvi_cmd.h"
#include "amdvi/amdvi_regs.h"

/* Bits that may be set. */
static const uint64_t allowed[][2] = {
	[OP_WAIT] = { 0xf00fffffffffffff, 0xffffffffffffffff },
	[OP_DEVTAB] = { 0xf00000000000ffff, 0 },
	[OP_PAGES] = { 0xf000ffff000fffff, 0xfffffffffffff007 },
	[OP_IOTLB] = { 0xffffffffffffffff, 0xfffffffffffff035 },
	[OP_IRT] = { 0xf00000000000ffff, 0 },
	[OP_PREFETCH] = { 0xf00fffffff00ffff, 0xfffffffffffff015 },
	[OP_PPR] = { 0xf00fffff0000ffff, 0x0000ffff00000004 },
	[OP_ALL] = { 0xf000000000000000, 0 },
	[OP_GUEST_EVENT] = { 0xf000ffff00000000, 0x000ffffffffffff0 },
	[OP_RESET_VMMIO] = { 0xf00000009000ffff, 0 },
};
enum { PC_COMMANDS = 0x11, PC_INVALIDATIONS, PC_TLB_INVALIDATIONS };
#define ITLB_TYPE UINT64_C(0x30)
#define GN(qw) ((qw)[1] >> 2 & 1)

static bool supported(const struct amdvi_caps *c, bool iotlb_sup, unsigned op, bool guest)
{
	switch (op) {
	case OP_WAIT:
	case OP_DEVTAB:
	case OP_PAGES:
	case OP_IRT: return true;
	case OP_IOTLB: return iotlb_sup;
	case OP_PREFETCH: return c->pref;
	case OP_PPR: return c->ppr;
	case OP_ALL: return c->ia;
	case OP_GUEST_EVENT:
	case OP_RESET_VMMIO: return c->viommu && !guest;
	}
	return false;
}

unsigned amdvi_cmd_check(const struct amdvi_caps *c, bool iotlb_sup, const uint64_t qw[2], bool guest)
{
	unsigned op = acmd_op(qw);
	bool has_gn = op == OP_PAGES || op == OP_IOTLB || op == OP_PREFETCH || op == OP_PPR;

	if (!supported(c, iotlb_sup, op, guest) || (qw[0] & ~allowed[op][0]) || (qw[1] & ~allowed[op][1]))
		return AEV_ILLEGAL_COMMAND;
	if ((has_gn && GN(qw) && !c->gt) || (op == OP_IOTLB && (qw[1] & ITLB_TYPE) && !c->inv_type))
		return AEV_ILLEGAL_COMMAND;
	return 0;
}

unsigned amdvi_exec_check(const struct amdvi *v, const uint64_t qw[2], bool guest)
{
	return amdvi_cmd_check(&v->cap, v->cfg->iotlb_sup, qw, guest);
}

static uint64_t cycles(const struct amdvi *v, const uint64_t qw[2])
{
	const struct amdvi_cfg *c = v->cfg;
	uint64_t first, last, pages, broadcast = v->n_l1 ? 2 * (uint64_t)c->link_cyc : 0; /* to the ports and back */

	switch (acmd_op(qw)) {
	case OP_WAIT: return c->wait_cyc;
	case OP_DEVTAB:
	case OP_IRT: return c->devtab_cyc;
	case OP_ALL: return c->all_cyc + broadcast;
	case OP_PAGES:
		amdvi_cmd_range(qw[1], &first, &last);
		pages = ((last - first) >> 12) + 1;
		return c->pages_cyc + broadcast + (uint64_t)c->page_cyc * (pages < 64 ? pages : 64);
	}
	return 0;
}

void acmd_exec_done(struct amdvi_exec *x)
{
	x->state = 0;
	x->done(x);
}

/* ---- COMPLETION_WAIT ---- */

static bool first_of_owner(const struct amdvi_cmd *c, const struct amdvi_exec *x)
{
	const struct amdvi_exec *w = c->waits;

	while (w->owner != x->owner)
		w = w->next;
	return w == x;
}

static void wait_end(struct amdvi_exec *x, bool ok)
{
	struct amdvi *v = x->v;
	struct amdvi_cmd *c = v->cmd;
	struct amdvi_exec **p = &c->waits;

	while (*p != x)
		p = &(*p)->next;
	*p = x->next;
	if (!x->next)
		c->waits_tail = p;
	if (!x->owner)
		*(ok && !(x->state & AX_ABORTED) ? &c->ended : &c->aborted) += 1;
	if (!ok) {
		x->state |= AX_FAILED;
	} else if (!(x->state & AX_ABORTED)) {
		v->st.wait++;
		if ((x->qw[0] >> 1 & 1) && x->interrupt)
			x->interrupt(x);
		else if (x->qw[0] >> 1 & 1)
			amdvi_status(v, AMDVI_ST_ComWaitInt, 0);
	}
	x->done(x);
	if (v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
}

static void wait_store(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;
	uint64_t addr = x->qw[0] & bits_mask(51, 3);
	sim_time t = sim_now(v->u.k);

	if (!(x->qw[0] & 1) || (x->state & AX_ABORTED)) {
		wait_end(x, true);
		return;
	}
	x->state |= AX_STORE;
	if (x->store) {
		x->store(x, addr, x->qw[1]);
		return;
	}
	if (v->u.port)
		t = mem_port_access(v->u.port, t, addr, 8, true);
	sim_at(v->u.k, t, &x->ev);
}

static struct amdvi_exec *complete_wait(struct amdvi_cmd *c)
{
	for (struct amdvi_exec *x = c->waits; x; x = x->next)
		if (!(x->state & (AX_TIME | AX_DRAIN | AX_STORE)) && first_of_owner(c, x) && !acmd_iotlb_pending(c, x->owner, x->seq))
			return x;
	return NULL;
}

void acmd_waits_run(struct amdvi_cmd *c)
{
	struct amdvi_exec *x;

	while ((x = complete_wait(c)) != NULL)
		wait_store(x);
}

void amdvi_exec_stored(struct amdvi_exec *x, bool ok)
{
	struct amdvi_cmd *c = x->v->cmd;

	x->state &= (uint8_t)~AX_STORE;
	wait_end(x, ok);
	acmd_waits_run(c);
}

void acmd_waits_abort(struct amdvi_cmd *c, uint32_t owner)
{
	for (struct amdvi_exec *x = c->waits; x; x = x->next)
		if (x->owner == owner)
			x->state |= AX_ABORTED;
}

static void drained(struct iommu_drain *d)
{
	struct amdvi_exec *x = container_of(d, struct amdvi_exec, drain);

	x->state &= (uint8_t)~AX_DRAIN;
	acmd_waits_run(x->v->cmd);
}

static void wait_begin(struct amdvi_exec *x, uint64_t cyc)
{
	struct amdvi *v = x->v;
	struct amdvi_cmd *c = v->cmd;

	x->seq = c->seq;
	x->next = NULL;
	*c->waits_tail = x;
	c->waits_tail = &x->next;
	x->state = AX_TIME;
	sim_at(v->u.k, sim_now(v->u.k) + cyc * v->u.cfg->clock_ps, &x->ev);
	if (!x->inv_since_wait)
		return;
	x->inv_since_wait = false;
	x->state |= AX_DRAIN;
	x->drain.fn = drained;
	iommu_drain(&v->u, &x->drain);
}

/* ---- PREFETCH_IOMMU_PAGES ---- */

static void prefetched(struct xl *x)
{
	struct amdvi_prefetch *p = container_of(x, struct amdvi_prefetch, x);
	struct amdvi *v = p->v;

	iommu_retire(&v->u, x);
	p->next = v->cmd->prefetch_free;
	v->cmd->prefetch_free = p;
	v->cmd->prefetches--;
	amdvi_progress(v);
}

static bool prefetch(struct amdvi *v, const uint64_t qw[2], uint64_t iova)
{
	struct amdvi_cmd *c = v->cmd;
	struct amdvi_prefetch *p = c->prefetch_free;

	if (!p)
		return false;
	c->prefetch_free = p->next;
	c->prefetches++;
	p->x.req = (struct xl_req){ .iova = iova, .len = 1, .rid = (uint32_t)bits_get(qw[0], 15, 0), .acc = XL_R, .spec = true };
	p->x.req.has_pasid = GN(qw);
	if (p->x.req.has_pasid)
		p->x.req.pasid = (uint32_t)bits_get(qw[0], 51, 32);
	p->x.done = prefetched;
	iommu_translate(&v->u, &p->x);
	return true;
}

static bool domain_of(const struct amdvi *v, uint32_t devid, uint16_t *domain)
{
	uint32_t slot = xc_peek(v->dtc, devid, 0);
	uint64_t w[4], spa = amdvi_dte_addr(v, devid);

	if (slot != XC_MISS)
		*domain = xc_tag_of(v->dtc, slot)->did;
	else if (spa != UINT64_MAX && mem_read(v->u.mem, spa, w, 4) == MEM_OK)
		*domain = (uint16_t)bits_get(w[1], 15, 0);
	else
		return false;
	return true;
}

static void exec_prefetch(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;
	uint64_t n = bits_get(x->qw[0], 31, 24), size;
	struct amdvi_pages p = { .gn = GN(x->qw), .pasid = (uint32_t)bits_get(x->qw[0], 51, 32) };

	v->st.prefetch++;
	amdvi_cmd_range(x->qw[1], &p.first, &p.last);
	size = p.last - p.first + 1;
	if (n > 1 && (!size || (UINT64_MAX - p.first) / size < n))
		n = 1; /* would go beyond the address space */
	if (!n)
		return;
	if ((x->qw[1] >> 4 & 1) && domain_of(v, (uint32_t)bits_get(x->qw[0], 15, 0), &p.domain)) {
		p.last = p.first + (n * size - 1);
		amdvi_inv_pages(v, &p);
		x->inv_since_wait = true;
	}
	for (uint64_t i = 0; i < n && prefetch(v, x->qw, p.first + i * size); i++)
		;
}

/* ---- the others ---- */

static void exec_pages(struct amdvi *v, const uint64_t qw[2])
{
	struct amdvi_pages p = { .domain = (uint16_t)bits_get(qw[0], 47, 32), .pasid = (uint32_t)bits_get(qw[0], 19, 0), .gn = GN(qw),
				 .pde = qw[1] >> 1 & 1 };

	amdvi_cmd_range(qw[1], &p.first, &p.last);
	v->st.pages++;
	v->st.pages_pde += p.pde;
	v->st.pages_gn += p.gn;
	v->st.pages_all += !p.first && p.last == UINT64_MAX;
	amdvi_pc_count(v, PC_TLB_INVALIDATIONS, NULL, 1);
	amdvi_inv_pages(v, &p);
}

static void exec_ppr(struct amdvi *v, const uint64_t qw[2])
{
	struct page_resp r = { .rid = (uint32_t)bits_get(qw[0], 15, 0), .has_pasid = GN(qw), .prgi = (uint16_t)bits_get(qw[1], 40, 32),
			       .code = (uint8_t)bits_get(qw[1], 47, 44) };

	if (r.has_pasid)
		r.pasid = (uint32_t)bits_get(qw[0], 51, 32);
	v->st.ppr_complete++;
	if (v->u.env.page_resp)
		v->u.env.page_resp(v->u.env.arg, &r);
}

static void invalidate(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;

	x->inv_since_wait = true;
	amdvi_pc_count(v, PC_INVALIDATIONS, NULL, 1);
	switch (acmd_op(x->qw)) {
	case OP_DEVTAB:
		v->st.devtab++;
		amdvi_inv_devtab(v, (uint32_t)bits_get(x->qw[0], 15, 0));
		break;
	case OP_PAGES: exec_pages(v, x->qw); break;
	case OP_IRT: v->st.irt++; break;
	case OP_ALL:
		v->st.all++;
		amdvi_pc_count(v, PC_TLB_INVALIDATIONS, NULL, 1);
		amdvi_inv_all(v);
		break;
	}
}

static void execute(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;

	switch (acmd_op(x->qw)) {
	case OP_IOTLB:
		x->inv_since_wait = true;
		amdvi_pc_count(v, PC_INVALIDATIONS, NULL, 1);
		acmd_iotlb(x);
		return;
	case OP_PREFETCH: exec_prefetch(x); break;
	case OP_PPR: exec_ppr(v, x->qw); break;
	case OP_GUEST_EVENT:
		v->st.guest_event++;
		amdvi_viommu_insert(v, (uint32_t)bits_get(x->qw[0], 47, 32), x->qw[1] & bits_mask(51, 4));
		break;
	case OP_RESET_VMMIO:
		v->st.reset_vmmio++;
		amdvi_viommu_reset(v, (uint32_t)bits_get(x->qw[0], 15, 0), x->qw[0] >> 28 & 1, x->qw[0] >> 31 & 1);
		break;
	default: invalidate(x); break;
	}
	acmd_exec_done(x);
}

static void exec_event(struct sim_event *e)
{
	struct amdvi_exec *x = container_of(e, struct amdvi_exec, ev);

	if (x->state & AX_STORE) {
		amdvi_exec_stored(x, mem_write(x->v->u.mem, x->qw[0] & bits_mask(51, 3), &x->qw[1], 1) == MEM_OK);
		return;
	}
	x->state &= (uint8_t)~AX_TIME;
	if (acmd_op(x->qw) == OP_WAIT)
		acmd_waits_run(x->v->cmd);
	else
		execute(x);
}

void amdvi_exec_init(struct amdvi *v, struct amdvi_exec *x, uint32_t owner, amdvi_exec_fn *done)
{
	*x = (struct amdvi_exec){ .v = v, .owner = owner, .done = done };
	sim_event_init(&x->ev, exec_event);
}

void amdvi_exec_begin(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;
	uint64_t cyc = cycles(v, x->qw);

	amdvi_pc_count(v, PC_COMMANDS, NULL, 1);
	x->state = 0;
	if (acmd_op(x->qw) == OP_WAIT) {
		wait_begin(x, cyc);
		return;
	}
	if (!cyc) {
		execute(x);
		return;
	}
	x->state = AX_TIME;
	sim_at(v->u.k, sim_now(v->u.k) + cyc * v->u.cfg->clock_ps, &x->ev);
}

void acmd_exec_create(struct amdvi_cmd *c)
{
	c->waits_tail = &c->waits;
	for (unsigned i = 0; i < ACMD_PREFETCHES; i++) {
		c->prefetch_pool[i].v = c->v;
		c->prefetch_pool[i].next = c->prefetch_free;
		c->prefetch_free = &c->prefetch_pool[i];
	}
}

void acmd_exec_destroy(struct amdvi_cmd *c)
{
	for (unsigned i = 0; i < ACMD_PREFETCHES; i++)
		sim_cancel(c->v->u.k, &c->prefetch_pool[i].x.ev);
}
