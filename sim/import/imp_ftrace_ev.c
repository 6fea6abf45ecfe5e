/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_ftrace_ev.c - what each event becomes. Source: the print formats of the events, as /sys/kernel/tracing/events/.../format of Linux 6.12 shows
 * them.
 * A mapping becomes `map` for the driver model and PTE_SET for the checker, an unmapping `unmap` and PTE_CLR; a descriptor becomes `cmd`.
 * A tag that is assigned becomes `attach` and CFG_SET, because it ties device, domain and domain id together; a tag that is given up
 * becomes `detach` only: when the entry was cleared is not in the log. The events name a mapping after it was made, an unmapping after the
 * entries are clear and before the flush. The completion of a wait is not in the log: Linux spins for it before it goes on, so it is taken
 * to follow at once.
 */
#include <inttypes.h>
#include <stdarg.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/imp_ftrace_int.h"

/* ---- records ---- */

static bool put(struct in *in, struct trc_rec *r)
{
	r->at = in->at;
	return trc_put(in->out, r, in->e);
}
static bool __attribute__((format(printf, 2, 3))) order(struct in *in, const char *fmt, ...)
{
	struct trc_rec r = { .kind = TRC_ORDER };
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r.u.text = text;
	return put(in, &r);
}
/* Of a map or unmap. False: nobody knows. */
static bool domain(const struct in *in, uint32_t *d)
{
	unsigned live = 0;

	*d = 1;
	if (in->domain >= 0) {
		*d = (uint32_t)in->domain;
		return true;
	}
	for (unsigned i = 0; i < in->n_dom; i++)
		if (in->dom[i].refs) {
			*d = in->dom[i].did;
			live++;
		}
	return live == 1 || !in->any_tag;
}

/* ---- events: the text behind "NAME: "; *used: it became a record ---- */

static bool map_event(struct in *in, bool map, bool *used)
{
	struct trc_rec r = { .kind = map ? TRC_MAP : TRC_UNMAP };
	uint64_t iova = 0, end = 0, pa = 0, size = 0, asked = 0;
	uint32_t d;

	if (!need(in, "IOMMU: iova=0x", 16, &iova) || !need(in, " - 0x", 16, &end))
		return false;
	if (map && (!need(in, " paddr=0x", 16, &pa) || !need(in, " size=", 10, &size)))
		return false;
	if (!map && (!need(in, " size=", 10, &asked) || !need(in, " unmapped_size=", 10, &size)))
		return false;
	if (!at_end(in))
		return false;
	if (!size)
		return true; /* nothing was unmapped */
	if (!domain(in, &d)) {
		in->s->no_domain++;
		return true;
	}
	*used = true;
	r.u.sw.iova = iova;
	r.u.sw.size = size;
	r.u.sw.dom = d;
	r.u.sw.pa = pa;
	r.u.sw.perm = map ? XL_R | XL_W : 0;
	if (!put(in, &r))
		return false;
	if (map)
		return order(in, "PTE_SET d%u 0x%" PRIx64 "/0x%" PRIx64 " 0x%" PRIx64, d, iova, size, pa);
	return order(in, "PTE_CLR d%u 0x%" PRIx64 "/0x%" PRIx64, d, iova, size);
}
static bool ev_map(struct in *in, bool *used)
{
	return map_event(in, true, used);
}
static bool ev_unmap(struct in *in, bool *used)
{
	return map_event(in, false, used);
}
static bool attach_event(struct in *in, bool attach, bool *used)
{
	struct trc_rec r = { .kind = attach ? TRC_ATTACH : TRC_DETACH };
	uint32_t rid;

	if (!lit(in, "IOMMU: device="))
		return bad(in, "\"IOMMU: device=\"");
	if (!device(in, "", &rid))
		return true;
	*used = true;
	for (unsigned i = 0; i < in->n_dev; i++)
		if (in->dev[i] == rid)
			return true; /* its tag says more */
	if (!domain(in, &r.u.sw.dom)) {
		in->s->no_domain++;
		*used = false;
		return true;
	}
	r.u.sw.rid = rid;
	r.u.sw.pasid = TRC_NO_PASID;
	return put(in, &r);
}
static bool ev_attach(struct in *in, bool *used)
{
	return attach_event(in, true, used);
}
static bool ev_detach(struct in *in, bool *used)
{
	return attach_event(in, false, used);
}
static bool ev_fault(struct in *in, bool *used)
{
	struct trc_rec r = { .kind = TRC_DMA };
	uint64_t iova = 0, flags = 0;
	const char *w;
	size_t n;

	if (!lit(in, "IOMMU:"))
		return bad(in, "\"IOMMU:\"");
	word(in, " ", &w, &n); /* the driver; may be empty */
	if (!lit(in, " "))
		return bad(in, "a device");
	if (!device(in, " ", &r.u.dma.rid))
		return true;
	if (!need(in, " iova=0x", 16, &iova) || !need(in, " flags=0x", 16, &flags) || !at_end(in))
		return false;
	*used = true;
	r.u.dma.iova = iova;
	r.u.dma.pasid = TRC_NO_PASID;
	r.u.dma.dir = flags & 1 ? 'w' : 'r';
	r.u.dma.expect = TRC_EXP_FAULT;
	return put(in, &r);
}
static bool unit(struct in *in, const char *w, size_t n, uint8_t *u)
{
	unsigned i = 0;

	while (i < in->n_unit && (strncmp(in->unit[i], w, n) || in->unit[i][n]))
		i++;
	if (i == in->n_unit) {
		if (i == UNITS || n >= NAME) {
			in->p = w;
			return bad(in, "a short name, and no more than 16 units in a log");
		}
		memcpy(in->unit[in->n_unit++], w, n);
	}
	*u = (uint8_t)i;
	return true;
}
static bool ev_qi(struct in *in, bool *used)
{
	struct trc_rec r = { .kind = TRC_COMMAND };
	const char *type, *w;
	size_t tn, n;

	if (!word(in, " ", &type, &tn) || !lit(in, " ") || !word(in, ":", &w, &n))
		return bad(in, "\"TYPE UNIT: QW0 QW1 QW2 QW3\"");
	if (!unit(in, w, n, &r.unit) || !need(in, ": 0x", 16, &r.u.cmd.w[0]))
		return false;
	for (unsigned i = 1; i < 4; i++)
		if (!need(in, " 0x", 16, &r.u.cmd.w[i]))
			return false;
	if (!at_end(in))
		return false;
	*used = true;
	r.u.cmd.n = r.u.cmd.w[2] | r.u.cmd.w[3] ? 4 : 2;
	r.u.cmd.slot = TRC_NO_SLOT;
	if (!put(in, &r) || (r.u.cmd.w[0] & 0xf) != WAIT_DESC)
		return in->e->code == 0;
	return r.unit ? order(in, "DONE@u%u w0", r.unit) : order(in, "DONE w0"); /* w0: the wait of a command without slot */
}
struct tag { uint32_t rid, did, pasid; uint8_t unit; bool iotlb; };
/* "UNIT/DEVICE type T did N pasid N ref N"; *ours: of a PCI function */
static bool tag_text(struct in *in, struct tag *t, uint64_t *ref, bool *ours)
{
	const char *w;
	size_t n;
	uint64_t did = 0, pasid = 0;

	if (!word(in, "/", &w, &n) || !unit(in, w, n, &t->unit) || !lit(in, "/"))
		return in->e->code ? false : bad(in, "\"UNIT/DEVICE\"");
	*ours = device(in, " ", &t->rid);
	if (!lit(in, " type ") || !word(in, " ", &w, &n))
		return bad(in, "\" type TYPE\"");
	t->iotlb = n == 5 && !memcmp(w, "iotlb", 5);
	if (!need(in, " did ", 10, &did) || !need(in, " pasid ", 10, &pasid) || !need(in, " ref ", 10, ref) || !at_end(in))
		return false;
	t->did = (uint32_t)did;
	t->pasid = (uint32_t)pasid;
	return true;
}
static bool count_domain(struct in *in, uint32_t did, bool add)
{
	unsigned i = 0, free_ = in->n_dom;

	for (; i < in->n_dom && !(in->dom[i].refs && in->dom[i].did == did); i++)
		if (!in->dom[i].refs)
			free_ = i;
	if (i < in->n_dom) {
		in->dom[i].refs += add ? 1u : ~0u;
		return true;
	}
	if (!add) /* assigned before the log began */
		return true;
	if (free_ == DOMAINS)
		return bad(in, "no more than 64 domains at a time");
	in->n_dom += free_ == in->n_dom;
	in->dom[free_].did = did;
	in->dom[free_].refs = 1;
	return true;
}
static bool tag_event(struct in *in, bool add, bool *used)
{
	struct trc_rec r = { .kind = add ? TRC_ATTACH : TRC_DETACH };
	struct tag t;
	char at[8] = "", pasid[16] = "";
	uint64_t ref = 0;
	bool ours;

	if (!tag_text(in, &t, &ref, &ours))
		return false;
	in->any_tag = true;
	if (!ours || !t.iotlb || ref != (add ? 1 : 0)) /* another user of the same tag */
		return true;
	*used = true;
	r.unit = t.unit;
	r.u.sw.rid = t.rid;
	r.u.sw.dom = t.did;
	r.u.sw.pasid = t.pasid ? t.pasid : TRC_NO_PASID;
	if (!count_domain(in, t.did, add) || !put(in, &r))
		return false;
	if (!add)
		return true;
	if (in->n_dev < DEVICES)
		in->dev[in->n_dev++] = t.rid;
	if (t.unit)
		snprintf(at, sizeof(at), "@u%u", t.unit);
	if (t.pasid)
		snprintf(pasid, sizeof(pasid), ".%u", t.pasid);
	if (t.rid > 0xffff)
		return order(in, "CFG_SET%s %s 0x%x%s dom=d%u did=%u", at, t.pasid ? "PASIDE" : "CTX", t.rid, pasid, t.did, t.did);
	return order(in, "CFG_SET%s %s %02x:%02x.%x%s dom=d%u did=%u", at, t.pasid ? "PASIDE" : "CTX", t.rid >> 8, t.rid >> 3 & 31,
		     t.rid & 7, pasid, t.did, t.did);
}
static bool ev_assign(struct in *in, bool *used)
{
	return tag_event(in, true, used);
}
static bool ev_unassign(struct in *in, bool *used)
{
	return tag_event(in, false, used);
}
static bool ev_flush_all(struct in *in, bool *used)
{
	struct trc_rec r = { .kind = TRC_FLUSH };
	struct tag t;
	uint64_t ref = 0;
	bool ours;

	if (!tag_text(in, &t, &ref, &ours))
		return false;
	*used = t.iotlb;
	r.unit = t.unit;
	r.u.sw.dom = t.did;
	return !t.iotlb || put(in, &r);
}
/* "UNIT DEVICE[PASID] type T did N [0xSTART-0xEND] addr 0xA pages 0xN mask 0xN" */
static bool ev_flush_range(struct in *in, bool *used)
{
	struct trc_rec r = { .kind = TRC_FLUSH };
	uint64_t pasid = 0, did = 0, start = 0, end = 0, addr = 0, pages = 0, mask = 0;
	const char *w;
	size_t n;
	bool iotlb;

	if (!word(in, " ", &w, &n) || !unit(in, w, n, &r.unit) || !lit(in, " ") || !word(in, "[", &w, &n))
		return in->e->code ? false : bad(in, "\"UNIT DEVICE[PASID]\"");
	if (!need(in, "[", 10, &pasid) || !lit(in, "] type ") || !word(in, " ", &w, &n))
		return in->e->code ? false : bad(in, "\"] type TYPE\"");
	iotlb = n == 5 && !memcmp(w, "iotlb", 5);
	if (!need(in, " did ", 10, &did) || !need(in, " [0x", 16, &start) || !need(in, "-0x", 16, &end) || !need(in, "] addr 0x", 16, &addr) ||
	    !need(in, " pages 0x", 16, &pages) || !need(in, " mask 0x", 16, &mask) || !at_end(in))
		return false;
	*used = iotlb;
	r.u.sw.dom = (uint32_t)did;
	if (pages < BIT64(52)) { /* else all of the domain */
		r.u.sw.iova = addr;
		r.u.sw.size = pages << 12;
	}
	return !iotlb || put(in, &r);
}
static bool ev_count(struct in *in, bool *used)
{
	(void)in, (void)used;
	return true;
}

const struct ftrace_event ftrace_events[] = {
	{ "map", ev_map }, { "unmap", ev_unmap }, { "attach_device_to_domain", ev_attach }, { "detach_device_from_domain", ev_detach },
	{ "io_page_fault", ev_fault }, { "qi_submit", ev_qi }, { "cache_tag_assign", ev_assign }, { "cache_tag_unassign", ev_unassign },
	{ "cache_tag_flush_all", ev_flush_all }, { "cache_tag_flush_range", ev_flush_range },
	{ "cache_tag_flush_range_np", ev_count }, /* for caching mode; the flush itself is a qi_submit */
	{ "add_device_to_group", ev_count }, { "remove_device_from_group", ev_count }, { "prq_report", ev_count },
};
const unsigned ftrace_n_events = ARRAY_LEN(ftrace_events);
_Static_assert(ARRAY_LEN(ftrace_events) <= IMP_FTRACE_KINDS, "kinds");
