/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imp_qemu_smmuv3.c - what the lines of QEMU's smmuv3 model mean. Source: Arm SMMUv3 architecture (IHI 0070), memory map and event
 * numbers.
 * smmuv3_translate_success has requester, whole address and whole result; its perm is the mapping's, so the direction stays unknown. A
 * failed translation is in two lines: the guest_errors text has the address, smmuv3_record_event (if the event queue took it) the stream
 * id; the DMA is written at the first, because stores of other processors may stand between. Its stream id is the last one seen with the
 * device and function of the text.
 *
 * Direction of a failed DMA: F_PERMISSION of a stream with stage 1 only is a write, because stage 1 can take away nothing but writing.
 * Every other one is unknown: a replay then takes the direction that fails, and compares the event number.
 * Register values: a read carries the value of the log, except of CMDQ_PROD, CMDQ_CONS, CR0ACK and IRQ_CTRLACK. The driver polls these,
 * a replay waits for the commands anyway, a read with a value would make it wait for DMAs too, which no driver does, and QEMU's
 * acknowledgement at once is not the architecture's.
 * QEMU's own results (caches, event records, interrupts, completion MSIs) are not imported: the model has to reach them itself.
 */
#include <string.h>
#include "core/base/bits.h"
#include "import/imp_int.h"

enum {
	EV_READ = IMP_ARCH, EV_WRITE, EV_OK, EV_PASS, EV_ABORT, EV_FAILED, EV_RECORD, EV_CONFIG, EV_LEAF,
	EV_CMDQ /* + enum imp_cmdq_ev */
};
static const struct imp_event events[] = {
	{ "smmuv3_read_mmio", EV_READ },
	{ "smmuv3_write_mmio", EV_WRITE },
	{ "smmuv3_translate_success", EV_OK },
	{ "smmuv3_translate_bypass", EV_PASS },
	{ "smmuv3_translate_disable", EV_PASS },
	{ "smmuv3_translate_abort", EV_ABORT },
	{ "smmuv3-iommu-memory-region-N-M", EV_FAILED },
	{ "smmuv3_record_event", EV_RECORD },
	{ "smmuv3_config_cache_hit", EV_CONFIG },
	{ "smmuv3_config_cache_miss", EV_CONFIG },
	{ "smmu_ptw_page_pte", EV_LEAF },
	{ "smmu_ptw_block_pte", EV_LEAF },
	{ "smmuv3_cmdq_consume", EV_CMDQ + CMDQ_PLACE },
	{ "smmuv3_cmdq_consume_out", EV_CMDQ + CMDQ_OUT },
	{ "smmuv3_cmdq_opcode", EV_CMDQ + CMDQ_OPCODE },
	{ "smmuv3_cmdq_cfgi_ste", EV_CMDQ + CMDQ_SID },
	{ "smmuv3_cmdq_cfgi_cd", EV_CMDQ + CMDQ_CD },
	{ "smmuv3_cmdq_cfgi_ste_range", EV_CMDQ + CMDQ_RANGE },
	{ "smmuv3_cmdq_tlbi_nh_asid", EV_CMDQ + CMDQ_ASID },
	{ "smmuv3_cmdq_tlbi_nh", EV_CMDQ + CMDQ_VMID },
	{ "smmuv3_cmdq_tlbi_s12_vmid", EV_CMDQ + CMDQ_VMID },
	{ "smmuv3_range_inval", EV_CMDQ + CMDQ_VA },
	{ NULL, 0 },
};
enum { REG_CR0ACK = 0x24, REG_IRQ_CTRLACK = 0x54, REG_CMDQ_BASE = 0x90, REG_CMDQ_PROD = 0x98, REG_CMDQ_CONS = 0x9c, REG_EVENTQ_PROD = 0xa8, REG_PRIQ_PROD = 0xc8, PAGE_1 = 0x10000 };
static const struct { const char *name; uint8_t code; } faults[] = {
	{ "F_UUT", 0x01 },	  { "C_BAD_STREAMID", 0x02 }, { "F_STE_FETCH", 0x03 },	      { "C_BAD_STE", 0x04 },
	{ "F_BAD_ATS_TREQ", 0x05 }, { "F_STREAM_DISABLED", 0x06 }, { "F_TRANS_FORBIDDEN", 0x07 }, { "C_BAD_SUBSTREAMID", 0x08 },
	{ "F_CD_FETCH", 0x09 },	  { "C_BAD_CD", 0x0a },	      { "F_WALK_EABT", 0x0b },	      { "F_TRANSLATION", 0x10 },
	{ "F_ADDR_SIZE", 0x11 },  { "F_ACCESS", 0x12 },	      { "F_PERMISSION", 0x13 },	      { "F_TLB_CONFLICT", 0x20 },
	{ "F_CFG_CONFLICT", 0x21 },
};

static struct imp_seen *seen_sid(struct imp *m, uint64_t sid)
{
	struct imp_seen *d = &m->smmu.seen[sid & 0xff];

	m->smmu.sid = (uint32_t)sid;
	if (d->sid != sid)
		*d = (struct imp_seen){ .sid = (uint32_t)sid };
	return d;
}
/* QEMU logs offsets without bit 16: what it calls 0xa8 is the register of page 1. */
static uint32_t real_offset(uint64_t off)
{
	return (uint32_t)off | ((off & ~UINT64_C(4)) == REG_EVENTQ_PROD || (off & ~UINT64_C(4)) == REG_PRIQ_PROD ? PAGE_1 : 0);
}
static bool reg_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t off, size, val, result;
	bool polled;

	*ok = imp_hex_after(c, "addr: ", &off) && imp_hex_after(c, " val:", &val) && imp_hex_after(c, " size: ", &size) &&
	      imp_dec_after(c, "(", &result) && imp_lit(c, ")") && imp_at_end(c) && imp_reg_ok(off, size, val);
	if (!*ok)
		return true;
	if (result) { /* the access was refused */
		k->unused++;
		return true;
	}
	k->used++;
	if (!imp_cmdq_flush(m))
		return false;
	if (k->ev == EV_READ) {
		polled = off == REG_CMDQ_PROD || off == REG_CMDQ_CONS || off == REG_CR0ACK || off == REG_IRQ_CTRLACK;
		return imp_mmio_read(m, real_offset(off), (unsigned)size, m->trust && !polled ? &val : NULL);
	}
	if (off == REG_CMDQ_BASE)
		imp_cmdq_base(m, size == 8 ? val : bits_put(m->smmu.base, 31, 0, val));
	else if (off == REG_CMDQ_BASE + 4)
		imp_cmdq_base(m, bits_put(m->smmu.base, 63, 32, val));
	return imp_mmio_write(m, real_offset(off), (unsigned)size, val);
}

/* The name of a memory region and the stream id. */
static bool who(struct imp_cur *c, uint64_t *sid)
{
	const char *sp = memchr(c->p, ' ', (size_t)(c->end - c->p));

	if (!sp)
		return false;
	c->p = sp;
	return imp_hex_after(c, " sid=", sid) && *sid <= UINT32_MAX;
}
static bool ok_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, iova, pa, perm, stage = 0;
	struct trc_rec r = { .u.dma = { .dir = '?', .expect = TRC_EXP_OK } };

	/* versions that know one stage only do not print it */
	*ok = who(c, &sid) && imp_hex_after(c, " iova=", &iova) && imp_hex_after(c, " translated=", &pa) &&
	      imp_hex_after(c, " perm=", &perm) && (imp_at_end(c) || (imp_dec_after(c, " stage=", &stage) && imp_at_end(c) && stage < 8));
	if (!*ok)
		return true;
	k->used++;
	if (stage)
		seen_sid(m, sid)->stages |= (uint8_t)(1u << stage);
	r.u.dma.rid = (uint32_t)sid;
	r.u.dma.iova = iova;
	r.u.dma.pa = pa;
	return imp_cmdq_flush(m) && imp_dma(m, &r);
}
/* The stream or the whole unit does not translate, or the stream's accesses end in an abort that makes no event. */
static bool pass_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid, iova, write;
	struct trc_rec r = { .u.dma = { .expect = k->ev == EV_PASS ? TRC_EXP_OK : TRC_EXP_FAULT } };

	*ok = who(c, &sid) &&
	      (k->ev == EV_ABORT ? imp_lit(c, " abort on") : imp_lit(c, " STE bypass") || imp_lit(c, " bypass (smmu disabled)")) &&
	      imp_hex_after(c, " iova:", &iova) && imp_dec_after(c, " is_write=", &write) && imp_at_end(c) && write <= 1;
	if (!*ok)
		return true;
	k->used++;
	r.u.dma.rid = (uint32_t)sid;
	r.u.dma.iova = iova;
	r.u.dma.pa = k->ev == EV_PASS ? iova : 0;
	r.u.dma.dir = write ? 'w' : 'r';
	return imp_cmdq_flush(m) && imp_dma(m, &r);
}
static uint16_t fault_code(struct imp_cur *c)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (imp_lit_(c, faults[i].name, strlen(faults[i].name)))
			return faults[i].code;
	return 0;
}
/* Text behind the name of the memory region: "8-1 translation failed for iova=0x... (SMMU_EVT_F_TRANSLATION)", 8 is device and function. */
static bool failed_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t devfn, index, iova;
	const struct imp_seen *d;
	struct trc_rec r = { .u.dma = { .dir = '?', .expect = TRC_EXP_FAULT } };

	*ok = imp_dec(c, &devfn) && imp_dec_after(c, "-", &index) && imp_hex_after(c, " translation failed for iova=", &iova) &&
	      imp_lit(c, " (SMMU_EVT_") && (r.u.dma.code = fault_code(c)) && imp_lit(c, ")") && imp_at_end(c) && devfn <= 0xff;
	if (!*ok)
		return true;
	k->used++;
	d = &m->smmu.seen[devfn];
	r.u.dma.rid = d->sid ? d->sid : (uint32_t)devfn;
	r.u.dma.iova = iova;
	if (r.u.dma.code == 0x13 && d->stages == 1u << 1)
		r.u.dma.dir = 'w';
	m->smmu.failed = true;
	return imp_cmdq_flush(m) && imp_dma(m, &r);
}
/* Nothing for the trace: the model writes its own events. */
static void record_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t sid;

	*ok = imp_lit(c, "SMMU_EVT_") && fault_code(c) && imp_hex_after(c, " sid=", &sid) && imp_at_end(c) && sid <= UINT32_MAX;
	if (!*ok)
		return;
	seen_sid(m, sid);
	k->used += m->smmu.failed;
	k->unused += !m->smmu.failed;
	m->smmu.failed = false;
}
/* Which stream is being translated, and through which stages. */
static void walk_line(struct imp *m, struct imp_kind *k, struct imp_cur *c, bool *ok)
{
	uint64_t n;

	if (k->ev == EV_LEAF) {
		*ok = imp_dec_after(c, "stage=", &n) && n < 8;
		if (*ok)
			seen_sid(m, m->smmu.sid)->stages |= (uint8_t)(1u << n);
	} else {
		*ok = (imp_lit(c, "Config cache HIT") || imp_lit(c, "Config cache MISS")) && imp_hex_after(c, " for sid=", &n) &&
		      n <= UINT32_MAX;
		if (*ok && k->len == sizeof("smmuv3_config_cache_miss") - 1)
			seen_sid(m, n)->stages = 0; /* its configuration is read anew */
		else if (*ok)
			seen_sid(m, n);
	}
	k->unused += *ok;
}

static void image_reg(struct imp *m, const struct image_reg *g)
{
	if (!strcmp(g->name, "CMDQ_BASE"))
		imp_cmdq_base(m, g->val);
}
static bool line(struct imp *m, struct imp_kind *k, struct imp_cur c, bool *ok)
{
	switch (k->ev) {
	case EV_READ:
	case EV_WRITE:
		return reg_line(m, k, &c, ok);
	case EV_OK:
		return ok_line(m, k, &c, ok);
	case EV_PASS:
	case EV_ABORT:
		return pass_line(m, k, &c, ok);
	case EV_FAILED:
		return failed_line(m, k, &c, ok);
	case EV_RECORD:
		record_line(m, k, &c, ok);
		return true;
	case EV_CONFIG:
	case EV_LEAF:
		walk_line(m, k, &c, ok);
		return true;
	}
	if (k->ev >= EV_CMDQ)
		return imp_cmdq_line(m, k, (enum imp_cmdq_ev)(k->ev - EV_CMDQ), &c, ok);
	k->unused++;
	return true;
}
/* Stores of other processors stand between the lines of a command: where the log has stores, it is left open. */
static bool before_store(struct imp *m)
{
	return m->mem_seen || imp_cmdq_flush(m);
}
const struct imp_arch imp_smmuv3 = {
	"smmuv3", "SMMUv3", "smmu", "smmuv3-iommu-memory-region-", "smmuv3-iommu-memory-region-N-M",
	events, image_reg, line, before_store, imp_cmdq_flush, NULL,
};
