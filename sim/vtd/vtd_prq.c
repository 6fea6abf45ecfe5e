/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_prq.c - page requests: from the device's message to an entry of the page request queue.
 * Models: checks of root and context entry, overflow, automatic responses, one request at a time in order of arrival, memory time.
 * Does not model: use of the context cache by page requests; the PASID table is not read (the handler meets its errors later).
 * Spec: "Page Request Processing", "Page Request Queue".
 */
#include <stdlib.h>
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

enum { RESP_SUCCESS = 0, RESP_INVALID = 1, RESP_FAILURE = 15 };
struct vtd_prq {
	struct vtd *v;
	struct page_req *q; /* ring of requests that arrived */
	size_t cap, head, n;
	struct sim_event ev;
	bool writing; /* the entry of the oldest request is being written; otherwise it is being checked */
};

static void respond(struct vtd *v, const struct page_req *p, unsigned code)
{
	struct page_resp r = { .rid = p->rid, .pasid = p->pasid, .has_pasid = p->has_pasid, .prgi = p->prgi, .code = (uint8_t)code };

	v->st.page_requests_dropped++;
	if (p->last && (p->r || p->w) && v->u.env.page_resp)
		v->u.env.page_resp(v->u.env.arg, &r);
}

/* Root and context entry. Returns: 0 or the fault reason; *@fpd, *@rid_pasid from the context entry. */
static unsigned check_context(const struct vtd *v, const struct page_req *p, bool *fpd, uint32_t *rid_pasid)
{
	uint64_t r, c[4];
	uint32_t pasid;
	unsigned code;

	if (mem_read(v->u.mem, v->root + 16 * (p->rid >> 8 & 0xff) + (p->rid & 0x80 ? 8 : 0), &r, 1) != MEM_OK)
		return 0x38;
	code = vtd_check_sroot(v, r);
	if (code)
		return code;
	if (mem_read(v->u.mem, (r & bits_mask(63, 12)) + 32 * (p->rid & 0x7f), c, 4) != MEM_OK)
		return 0x40;
	*fpd = c[0] >> 1 & 1;
	code = vtd_check_scontext(v, c);
	if (code)
		return code;
	code = vtd_select_pasid(v, c, p->has_pasid, p->pasid, &pasid);
	*rid_pasid = p->has_pasid ? 0 : pasid;
	if ((!code || code == 0x48) && !(c[0] & BIT64(4))) /* PRE comes before RID_PASID in 2.7 C */
		return 0x47;
	return code;
}

static unsigned check(const struct vtd *v, const struct page_req *p, bool *fpd, uint32_t *rid_pasid)
{
	switch (v->ttm) {
	case VTD_TTM_LEGACY: return 0x32;
	case VTD_TTM_SCALABLE: return v->cap.smts ? check_context(v, p, fpd, rid_pasid) : 0x30;
	case VTD_TTM_ABORT: return v->cap.adms ? 0x33 : 0x30;
	}
	return 0x30;
}

static void refuse(struct vtd *v, const struct page_req *p, unsigned code, bool fpd)
{
	struct xl_req q = { .iova = p->addr, .rid = p->rid, .pasid = p->pasid, .has_pasid = p->has_pasid };

	q.acc = (uint8_t)((p->r ? XL_R : 0) | (p->w ? XL_W : 0) | (p->x ? XL_X : 0) | (p->priv ? XL_PRIV : 0));
	if (!fpd || !vtd_fault_qualified(code))
		vtd_fault_log(v, &q, VTD_TYPE_PAGE, code);
	respond(v, p, code == 0x45 || code == 0x46 || code == 0x47 || code == 0x48 ? RESP_INVALID : RESP_FAILURE);
}

static void start(struct vtd_prq *q);
static void next(struct vtd_prq *q)
{
	struct vtd *v = q->v;

	q->head = (q->head + 1) & (q->cap - 1);
	q->n--;
	if (q->n)
		start(q);
	else
		vtd_iq_kick(v); /* a wait with PD = 1 may have waited for this */
}

static uint64_t entry_addr(const struct vtd *v)
{
	uint64_t pqa = vtd_reg_get(v, VTD_R_PQA, 8);

	return (pqa & bits_mask(63, 12)) + (vtd_reg_get(v, VTD_R_PQT, 8) & (low_mask(12 + (pqa & 7)) & ~UINT64_C(31)));
}

/* Set PPR or PRO. */
static void status(struct vtd *v, uint64_t bit)
{
	uint64_t s = vtd_reg_get(v, VTD_R_PRS, 4);

	if (s & bit)
		return;
	vtd_reg_put(v, VTD_R_PRS, 4, s | bit);
	vtd_event_set(v, VTD_EV_PAGE, !s);
}

static void checked(struct vtd_prq *q, const struct page_req *p)
{
	struct vtd *v = q->v;
	uint64_t size = UINT64_C(4096) << (vtd_reg_get(v, VTD_R_PQA, 8) & 7), t = vtd_reg_get(v, VTD_R_PQT, 8);
	struct inv_scope s = { .by = INV_PASID | INV_RANGE, .kinds = 1u << VTD_K_FS | 1u << VTD_K_NESTED, .range_kinds = UINT32_MAX };
	bool fpd = false;
	uint32_t rid_pasid = 0;
	unsigned code;
	sim_time at = sim_now(v->u.k);

	code = check(v, p, &fpd, &rid_pasid);
	if (code) {
		refuse(v, p, code, fpd);
		next(q);
		return;
	}
	if ((vtd_reg_get(v, VTD_R_PRS, 4) & PRS_PRO) || ((t + 32) & (size - 1)) == vtd_reg_get(v, VTD_R_PQH, 8)) {
		status(v, PRS_PRO);
		respond(v, p, RESP_SUCCESS);
		next(q);
		return;
	}
	/* whatever the IOTLB holds for this page is what the device could not use */
	s.pasid = p->has_pasid ? p->pasid : rid_pasid;
	s.first = p->addr & ~low_mask(12);
	s.last = s.first | low_mask(12);
	vtd_inv_iotlb(v, &s, true);
	q->writing = true;
	if (v->u.port)
		at = mem_port_access(v->u.port, at, entry_addr(v), 32, true);
	sim_at(v->u.k, at, &q->ev);
}

static void written(struct vtd_prq *q, const struct page_req *p)
{
	struct vtd *v = q->v;
	uint64_t size = UINT64_C(4096) << (vtd_reg_get(v, VTD_R_PQA, 8) & 7);
	uint64_t w[4] = { 1 | (uint64_t)p->has_pasid << 8 | (uint64_t)(p->rid & 0xffff) << 16 | (uint64_t)(p->has_pasid ? p->pasid & 0xfffff : 0) << 32 |
				  (uint64_t)p->x << 52 | (uint64_t)p->priv << 53,
			  (uint64_t)p->r | (uint64_t)p->w << 1 | (uint64_t)p->last << 2 | (uint64_t)(p->prgi & 0x1ff) << 3 | (p->addr & bits_mask(63, 12)), 0, 0 };

	q->writing = false;
	(void)mem_write(v->u.mem, entry_addr(v), w, 4); /* posted: a refused write is lost */
	vtd_reg_put(v, VTD_R_PQT, 8, (vtd_reg_get(v, VTD_R_PQT, 8) + 32) & (size - 1));
	v->st.page_requests++;
	status(v, PRS_PPR);
	next(q);
}

static void prq_event(struct sim_event *e)
{
	struct vtd_prq *q = container_of(e, struct vtd_prq, ev);
	struct page_req p = q->q[q->head];

	if (q->writing)
		written(q, &p);
	else
		checked(q, &p);
}

/* Root and context entry are read one after the other before anything is decided. */
static void start(struct vtd_prq *q)
{
	struct vtd *v = q->v;
	const struct page_req *p = &q->q[q->head];
	uint64_t root = v->root + 16 * (p->rid >> 8 & 0xff) + (p->rid & 0x80 ? 8 : 0), r;
	sim_time t = sim_now(v->u.k);

	if (v->u.port && v->ttm == VTD_TTM_SCALABLE && v->cap.smts) {
		t = mem_port_access(v->u.port, t, root, 8, false);
		if (mem_read(v->u.mem, root, &r, 1) == MEM_OK && (r & 1))
			t = mem_port_access(v->u.port, t, (r & bits_mask(63, 12)) + 32 * (p->rid & 0x7f), 32, false);
	}
	sim_at(v->u.k, t, &q->ev);
}

void vtd_page_request(struct iommu *u, const struct page_req *p)
{
	struct vtd *v = vtd_of(u);
	struct vtd_prq *q = v->prq;

	/* Nobody to take it: remapping off, no page request support. */
	if (!v->te || !v->cap.prs) {
		respond(v, p, RESP_INVALID);
		return;
	}
	if (q->n == q->cap) {
		struct page_req *bigger = calloc(2 * q->cap, sizeof *bigger);

		if (!bigger) {
			mem_set_oom(v->u.mem);
			return;
		}
		for (size_t i = 0; i < q->n; i++)
			bigger[i] = q->q[(q->head + i) & (q->cap - 1)];
		free(q->q);
		q->q = bigger;
		q->head = 0;
		q->cap *= 2;
	}
	q->q[(q->head + q->n++) & (q->cap - 1)] = *p;
	if (q->n == 1)
		start(q);
}

bool vtd_prq_drained(const struct vtd *v)
{
	return !v->prq || !v->prq->n;
}

bool vtd_prq_create(struct vtd *v, struct err *e)
{
	struct vtd_prq *q = calloc(1, sizeof *q);

	if (!q || !(q->q = calloc(64, sizeof *q->q))) {
		free(q);
		return err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
	}
	q->v = v;
	q->cap = 64;
	sim_event_init(&q->ev, prq_event);
	v->prq = q;
	return true;
}

void vtd_prq_destroy(struct vtd *v)
{
	if (!v->prq)
		return;
	sim_cancel(v->u.k, &v->prq->ev);
	free(v->prq->q);
	free(v->prq);
	v->prq = NULL;
}
