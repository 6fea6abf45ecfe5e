/* SPDX-License-Identifier: Apache-2.0 */
/* amd_host.c - host tables and the boot of the host; see amd_host.h. */
#include <stdlib.h>
#include "amdvi/amdvi.h"
#include "software/amd_host_int.h"
#include "software/amd_private.h"

/* Control */
#define CT_BASIC UINT64_C(0x31405) /* IommuEn, EventLogEn, Coherent, CmdBufEn, GTEn, GAEn */
#define CT_VIOMMU (BIT64(52) | BIT64(53)) /* vCmdEn, vIommuEn */
#define CT_GCR3TRP BIT64(58)
#define CT_TRP BIT64(60)
/* host-physical addresses */
#define H_DEVTAB UINT64_C(0x1000000)
#define H_TABLES UINT64_C(0x4000000)
#define H_STATE UINT64_C(0x40000000) /* guest MMIO state and dirty bits: the first 8 MiB of the private address space */
#define H_MAPS UINT64_C(0x100000000) /* 2 MiB per guest: device map, domain map */
#define H_GUESTS UINT64_C(0x1000000000)
enum { PAGE = 4096, GUEST_LEVELS = 4 };
enum { PRIVATE_DID = 0x3fff, PARENT_DID = 0x4000, TRANS_DEVID = 0x8000, RID0 = 0x100 };

/* ---- v1 tables ---- */

static uint64_t new_table(struct amd_host *h)
{
	uint64_t a = h->next_table;

	h->next_table += PAGE;
	return a;
}

static void private_tables(struct amd_host *h)
{
	const struct amd_host_cfg *c = h->cfg;
	uint64_t before = h->next_table, ring_bytes = (uint64_t)h->guest->ring_entries * 16;
	struct amdp_tables t = { .m = h->u->mem, .next = &h->next_table, .levels = AMDP_LEVELS };

	t.root = h->private_root = new_table(h);
	amdp_map(&t, 0, H_STATE, AMDP_STATE_BYTES, 21);
	for (uint32_t g = 0; g < h->n_guests; g++) {
		uint64_t maps = H_MAPS + ((uint64_t)g << 21), dev = AMDP_DEVMAP + ((uint64_t)g << AMDP_DEVMAP_LG2);
		uint64_t dom = AMDP_DOMMAP + ((uint64_t)g << AMDP_DOMMAP_LG2);
		unsigned dev_lg2 = c->small_pages ? 12 : AMDP_DEVMAP_LG2, dom_lg2 = c->small_pages ? 12 : AMDP_DOMMAP_LG2;

		amdp_map(&t, dev, maps, 1 << AMDP_DEVMAP_LG2, dev_lg2);
		amdp_map(&t, dom, maps + (1 << AMDP_DEVMAP_LG2), 1 << AMDP_DOMMAP_LG2, dom_lg2);
		if (!c->trp) /* pinned, page by page */
			amdp_map(&t, AMDP_CMD + ((uint64_t)g << AMDP_BUF_LG2), h->guest[g].ram + AMDG_RING, ring_bytes, 12);
	}
	h->st.private_tables = (h->next_table - before) / PAGE;
	h->st.state_pages = AMDP_STATE_BYTES / PAGE;
	h->st.map_pages = (uint64_t)h->n_guests * ((1 << AMDP_DEVMAP_LG2) + (1 << AMDP_DOMMAP_LG2)) / PAGE;
	h->st.private_pages = h->st.private_tables + h->st.state_pages + h->st.map_pages;
}

/* ---- the boot, as a list of steps ---- */

enum step_op { S_STORE, S_MMIO, S_WAIT, S_FILL /* @value map writes at @addr, host id in @host */, S_MARK, S_MARKED };
struct amd_step {
	uint64_t addr, value;
	uint32_t host;
	uint8_t op;
};

static void plan(struct amd_host *h, enum step_op op, uint64_t addr, uint64_t value)
{
	if (h->n_steps == h->cap_steps) {
		size_t cap = h->cap_steps ? 2 * h->cap_steps : 256;
		struct amd_step *s = realloc(h->step, cap * sizeof *s);

		if (!s) {
			h->oom = true;
			return;
		}
		h->step = s;
		h->cap_steps = cap;
	}
	h->step[h->n_steps++] = (struct amd_step){ .addr = addr, .value = value, .op = (uint8_t)op };
}

static void plan_command(struct amd_host *h, uint64_t w0, uint64_t w1)
{
	plan(h, S_STORE, AMDH_RING + 16 * h->tail, w0);
	plan(h, S_STORE, AMDH_RING + 16 * h->tail + 8, w1);
	h->tail = (h->tail + 1) % AMDH_RING_N;
}

static void plan_wait(struct amd_host *h)
{
	plan_command(h, UINT64_C(0x1000000000000001) | AMDH_SEM, ++h->seq);
	plan(h, S_MMIO, AMDH_R_CMD_TAIL, h->tail * 16);
	plan(h, S_WAIT, AMDH_SEM, h->seq);
}

/* The half with V last, then INVALIDATE_DEVTAB_ENTRY and COMPLETION_WAIT. */
static void plan_dte(struct amd_host *h, uint32_t devid, const uint64_t w[4])
{
	for (unsigned i = 4; i--;)
		plan(h, S_STORE, H_DEVTAB + 32 * (uint64_t)devid + 8 * i, w[i]);
	plan_command(h, UINT64_C(2) << 60 | devid, 0);
	plan_wait(h);
}

static void plan_v1_dte(struct amd_host *h, uint32_t devid, uint64_t root, unsigned levels, uint32_t did)
{
	uint64_t w[4];

	amdp_v1_dte(w, root, levels, did);
	plan_dte(h, devid, w);
}

/* What the hypervisor composes for device @d of guest @g, with guest tables above the nest parent's. */
static void plan_device(struct amd_host *h, uint32_t g, uint32_t d)
{
	const struct amd_guest *t = &h->guest[g];
	uint32_t m = d % t->cfg->domains;
	uint64_t gcr3 = t->gcr3[m], w[4] = { 0 };

	w[0] = UINT64_C(0x60c0000000000003) | (uint64_t)GUEST_LEVELS << 9 | h->guest_root[g] | bits_get(gcr3, 14, 12) << 58;
	w[1] = amd_host_did(g, m) | bits_get(gcr3, 30, 15) << 16 | (uint64_t)t->cfg->ats << 32 | bits_get(gcr3, 51, 31) << 43;
	if (h->cfg->mode == AMDH_HARDWARE)
		w[3] = BIT64(15) | (uint64_t)(AMDG_DEV0 + d) << 16 | (uint64_t)g << 32;
	plan_dte(h, t->rid0 + d, w);
}

static void plan_fill(struct amd_host *h, uint64_t reg, uint32_t host)
{
	if (!h->cfg->prefill)
		return;
	plan(h, S_FILL, reg, h->cfg->prefill);
	if (h->n_steps)
		h->step[h->n_steps - 1].host = host;
}

static void plan_hw_guest(struct amd_host *h, uint32_t g)
{
	uint64_t cntl = AMDVI_VFCNTL_OFF + 64 * (uint64_t)g, everything = UINT64_C(0x7ffffffffffff003);
	const struct amd_guest *t = &h->guest[g];

	plan_command(h, UINT64_C(0xa000000090000000) | g, 0); /* RESET_VMMIO, All, vCmd */
	plan_wait(h);
	plan_v1_dte(h, TRANS_DEVID + g, h->guest_root[g], GUEST_LEVELS, PARENT_DID + g);
	plan(h, S_MMIO, cntl + AMDP_C_MISC, (uint64_t)(TRANS_DEVID + g) << 16);
	plan_command(h, UINT64_C(3) << 60 | (uint64_t)PRIVATE_DID << 32, everything); /* its maps are in the private table now */
	plan_wait(h);
	plan_fill(h, cntl + AMDP_C_DOMMAP, PARENT_DID + g);
	plan_fill(h, cntl + AMDP_C_DEVMAP, 0);
	for (uint32_t d = 0; d < t->cfg->devices; d++)
		plan(h, S_MMIO, cntl + AMDP_C_DEVMAP, amdp_map_reg(AMDG_DEV0 + d, t->rid0 + d));
	for (uint32_t m = 0; m < t->cfg->domains; m++)
		plan(h, S_MMIO, cntl + AMDP_C_DOMMAP, amdp_map_reg(AMDG_DOM0 + m, amd_host_did(g, m)));
	plan(h, S_MMIO, cntl + AMDP_C_CMD, (h->cfg->trp ? AMDG_RING : 0) | BIT64(8) | amd_guest_ring_len(t->cfg));
}

static void plan_boot(struct amd_host *h)
{
	bool hw = h->cfg->mode == AMDH_HARDWARE;

	plan(h, S_MMIO, AMDH_R_DEVTAB, H_DEVTAB | 0x1ff);
	plan(h, S_MMIO, AMDH_R_CMD_BASE, AMDH_RING | (uint64_t)AMDH_RING_LEN << 56);
	plan(h, S_MMIO, AMDH_R_EVT_BASE, AMDH_EVENTS | UINT64_C(12) << 56);
	plan(h, S_MMIO, AMDH_R_CONTROL, CT_BASIC | CT_GCR3TRP);
	if (hw) {
		plan_v1_dte(h, h->unit_devid, h->private_root, AMDP_LEVELS, PRIVATE_DID);
		plan(h, S_MMIO, AMDH_R_CONTROL, CT_BASIC | CT_GCR3TRP | CT_VIOMMU | (h->cfg->trp ? CT_TRP : 0));
	}
	plan(h, S_MARK, 0, 0);
	for (uint32_t g = 0; g < h->n_guests; g++) {
		if (hw)
			plan_hw_guest(h, g);
		for (uint32_t d = 0; d < h->guest[g].cfg->devices; d++)
			plan_device(h, g, d);
		if (!g)
			plan(h, S_MARKED, 0, 0);
	}
}

static enum thread_op rest(struct thread *t)
{
	t->ps = t->cfg->poll_ps;
	return TH_DELAY;
}

static enum thread_op boot_run(struct thread *t)
{
	struct amd_host *h = container_of(t, struct amd_host, t);

	while (h->at_step < h->n_steps) {
		const struct amd_step *s = &h->step[h->at_step];

		if (s->op == S_FILL && h->repeat < s->value)
			return th_mmio(t, s->addr, amdp_map_reg((uint32_t)h->repeat++, s->host));
		h->at_step++;
		h->repeat = 0;
		switch ((enum step_op)s->op) {
		case S_STORE: return th_store(t, s->addr, s->value);
		case S_MMIO: return th_mmio(t, s->addr, s->value);
		case S_WAIT: return th_poll_sem(t, s->value);
		case S_FILL: break;
		case S_MARK: h->st.create_ps = sim_now(h->u->k); break;
		case S_MARKED:
			if (!h->u->ops->commands_idle(h->u)) { /* map writes go on */
				h->at_step--;
				return rest(t);
			}
			h->st.create_ps = sim_now(h->u->k) - h->st.create_ps;
			break;
		}
	}
	if (!h->u->ops->commands_idle(h->u))
		return rest(t);
	h->st.boot_ps = sim_now(h->u->k);
	h->booted = true;
	return TH_END;
}

/* ---- life ---- */

bool amd_host_init(struct amd_host *h, const struct amd_host_cfg *c, struct iommu *u, uint32_t unit_devid, struct amd_guest *guest, uint32_t n,
		   const struct amd_guest_cfg *gc, struct err *e)
{
	struct amdp_tables t = { .m = u->mem, .next = &h->next_table, .levels = GUEST_LEVELS };

	*h = (struct amd_host){ .cfg = c, .u = u, .unit_devid = unit_devid, .guest = guest, .n_guests = n, .next_table = H_TABLES };
	h->lock_last = &h->lock_first;
	h->guest_root = calloc(n, sizeof *h->guest_root);
	if (!h->guest_root)
		return err_set(e, ERR_MACHINE, "out of memory");
	for (uint32_t g = 0; g < n; g++) {
		guest[g].ram = H_GUESTS + (uint64_t)g * AMDG_RAM;
		guest[g].rid0 = RID0 + g * AMDG_MAX;
		guest[g].tail_reg = AMDVI_VF_OFF + 4096 * g + 8;
		guest[g].arg = h;
		if (!amd_guest_init(&guest[g], gc, u, &c->cpu, e))
			return false;
		h->guest_root[g] = new_table(h);
		t.root = h->guest_root[g];
		amdp_map(&t, 0, guest[g].ram, AMDG_RAM, c->guest_small_pages ? 12 : 21);
	}
	if (c->mode == AMDH_HARDWARE)
		private_tables(h);
	if (c->mode == AMDH_TRAPPED && !amd_hv_init(h))
		return err_set(e, ERR_MACHINE, "out of memory");
	plan_boot(h);
	return !h->oom || err_set(e, ERR_MACHINE, "out of memory");
}

void amd_host_boot(struct amd_host *h)
{
	h->t.u = h->u;
	h->t.cfg = &h->cfg->cpu;
	h->t.run = boot_run;
	thread_start(&h->t);
	for (uint32_t g = 0; h->hv && g < h->n_guests; g++)
		thread_start(&h->hv[g].t);
}

void amd_host_fini(struct amd_host *h)
{
	for (uint32_t g = 0; g < h->n_guests; g++) {
		amd_guest_fini(&h->guest[g]);
		if (h->hv)
			free(h->hv[g].cmd);
	}
	free(h->hv);
	free(h->guest_root);
	free(h->step);
}
