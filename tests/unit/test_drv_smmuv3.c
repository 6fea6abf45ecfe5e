/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3.c - the SMMUv3 driver: registers, commands and entries of each operation against rows written from what Linux sends
 * (values that a captured Linux 6.12 wrote are used where there is one), and whole runs of generated traces on the real unit, where every
 * DMA must land on the address the generator mapped.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "fake_plat.h"
#include "smmuv3/smmuv3.h"
#include "software/drv.h"
#include "software/gen.h"

enum { RID = 0x20, MAX_EV = 20000, SYNC_SEV = 0x0fc02046 };
#define ALL UINT64_C(52)
/* IDR0, IDR1, IDR3, IDR5, IIDR: the captured unit; one with everything; ATS in addition to the captured one. */
static const uint32_t captured[5] = { 0x0d44101b, 0x02730010, 0x1414, 0x74, 0 };
static const uint32_t full[5] = { 0x084d369b, 0x02739d10, 0x1714, 0x00400075, 0 };
static const uint32_t plain_ats[5] = { 0x0d44141b, 0x02730010, 0x1414, 0x74, 0 };
static uint32_t idr[5], cr0_was;

static uint64_t idr_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	(void)u, (void)bytes;
	return off == 0 ? idr[0] : off == 4 ? idr[1] : off == 0xc ? idr[2] : off == 0x14 ? idr[3] : off == 0x18 ? idr[4] : off == 0x20 ? cr0_was : 0;
}

/* What came out of the driver, in order: stores outside the queue, register writes, commands (pa is the opcode word then). */
struct ev {
	char kind; /* 's', 'm', 'c', 'k': store, register, command, other record */
	uint64_t a, b;
};
struct rig {
	struct plat_cfg pc;
	struct plat *p;
	struct drv_cfg c;
	struct drv *d;
	struct fake_trace t;
	struct iommu_ops ops;
	struct err e;
	uint64_t cmdq, strtab, cfg, cons;
	struct ev ev[MAX_EV];
	unsigned n;
	int rc;
};

static void log_ev(struct rig *g, char kind, uint64_t a, uint64_t b)
{
	ck_assert_uint_lt(g->n, MAX_EV);
	g->ev[g->n++] = (struct ev){ kind, a, b };
}

static uint64_t word(const struct rig *g, uint64_t pa)
{
	uint64_t w = 0;

	ck_assert_int_eq(mem_read(plat_mem(g->p), pa, &w, 1), MEM_OK);
	return w;
}

static void take(struct rig *g, const struct trc_rec *r)
{
	uint64_t base = g->cmdq & UINT64_C(0x00ffffffffffffe0), n = UINT64_C(1) << (g->cmdq & 31);

	if (r->kind == TRC_STORE) {
		ck_assert_uint_eq(r->u.store.bytes, 8);
		ck_assert_int_eq(mem_write_part(plat_mem(g->p), r->u.store.pa, 8, r->u.store.val), MEM_OK);
		if (!g->cmdq || r->u.store.pa < base || r->u.store.pa >= base + 16 * n)
			log_ev(g, 's', r->u.store.pa, r->u.store.val);
		return;
	}
	if (r->kind != TRC_MMIO_WRITE) {
		log_ev(g, 'k', r->kind, 0);
		return;
	}
	if (r->u.mmio.off == 0x90)
		g->cmdq = r->u.mmio.val;
	if (r->u.mmio.off == 0x80)
		g->strtab = r->u.mmio.val & UINT64_C(0x00ffffffffffffc0);
	if (r->u.mmio.off == 0x88)
		g->cfg = r->u.mmio.val;
	for (unsigned k = 0; r->u.mmio.off == 0x98 && g->cons != r->u.mmio.val; k++, g->cons = (g->cons + 1) & (2 * n - 1)) {
		ck_assert_uint_lt(k, n); /* never more than the queue holds */
		log_ev(g, 'c', word(g, base + 16 * (g->cons & (n - 1))), word(g, base + 16 * (g->cons & (n - 1)) + 8));
	}
	log_ev(g, 'm', r->u.mmio.off, r->u.mmio.val);
}

static struct rig *rig_open(const uint32_t id[5])
{
	struct rig *g = calloc(1, sizeof(*g));

	ck_assert_ptr_nonnull(g);
	memcpy(idr, id, sizeof(idr));
	cr0_was = 0;
	g->pc = fake_plat_cfg();
	g->p = plat_create(&g->pc, &(struct plat_hooks){ 0 }, &g->e);
	ck_assert_ptr_nonnull(g->p);
	struct fake_unit *f = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
	g->ops = fake_ops;
	g->ops.arch = "smmuv3";
	g->ops.mmio_read = idr_read;
	f->u.ops = &g->ops;
	ck_assert(plat_add_unit(g->p, &f->u, &g->e));
	cfg_defaults(drv_opts, &g->c);
	return g;
}

static void rig_run(struct rig *g, const struct trc_rec *r, size_t n)
{
	struct trc_rec out;

	g->t = (struct fake_trace){ .rec = r, .n = n };
	g->n = 0;
	if (!g->d)
		g->d = drv_create(&g->c, g->p, fake_next_rec, &g->t, &g->e);
	ck_assert_msg(g->d != NULL, "%s", g->e.msg);
	while ((g->rc = drv_next(g->d, &out, &g->e)) > 0)
		take(g, &out);
}

static void rig_close(struct rig *g)
{
	drv_destroy(g->d);
	plat_destroy(g->p);
	free(g);
}

#define SWF(k, r, p, d, ...) { .kind = k, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d, __VA_ARGS__ } }
#define SW(k, ...) SWF(k, RID, TRC_NO_PASID, 1, __VA_ARGS__)
#define RUN(g, ...) rig_run(g, (const struct trc_rec[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct trc_rec[]){ __VA_ARGS__ })))
#define MAPREC(v, p, n) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W | XL_X)
#define UNMAPREC(v, n) SW(TRC_UNMAP, .iova = v, .size = n)
#define DEVREC(ev) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, ev } }

/* The commands but CMD_SYNC, against rows of two words; how many CMD_SYNCs, and how many writes of CMDQ_PROD. */
static void expect(const struct rig *g, const uint64_t (*want)[2], unsigned n, unsigned syncs, unsigned writes)
{
	unsigned k = 0, s = 0, w = 0;

	ck_assert_msg(g->rc == 0, "%s", g->e.msg);
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		w += v->kind == 'm' && v->a == 0x98;
		if (v->kind != 'c')
			continue;
		if ((v->a & 255) == 0x46) {
			s++;
			continue;
		}
		ck_assert_msg(k < n && v->a == want[k][0] && v->b == want[k][1], "command %u of %u: %016" PRIx64 " %016" PRIx64, k, n, v->a, v->b);
		k++;
	}
	ck_assert_uint_eq(k, n);
	ck_assert_uint_eq(s, syncs);
	ck_assert_uint_eq(w, writes);
}
#define EXPECT(g, syncs, writes, ...)                                                              \
	do {                                                                                       \
		const uint64_t want_[][2] = { __VA_ARGS__ };                                       \
		expect(g, want_, ARRAY_LEN(want_), syncs, writes);                                 \
	} while (0)
#define NOTHING(g) expect(g, NULL, 0, 0, 0)

static uint64_t ste_of(const struct rig *g, uint32_t sid)
{
	if (!(g->cfg >> 16 & 3))
		return g->strtab + 64 * sid;
	uint64_t l1 = word(g, g->strtab + 8 * (sid >> 8));

	ck_assert_uint_eq(l1 & 31, 9);
	ck_assert_uint_eq(l1 & 0x3fc0, 0); /* aligned to its size */
	return (l1 & ~UINT64_C(0x3f)) + 64 * (sid & 255);
}

/* CD @ssid of @sid, found as hardware finds it; @off: gpa - spa. */
static uint64_t cd_of(const struct rig *g, uint32_t sid, uint32_t ssid, uint64_t off)
{
	uint64_t w = word(g, ste_of(g, sid)), tab = (w & UINT64_C(0x00ffffffffffffc0)) - off;

	if (!(w >> 4 & 3))
		return tab + 64 * ssid;
	return (word(g, tab + 8 * (ssid >> 10)) & UINT64_C(0x00fffffffffff000)) - off + 64 * (ssid & 1023);
}

/* Stores to the STE (T and the byte offset) and the CD (C), commands and CMDQ_PROD writes (.) as one line. */
static const char *script(const struct rig *g, uint64_t ste, uint64_t cd)
{
	static const struct { uint8_t op; const char *name; } name[] = {
		{ 0x01, "prefetch" }, { 0x03, "ste" }, { 0x05, "cd" }, { 0x11, "asid" }, { 0x12, "va" }, { 0x2a, "ipa" }, { 0x40, "atc" }, { 0x46, "sync" },
	};
	static char line[4000];
	size_t at = 0;

	line[0] = 0;
	for (unsigned i = 0; i < g->n; i++) {
		const struct ev *v = &g->ev[i];

		ck_assert_uint_lt(at, sizeof(line) - 40);
		if (v->kind == 's' && v->a >= ste && v->a < ste + 64)
			at += (size_t)sprintf(line + at, "T%u ", (unsigned)(v->a - ste));
		else if (v->kind == 's' && cd && v->a >= cd && v->a < cd + 64)
			at += (size_t)sprintf(line + at, "C%u ", (unsigned)(v->a - cd));
		else if (v->kind == 'm' && v->a == 0x98)
			at += (size_t)sprintf(line + at, ". ");
		else if (v->kind == 'k')
			at += (size_t)sprintf(line + at, "dev ");
		for (size_t k = 0; v->kind == 'c' && k < ARRAY_LEN(name); k++)
			if ((v->a & 255) == name[k].op)
				at += (size_t)sprintf(line + at, "%s ", name[k].name);
	}
	return line;
}
#define SCRIPT(g, ste, cd, want) ck_assert_str_eq(script(g, ste, cd), want)

/* Register writes and commands of the first record, as the captured kernel did them. */
START_TEST(reset_sequence)
{
	static const struct ev want[] = {
		{ 'm', 0x20, 0 }, { 'm', 0x28, 0xd75 }, { 'm', 0x2c, 6 }, { 'm', 0x80, 1 }, { 'm', 0x88, 0x10210 }, { 'm', 0x90, 1 }, { 'm', 0x98, 0 },
		{ 'm', 0x9c, 0 }, { 'm', 0x20, 8 }, { 'c', 4, 0x1f }, { 'c', SYNC_SEV, 0 }, { 'm', 0x98, 2 }, { 'c', 0x30, 0 }, { 'c', SYNC_SEV, 0 },
		{ 'm', 0x98, 4 }, { 'm', 0xa0, 1 }, { 'm', 0x100a8, 0 }, { 'm', 0x100ac, 0 }, { 'm', 0x20, 0xc }, { 'm', 0x50, 0 }, { 'm', 0x68, 0 },
		{ 'm', 0xb0, 0 }, { 'm', 0x50, 5 }, { 'm', 0x20, 0xd },
	};
	struct rig *g = rig_open(captured);

	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		const struct ev *v = &g->ev[i];
		bool base = v->a == 0x80 || v->a == 0x90 || v->a == 0xa0; /* the address is the pool's */

		ck_assert_msg(v->kind == want[i].kind && v->a == want[i].a && (base || v->b == want[i].b), "event %u: %c %" PRIx64 " %" PRIx64, i, v->kind, v->a, v->b);
		ck_assert(!base || v->b >> 62 == 1);
	}
	rig_close(g);
}
END_TEST

/* A unit with EL2, MSI, PRI, ATS that was left on. */
START_TEST(reset_with_everything)
{
	static const uint32_t order[] = { 0x44, 0x20, 0x28, 0x2c, 0x80, 0x88, 0x90, 0x98, 0x9c, 0x20, 0x98, 0x98, 0x98, 0xa0, 0x100a8, 0x100ac, 0x20,
					  0xc0, 0x100c8, 0x100cc, 0x20, 0x20, 0x50, 0x68, 0xb0, 0xd0, 0xb0, 0xb8, 0xbc, 0x68, 0x70, 0x74, 0xd0, 0xd8, 0xdc, 0x50, 0x20 };
	static const uint32_t cr0[] = { 0, 8, 0xc, 0xe, 0x1e, 0x1f };
	struct rig *g = rig_open(full);
	unsigned k = 0, c = 0;

	cr0_was = 1;
	g->c.smmu_e2h = true;
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	for (unsigned i = 0; i < g->n && k < ARRAY_LEN(order); i++) {
		const struct ev *v = &g->ev[i];

		if (v->kind == 'c' && (v->a & 255) == 0x46) {
			ck_assert_uint_eq(v->a, 0x0fc01046); /* by message: to its own slot */
			ck_assert_uint_eq(v->b & 0xf, 0);
			ck_assert_uint_eq(v->b & ~UINT64_C(0xfff), g->cmdq & UINT64_C(0x00fffffffffff000));
		}
		if (v->kind != 'm')
			continue;
		ck_assert_msg(v->a == order[k], "register write %u: 0x%" PRIx64, k, v->a);
		if (v->a == 0x20)
			ck_assert_uint_eq(v->b, cr0[c++]);
		if (v->a == 0x2c)
			ck_assert_uint_eq(v->b, 7);
		if (v->a == 0x44)
			ck_assert_uint_eq(v->b, 0x80100000);
		k++;
	}
	ck_assert_uint_eq(k, ARRAY_LEN(order));
	EXPECT(g, 3, 4, { 4, 0x1f }, { 0x20, 0 }, { 0x30, 0 }); /* CFGI_ALL, EL2_ALL, NSNH_ALL; and CMDQ_PROD = 0 */
	rig_close(g);
}
END_TEST

START_TEST(stage1_entries_and_order)
{
	struct rig *g = rig_open(captured);
	uint64_t ste, cd, t;

	RUN(g, SW(TRC_ATTACH));
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	SCRIPT(g, ste, cd, ". sync . sync . T0 C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . "); /* the first T0: an abort entry */
	ck_assert_uint_eq(word(g, ste) & ~UINT64_C(0x00ffffffffffffc0), 0xb);
	ck_assert_uint_eq(word(g, ste + 8), 0xd6);
	ck_assert_uint_eq(word(g, ste + 16) | word(g, ste + 24), 0);
	ck_assert_uint_eq(word(g, ste + 64), 1); /* the neighbour aborts */
	ck_assert_uint_eq(word(g, cd), UINT64_C(0x1e204c0003510));
	ck_assert_uint_eq(word(g, cd + 16), 0);
	ck_assert_uint_eq(word(g, cd + 24), UINT64_C(0xfffffffff404ff44));
	t = word(g, cd + 8);
	ck_assert_uint_eq(t & 0xfff, 0);
	RUN(g, MAPREC(0xffffc000, 0x441fe000, 0x1000), MAPREC(0x200000, 0x46200000, 0x200000));
	NOTHING(g);
	t = word(g, t);
	ck_assert_uint_eq(t & 0xfff, 3);
	uint64_t l2 = word(g, (t & ~UINT64_C(0xfff)) + 8 * 3), big = word(g, (t & ~UINT64_C(0xfff)));

	ck_assert_uint_eq(word(g, (big & ~UINT64_C(0xfff)) + 8), 0x46200f45);
	t = word(g, (l2 & ~UINT64_C(0xfff)) + 8 * 511) & ~UINT64_C(0xfff);
	ck_assert_uint_eq(word(g, t + 8 * 508), 0x441fef47);
	RUN(g, SW(TRC_MAP, .iova = 0xffffb000, .pa = 0x438fe000, .size = 0x1000, .perm = XL_R | XL_X), SW(TRC_MAP, .iova = 0xffffa000, .pa = 0x438ff000, .size = 0x1000, .perm = XL_R | XL_W));
	ck_assert_uint_eq(word(g, t + 8 * 507), 0x438fefc7);
	ck_assert_uint_eq(word(g, t + 8 * 506), UINT64_C(0x00600000438fff47));
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . C0 cd sync . C8 C24 cd sync . ");
	EXPECT(g, 4, 5, { 0x2000000003, 1 }, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { 0x2000000005, 1 }, { 0x2000000005, 1 });
	ck_assert_uint_eq(word(g, ste), 1);
	ck_assert_uint_eq(word(g, ste + 8) | word(g, cd) | word(g, cd + 8) | word(g, cd + 24), 0);
	RUN(g, SWF(TRC_ATTACH, 0x1234, TRC_NO_PASID, 7)); /* ASID 2; a second block of the stream table */
	ck_assert_uint_eq(word(g, cd_of(g, 0x1234, 0, 0)) >> 48, 2);
	rig_close(g);
}
END_TEST

/* Rows of the captured kernel: one page, 16 pages, a 2 MiB block, two of them; then a range of several commands and a table. */
START_TEST(unmap_by_range)
{
	struct rig *g = rig_open(captured);

	RUN(g, SW(TRC_ATTACH), MAPREC(0xffffc000, 0x441fe000, 0x1000), MAPREC(0xfff80000, 0x50000000, 0x10000), MAPREC(0x200000, 0x46200000, 0x200000),
	    MAPREC(0x340000000, 0x45a00000, 0x400000), MAPREC(0x1000, 0x47000000, 0x23000), MAPREC(0x80000000, 0x47100000, 0x200000));
	RUN(g, UNMAPREC(0xffffc000, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000000012, 0xffffc701 });
	RUN(g, UNMAPREC(0xfff80000, 0x10000));
	EXPECT(g, 1, 1, { 0x1000000400012, 0xfff80701 });
	RUN(g, UNMAPREC(0x200000, 0x200000));
	EXPECT(g, 1, 1, { 0x1000000900012, 0x200601 });
	RUN(g, UNMAPREC(0x340000000, 0x400000));
	EXPECT(g, 1, 1, { 0x1000000a00012, 0x340000601 });
	RUN(g, UNMAPREC(0x1000, 0x23000)); /* 35 pages: 3, then 32 */
	EXPECT(g, 1, 1, { 0x1000000002012, 0x1701 }, { 0x1000000500012, 0x4701 });
	RUN(g, UNMAPREC(0x80000000, 0x100000)); /* half of the pages below one table */
	EXPECT(g, 1, 1, { 0x1000000800012, 0x80000701 });
	RUN(g, UNMAPREC(0x80000000, 0x200000)); /* the table goes: at once, without level; then what a block would have needed */
	EXPECT(g, 2, 2, { 0x1000000900012, 0x80000400 }, { 0x1000000900012, 0x80000601 });
	rig_close(g);
}
END_TEST

/* Without RIL a command for each page; batches of 64 without CMD_SYNC but the last; with the MMU-700, 63 with CMD_SYNC; or one each. */
START_TEST(unmap_by_page)
{
	static const struct { uint32_t ril, iidr, wait; unsigned syncs, writes; } row[] = {
		{ DRV_RIL_OFF, 0, DRV_WAIT_BATCH, 1, 4 }, { DRV_RIL_OFF, 0x4870043b, DRV_WAIT_BATCH, 4, 4 }, { DRV_RIL_OFF, 0, DRV_WAIT_EACH, 200, 200 },
		{ DRV_RIL_OFF, 0x4830043b, DRV_WAIT_BATCH, 1, 4 },
	};
	uint64_t want[200][2];
	uint32_t id[5];

	memcpy(id, captured, sizeof(id));
	id[4] = row[_i].iidr;
	struct rig *g = rig_open(id);

	g->c.smmu_ril = row[_i].ril;
	g->c.wait = row[_i].wait;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x40000000, 0x50000000, 200 * 4096));
	RUN(g, UNMAPREC(0x40000000, 200 * 4096));
	for (unsigned i = 0; i < 200; i++) {
		want[i][0] = UINT64_C(0x1000000000012);
		want[i][1] = 0x40000001 + 4096 * i;
	}
	expect(g, want, 200, row[_i].syncs, row[_i].writes);
	RUN(g, MAPREC(0x80000000, 0x40000000, 0x200000), UNMAPREC(0x80000000, 0x200000)); /* a block: one */
	EXPECT(g, 1, 1, { 0x1000000000012, 0x80000001 });
	rig_close(g);
}
END_TEST

START_TEST(queue_wraps)
{
	struct rig *g = rig_open(captured);

	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x1000));
	for (int i = 0; i < 600; i++) { /* 1200 entries of 256 */
		RUN(g, UNMAPREC(0, 0x1000), MAPREC(0, 0x100000, 0x1000));
		EXPECT(g, 1, 1, { 0x1000000000012, 0x701 });
	}
	rig_close(g);
}
END_TEST

/* ih off: Leaf = 0, no level, and never a range of one page. */
START_TEST(options_of_flushes)
{
	struct rig *g = rig_open(captured);

	g->c.ih = false;
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x21000));
	RUN(g, UNMAPREC(0, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000100012, 0x400 });
	RUN(g, SW(TRC_FLUSH, .iova = 0x1000, .size = 0x20000));
	EXPECT(g, 1, 1, { 0x1000000500012, 0x1400 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, SW(TRC_FLUSH, .iova = 0, .size = UINT64_C(1) << 47)); /* more than a range command can say */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	rig_close(g);
	g = rig_open(captured);
	g->c.caching_mode = true;
	g->c.policy = DRV_LAZY; /* not lazy all the same */
	RUN(g, SW(TRC_ATTACH));
	RUN(g, MAPREC(0x1000, 0x100000, 0x2000));
	EXPECT(g, 1, 1, { 0x1000000100012, 0x1400 });
	RUN(g, UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000000012, 0x1701 });
	rig_close(g);
	g = rig_open(full);
	g->c.smmu_e2h = true;
	g->c.smmu_sync = DRV_SYNC_SEV;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_uint_eq(word(g, ste_of(g, RID) + 8) >> 30 & 3, 2); /* STRW */
	RUN(g, UNMAPREC(0x1000, 0x1000), SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000000000022, 0x1701 }, { 0x1000000000021, 0 });
	for (unsigned i = 0; i < g->n; i++)
		ck_assert(g->ev[i].kind != 'c' || (g->ev[i].a & 255) != 0x46 || g->ev[i].a == SYNC_SEV);
	rig_close(g);
}
END_TEST

START_TEST(stage2)
{
	/* OAS bits, granule: T0SZ, SL0, TG, PS code; the number of entries that fit the top table */
	static const struct { uint32_t idr5, levels; unsigned granule, t0sz, sl0, tg, ps; } row[] = {
		{ 0x74, 0, DRV_GRANULE_4K, 20, 2, 0, 4 }, { 0x75, 0, DRV_GRANULE_4K, 16, 2, 0, 5 }, { 0x72, 0, DRV_GRANULE_4K, 24, 1, 0, 2 }, /* 40 bits: 2 tables */
		{ 0x73, 0, DRV_GRANULE_4K, 22, 1, 0, 3 }, { 0x71, 0, DRV_GRANULE_4K, 28, 1, 0, 1 }, { 0x75, 3, DRV_GRANULE_4K, 25, 1, 0, 5 },
		{ 0x75, 0, DRV_GRANULE_16K, 16, 2, 2, 5 }, { 0x74, 0, DRV_GRANULE_16K, 20, 2, 2, 4 }, { 0x75, 0, DRV_GRANULE_64K, 16, 2, 1, 5 },
	};
	uint32_t id[5];

	memcpy(id, full, sizeof(id));
	id[3] = row[_i].idr5;
	struct rig *g = rig_open(id);

	g->c.smmu_granule = row[_i].granule;
	g->c.levels = row[_i].levels;
	RUN(g, SW(TRC_ATTACH, .type = "ss"));
	uint64_t ste = ste_of(g, RID), w2 = word(g, ste + 16), page = UINT64_C(4096) << (2 * row[_i].granule);

	SCRIPT(g, ste, 0, ". sync . sync . sync . T0 T16 T24 ste sync . T0 ste sync . prefetch . ");
	ck_assert_uint_eq(word(g, ste), 0xd);
	ck_assert_uint_eq(word(g, ste + 8), 0); /* no attribute override in IDR1 */
	ck_assert_uint_eq(w2 & 0xffffffff, 1); /* VMID */
	ck_assert_uint_eq(w2 >> 32 & 63, row[_i].t0sz);
	ck_assert_uint_eq(w2 >> 38 & 3, row[_i].sl0);
	ck_assert_uint_eq(w2 >> 40 & 0x3f, 0x35); /* write-back, inner shareable */
	ck_assert_uint_eq(w2 >> 46 & 3, row[_i].tg);
	ck_assert_uint_eq(w2 >> 48 & 7, row[_i].ps);
	ck_assert_uint_eq(w2 >> 51, 0x89); /* AA64, PTW, R */
	/* the last page of the input range is a page of this domain, aligned tables hold it */
	uint64_t top = UINT64_C(1) << (64 - row[_i].t0sz), ttb = word(g, ste + 24);
	unsigned s = 9 + 2 * row[_i].granule, start = row[_i].granule == DRV_GRANULE_4K ? 2 - row[_i].sl0 : 3 - row[_i].sl0;
	unsigned lg2 = 12 + 2 * row[_i].granule + s * (3 - start);

	ck_assert_uint_eq(ttb & ((8 * top >> lg2) - 1), 0);
	RUN(g, MAPREC(top - page, page * 5, page));
	ck_assert_int_eq(g->rc, 0);
	ttb += 8 * ((top - 1) >> lg2);
	for (; start < 3; start++) {
		ck_assert_uint_eq(word(g, ttb) & 0xfff, 3);
		ttb = (word(g, ttb) & ~UINT64_C(0xfff)) + 8 * ((UINT64_C(1) << s) - 1);
	}
	ck_assert_uint_eq(word(g, ttb), page * 5 + 0x7ff);
	RUN(g, UNMAPREC(top - page, page));
	EXPECT(g, 1, 1, { 0x10000002a, (top - page) | (row[_i].granule + 1) << 10 | 0x301 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x100000028, 0 });
	RUN(g, SW(TRC_MAP, .iova = 0, .pa = 0, .size = page, .perm = XL_W));
	ck_assert_int_eq(g->rc, 0);
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, 0, "T0 ste sync . T16 T24 ste sync . prefetch . ");
	rig_close(g);
}
END_TEST

/* Stage 1 in 16 and 64 KiB pages. */
START_TEST(granules)
{
	static const struct { uint32_t granule; uint64_t page, block; unsigned tg0, reads; uint64_t unmap[2]; } row[] = {
		{ DRV_GRANULE_16K, 0x4000, 0x2000000, 2, 4, { 0x1000000000012, 0xb01 } }, { DRV_GRANULE_64K, 0x10000, 0x20000000, 1, 3, { 0x1000000000012, 0xf01 } },
	};
	struct rig *g = rig_open(full);
	const uint64_t page = row[_i].page, mask = ~(page - 1) & UINT64_C(0xffffffffffff);
	unsigned s = 11 + 2 * (unsigned)_i, g_lg2 = 14 + 2 * (unsigned)_i;

	g->c.smmu_granule = row[_i].granule;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x80000000, 0x40000000, page), MAPREC(0x40000000, 0x80000000, row[_i].block));
	uint64_t cd = cd_of(g, RID, 0, 0), t = word(g, cd + 8);

	ck_assert_uint_eq(word(g, cd) & 0xff, 16u | row[_i].tg0 << 6);
	for (unsigned l = 4 - row[_i].reads; l < 3; l++) {
		t = word(g, t + 8 * ((UINT64_C(0x80000000) & (l == 4 - row[_i].reads ? ~UINT64_C(0) : (UINT64_C(1) << (g_lg2 + s * (4 - l))) - 1)) >> (g_lg2 + s * (3 - l))));
		ck_assert_uint_eq(t & 0xfff, 3);
		t &= mask;
	}
	ck_assert_uint_eq(word(g, t), 0x40000f47);
	RUN(g, UNMAPREC(0x80000000, page));
	EXPECT(g, 1, 1, { row[_i].unmap[0], 0x80000000 | row[_i].unmap[1] });
	RUN(g, UNMAPREC(0x40000000, row[_i].block)); /* one command, level 2 */
	EXPECT(g, 1, 1, { 0x1000000000012 | (uint64_t)s << 20, 0x40000000 | ((row[_i].unmap[1] & 0xc00) | 0x201) });
	RUN(g, MAPREC(0x80001000, 0x40000000, page));
	ck_assert_int_eq(g->rc, -1);
	ck_assert_ptr_nonnull(strstr(g->e.msg, _i ? "64 KiB" : "16 KiB"));
	rig_close(g);
}
END_TEST

START_TEST(lazy)
{
	struct rig *g = rig_open(captured);

	g->c.policy = DRV_LAZY;
	g->c.lazy_len = 3;
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x200000), MAPREC(0x40000000, 0x40000000, 0x200000));
	RUN(g, UNMAPREC(0, 0x1000), UNMAPREC(0x1000, 0x1000));
	NOTHING(g);
	RUN(g, UNMAPREC(0x40000000, 0x200000)); /* full: by ASID */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, UNMAPREC(0x2000, 0x1000));
	NOTHING(g);
	RUN(g, MAPREC(0x2000, 0x100000, 0x1000)); /* not given out again before its flush */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, UNMAPREC(0, 0x200000)); /* a table goes: flushed at once */
	EXPECT(g, 1, 1, { 0x1000000900012, 0x400 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	rig_close(g);
}
END_TEST

START_TEST(ats_order)
{
	struct rig *g = rig_open(plain_ats);
	const uint64_t all = UINT64_C(0x2000000040);
	uint64_t ste, cd;

	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	ck_assert_uint_eq(g->n, 1); /* a device event alone does not start the driver */
	RUN(g, SW(TRC_ATTACH));
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	SCRIPT(g, ste, cd, ". sync . sync . T0 C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . atc sync . ");
	ck_assert_uint_eq(word(g, ste + 8), 0x100000d6); /* EATS 1 */
	RUN(g, MAPREC(0x3000, 0x100000, 0x4000));
	RUN(g, UNMAPREC(0x3000, 0x4000)); /* TLB first, then the ATC: 0x3000..0x6fff is in one span of 32 KiB */
	EXPECT(g, 2, 2, { 0x1000000200012, 0x3701 }, { all, 0x3 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000000000011, 0 }, { all, ALL });
	RUN(g, DEVREC(TRC_DEV_ATS_OFF));
	SCRIPT(g, ste, cd, "dev T8 ste sync . prefetch . atc sync . ");
	EXPECT(g, 2, 3, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { all, ALL });
	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	SCRIPT(g, ste, cd, "T8 ste sync . prefetch . atc sync . dev ");
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . atc sync . C0 cd sync . C8 C24 cd sync . ");
	RUN(g, SW(TRC_ATTACH, .type = "pt")); /* another mode of the same domain */
	ck_assert_int_eq(g->rc, -1);
	rig_close(g);
	g = rig_open(plain_ats);
	RUN(g, DEVREC(TRC_DEV_ATS_ON), SW(TRC_ATTACH, .type = "pt"));
	ck_assert_uint_eq(word(g, ste_of(g, RID) + 8) >> 28 & 3, 0); /* none in bypass */
	rig_close(g);
}
END_TEST

/* A change of domain: what can change in one step does; two live doublewords make a break. */
START_TEST(domain_changes)
{
	struct rig *g = rig_open(plain_ats);
	uint64_t ste, cd;

#define TO(d, t) RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, d, .type = t))
	TO(1, "fs");
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	TO(2, "fs"); /* ASID and TTB0 */
	SCRIPT(g, ste, cd, "C0 cd sync . C8 cd sync . C0 cd sync . prefetch . ");
	ck_assert_uint_eq(word(g, cd) >> 48, 2);
	TO(3, "pt"); /* stage 1 to bypass: one doubleword */
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . C0 cd sync . C8 C24 cd sync . ");
	ck_assert_uint_eq(word(g, ste), 9);
	TO(4, "ss");
	SCRIPT(g, ste, cd, "T16 T24 ste sync . T0 ste sync . prefetch . ");
	TO(5, "ss"); /* VMID and S2TTB */
	SCRIPT(g, ste, cd, "T0 ste sync . T16 T24 ste sync . T0 ste sync . prefetch . ");
	TO(1, "fs"); /* Config and VMID */
	SCRIPT(g, ste, cd, "C8 C24 cd sync . C0 cd sync . T0 ste sync . T8 T16 T24 ste sync . T0 ste sync . prefetch . ");
	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	TO(2, "fs"); /* ATS stays on: flushed behind the change */
	SCRIPT(g, ste, cd, "C0 cd sync . C8 cd sync . C0 cd sync . prefetch . atc sync . ");
	RUN(g, SWF(TRC_DETACH, RID, TRC_NO_PASID, 2), SWF(TRC_FLUSH, RID, TRC_NO_PASID, 1));
	ck_assert_int_eq(g->rc, 0);
#undef TO
	rig_close(g);
}
END_TEST

START_TEST(pasids)
{
	struct rig *g = rig_open(full);
	uint64_t ste, cd;

	g->c.smmu_ssid_bits = _i ? 10 : 20; /* 1: a linear table */
	RUN(g, SW(TRC_ATTACH, .type = "pt"));
	ste = ste_of(g, RID);
	RUN(g, SWF(TRC_ATTACH, RID, 0x345, 2));
	cd = cd_of(g, RID, 0x345, 0);
	ck_assert_uint_eq(word(g, ste) >> 59, _i ? 10 : 20);
	ck_assert_uint_eq(word(g, ste) >> 4 & 3, _i ? 0 : 2);
	ck_assert_uint_eq(word(g, ste + 8) & 3, 1); /* requests without PASID bypass stage 1 */
	SCRIPT(g, ste, cd, _i ? "C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . " :
		"cd sync . C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . "); /* first a new level 1 descriptor */
	RUN(g, SWF(TRC_MAP, RID, TRC_NO_PASID, 2, .iova = 0, .pa = 0x100000, .size = 0x1000, .perm = XL_R));
	RUN(g, DEVREC(TRC_DEV_ATS_ON), SWF(TRC_UNMAP, RID, TRC_NO_PASID, 2, .iova = 0, .size = 0x1000));
	EXPECT(g, 4, 5, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { 0x2000000040, ALL }, { 0x1000000000012, 0x701 }, { 0x2000345840, 0 });
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 2)); /* the same domain without PASID: S1DSS 2; the STE changes in one step */
	ck_assert_uint_eq(word(g, ste + 8) & 3, 2);
	SCRIPT(g, ste, cd_of(g, RID, 0, 0), "C8 C24 cd sync . C0 cd sync . T8 ste sync . prefetch . atc sync . ");
	RUN(g, SWF(TRC_DETACH, RID, 0x345, 2));
	SCRIPT(g, ste, cd, "C0 cd sync . C8 C24 cd sync . atc sync . ");
	RUN(g, SWF(TRC_ATTACH, RID, 5, 3), SWF(TRC_DETACH, RID, TRC_NO_PASID, 2)); /* PASIDs only: others are refused */
	ck_assert_uint_eq(word(g, ste) & 15, 0xb);
	ck_assert_uint_eq(word(g, ste + 8) & 3, 0);
	RUN(g, SWF(TRC_DETACH, RID, 5, 3));
	ck_assert_int_eq(g->rc, 0);
	ck_assert_uint_eq(word(g, ste), 1);
	rig_close(g);
}
END_TEST

START_TEST(nested)
{
	struct rig *g = rig_open(full);
	uint64_t ste, cd, off, ttb;

	off = g->c.s2_offset;
	RUN(g, SW(TRC_ATTACH, .type = "nested"), MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, off);
	ck_assert_uint_eq(word(g, ste) & 15, 0xf);
	ck_assert_uint_eq(word(g, ste + 8), 0x080800d6); /* MEV, S1STALLD of a unit that can stall */
	ck_assert_uint_eq(word(g, ste + 16) & 0xffff, 1);
	ck_assert_uint_eq(word(g, cd) >> 48, 1); /* the guest's first ASID */
	ttb = word(g, cd + 8) - off;
	for (int i = 0; i < 3; i++)
		ttb = (word(g, ttb) & ~UINT64_C(0xfff)) - off;
	ck_assert_uint_eq(word(g, ttb + 8), 0x100f47 + off);
	RUN(g, UNMAPREC(0x1000, 0x1000), SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000100000012, 0x1701 }, { 0x1000100000011, 0 });
	RUN(g, SWF(TRC_ATTACH, 0x21, TRC_NO_PASID, 2)); /* a domain of the host has ASID 1 too, in VMID 0 */
	ck_assert_uint_eq(word(g, cd_of(g, 0x21, 0, 0)) >> 48, 1);
	RUN(g, SWF(TRC_ATTACH, 0x22, TRC_NO_PASID, 3, .type = "ss"));
	ck_assert_uint_eq(word(g, ste_of(g, 0x22) + 16) & 0xffff, 2);
	rig_close(g);
}
END_TEST

START_TEST(linear_stream_table)
{
	static const uint32_t small[5] = { 0x0544101b, 0x02730008, 0, 0x15, 0 }; /* one level, 8 StreamID bits, no RIL */
	struct rig *g = rig_open(small);

	RUN(g, SW(TRC_ATTACH));
	ck_assert_uint_eq(g->cfg, 8);
	ck_assert_uint_eq(word(g, g->strtab + 64 * 255), 1);
	ck_assert_uint_eq(word(g, ste_of(g, RID)) & 15, 0xb);
	RUN(g, SWF(TRC_ATTACH, 0x100, TRC_NO_PASID, 2));
	ck_assert_ptr_nonnull(strstr(g->e.msg, "8 StreamID bits"));
	rig_close(g);
}
END_TEST

START_TEST(user_mistakes)
{
	static const struct {
		struct trc_rec r[2];
		const char *say;
		uint32_t ril, sync, granule, e2h, levels;
	} row[] = {
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH) }, "already attached", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_DETACH, 0x311, TRC_NO_PASID, 1) }, "not attached", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 1, TRC_NO_PASID, 2, .type = "sv") }, "unknown attach type", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 1, TRC_NO_PASID, 2, .type = "legacy") }, "mode of VT-d", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, TRC_NO_PASID, 1, .type = "ss") }, "domain 1 is fs, not ss", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, 5, 1) }, "PASID 5", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), MAPREC(0x1001, 0x100000, 0x1000) }, "4 KiB", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), MAPREC(UINT64_C(1) << 48, 0x100000, 0x1000) }, "48-bit", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SW(TRC_MAP, .pa = UINT64_C(1) << 44, .size = 0x1000, .perm = XL_R) }, "44 bits", 0, 0, 0, 0, 0 },
		{ { MAPREC(0, 0x100000, 0x2000), MAPREC(0x1000, 0x200000, 0x1000) }, "already mapped", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "pt"), MAPREC(0, 0x100000, 0x1000) }, "pass-through", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), { .kind = TRC_ATTACH, .unit = 1 } }, "no unit 1", 0, 0, 0, 0, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "IDR0.MSI", 0, DRV_SYNC_MSI, 0, 0, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "EL2", 0, 0, 0, 1, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "4 levels", 0, 0, 0, 0, 5 },
	};
	struct rig *g = rig_open(captured);

	g->c.smmu_ril = row[_i].ril;
	g->c.smmu_sync = row[_i].sync;
	g->c.smmu_e2h = row[_i].e2h;
	g->c.levels = row[_i].levels;
	rig_run(g, row[_i].r, row[_i].r[1].kind ? 2 : 1);
	ck_assert_int_eq(g->rc, -1);
	ck_assert_int_eq(g->e.code, ERR_INPUT);
	ck_assert_msg(strstr(g->e.msg, row[_i].say) != NULL, "row %d: %s", _i, g->e.msg);
	rig_close(g);
}
END_TEST

START_TEST(unit_lacks)
{
	static const struct { uint32_t id[5], mode, ril, granule; const char *say; } row[] = {
		{ { 0x0d44101b, 0x02730010, 0x1014, 0x74, 0 }, DRV_MODE_AUTO, DRV_RIL_ON, 0, "IDR3.RIL" },
		{ { 0x0d44101b, 0x02730010, 0x1414, 0x54, 0 }, DRV_MODE_AUTO, 0, DRV_GRANULE_16K, "smmu_granule" },
		{ { 0x0d441019, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "IDR0.S1P" }, /* stage 2 only */
		{ { 0x0d44101a, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_SS, 0, 0, "IDR0.S2P" },
		{ { 0x0d44101b, 0x02730010, 0x1414, 0x74, 0x4870043b }, DRV_MODE_NESTED, 0, 0, "erratum" },
		{ { 0x0d44101b, 0x00d30010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "IDR1.CMDQS" }, /* 64 commands */
		{ { 0x0d441017, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "VMSAv8-64" },
		{ { 0x0544101b, 0x02730020, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "linear stream table" },
	};
	struct rig *g = rig_open(row[_i].id);

	g->c.mode = row[_i].mode;
	g->c.smmu_ril = row[_i].ril;
	g->c.smmu_granule = row[_i].granule;
	RUN(g, SW(TRC_ATTACH));
	ck_assert_int_eq(g->rc, -1);
	ck_assert_msg(strstr(g->e.msg, row[_i].say) != NULL, "row %d: %s", _i, g->e.msg);
	rig_close(g);
}
END_TEST

static void show_diff(void *arg, const struct plat_diff *d)
{
	if (arg && (*(int *)arg)++ < 3)
		fprintf(stderr, "iova %" PRIx64 " rid %x: %s %" PRIx64 " code 0x%x, expected %" PRIx64 "\n", d->rec->u.dma.iova, d->rec->u.dma.rid,
			d->got.ok ? "ok" : "fault", d->got.spa, d->got.code, d->rec->u.dma.pa);
}

/* The generator's records, with every requester's ATS on first, and the changes of domain that churn does not make. */
struct feed {
	struct gen *g;
	const struct gen_cfg *c;
	uint32_t n_ats, line;
};
static int feed_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct feed *f = arg;

	if (f->n_ats < f->c->devices) {
		*r = (struct trc_rec){ .kind = TRC_DEVICE, .at = TRC_NO_TIME, .line = ++f->line };
		r->u.dev.rid = f->c->rid + f->n_ats++;
		r->u.dev.event = TRC_DEV_ATS_ON;
		return 1;
	}
	return gen_next(f->g, r, e);
}

enum { CACHE_DEFAULT, CACHE_TINY, CACHE_NONE, CACHE_SPLIT, CACHE_STREAM, CACHES };
static void set_caches(struct smmuv3_cfg *c, unsigned how)
{
	struct xc_cfg *x[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd, &c->walk };

	if (how == CACHE_TINY || how == CACHE_NONE)
		for (size_t i = 0; i < ARRAY_LEN(x); i++) {
			x[i]->entries = how == CACHE_TINY ? 4 : 0;
			x[i]->ways = how == CACHE_TINY ? 2 : 0;
		}
	if (how == CACHE_TINY || how == CACHE_NONE)
		for (unsigned i = 0; i < 3; i++)
			c->walk_s1[i] = c->walk_s2[i] = how == CACHE_TINY ? 4 : 0;
	c->tlb_split = how == CACHE_SPLIT;
	c->walk_unified = how == CACHE_SPLIT;
	if (how == CACHE_STREAM) {
		c->tbu_tag = SMMUV3_TAG_STREAM;
		c->tbu.entries = 64;
		c->utlb.entries = 8;
	}
}

static const struct shape {
	const char *name;
	uint32_t mode, levels, s2_page, page, policy, ril, granule, wait;
	uint64_t pasid;
	bool e2h, deaf; /* deaf: the unit ignores invalidations, so the churn must show */
} shapes[] = {
	{ "stage 1", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, by page", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_OFF, DRV_GRANULE_4K, DRV_WAIT_EACH, TRC_NO_PASID, false, false },
	{ "stage 1, 2M, lazy", DRV_MODE_AUTO, 0, 0, 1, DRV_LAZY, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, EL2, PASID, lazy", DRV_MODE_FS, 0, 0, 0, DRV_LAZY, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, 0x12345, true, false },
	{ "stage 1, EL2", DRV_MODE_FS, 3, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, true, false },
	{ "stage 1, 64K", DRV_MODE_FS, 0, 0, 1, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_64K, 0, TRC_NO_PASID, false, false },
	{ "stage 2", DRV_MODE_SS, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 2, 3 levels, by page, lazy", DRV_MODE_SS, 3, 0, 0, DRV_LAZY, DRV_RIL_OFF, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 2, 16K", DRV_MODE_SS, 0, 0, 1, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_16K, 0, TRC_NO_PASID, false, false },
	{ "nested", DRV_MODE_NESTED, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "nested, 2M above 2M, lazy, PASID", DRV_MODE_NESTED, 0, 1, 1, DRV_LAZY, DRV_RIL_OFF, DRV_GRANULE_4K, 0, 77, false, false },
	{ "nested, 1G stage 2, by page", DRV_MODE_NESTED, 0, 2, 0, DRV_STRICT, DRV_RIL_OFF, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "nested, 64K", DRV_MODE_NESTED, 0, 1, 1, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_64K, 0, TRC_NO_PASID, false, false },
	{ "bypass", DRV_MODE_PT, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, deaf unit", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
	{ "stage 2, deaf unit", DRV_MODE_SS, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
	{ "nested, deaf unit", DRV_MODE_NESTED, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
};

/* Generator, driver, platform and the real unit together; every shape with every set of caches (a deaf unit needs some). */
START_TEST(runs_on_the_unit)
{
	const struct shape *s = &shapes[_i / CACHES];
	unsigned caches = _i % CACHES;
	static char pt[] = "pt";
	struct plat_cfg pc = fake_plat_cfg();
	struct gen_cfg gc = { 0 };
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = s->deaf ? NULL : &diffs, .diff = show_diff };

	if (s->deaf && (caches == CACHE_TINY || caches == CACHE_NONE))
		return;
	struct plat *p = plat_create(&pc, &h, &e);

	cfg_defaults(gen_opts, &gc);
	cfg_defaults(drv_opts, &dc);
	cfg_defaults(smmuv3_opts, &uc);
	uc.ignore_invalidations = s->deaf;
	set_caches(&uc, caches);
	dc.mode = s->mode;
	dc.levels = s->levels;
	dc.s2_page = s->s2_page;
	dc.policy = s->policy;
	dc.smmu_ril = s->ril;
	dc.smmu_granule = s->granule;
	dc.wait = s->wait;
	dc.smmu_e2h = s->e2h;
	dc.pool_bytes = UINT64_C(4) << 30;
	gc.window = (UINT64_C(4096) << (9 * s->page)) * 40;
	gc.page = s->page;
	gc.pasid = s->pasid;
	gc.devices = 3;
	gc.count = 1500;
	gc.churn = 20;
	if (s->mode == DRV_MODE_PT)
		gc.type = pt;
	struct iommu *u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u != NULL, "%s", e.msg);
	ck_assert(plat_add_unit(p, u, &e));
	struct feed f = { .g = gen_create(&gc, 3, &e), .c = &gc };
	struct drv *d = drv_create(&dc, p, feed_next, &f, &e);

	ck_assert_msg(f.g && d, "%s", e.msg);
	ck_assert_msg(plat_run(p, drv_next, d, true, &e), "%s, caches %u: %s", s->name, caches, e.msg);
	ck_assert_msg((plat_verified(p)->disagree != 0) == s->deaf, "%s, caches %u: %" PRIu64 " differ", s->name, caches, plat_verified(p)->disagree);
	ck_assert_uint_eq(plat_verified(p)->agree + plat_verified(p)->disagree, gc.count);
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x60, 4), 0); /* GERROR: no error of the queue */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x100a8, 4), 0); /* EVENTQ_PROD: no event */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x98, 4), u->ops->mmio_read(u, 0x9c, 4)); /* every command was taken */
	drv_destroy(d);
	gen_destroy(f.g);
	plat_destroy(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_smmuv3");
	TCase *t = tcase_create("smmuv3");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, reset_sequence);
	tcase_add_test(t, reset_with_everything);
	tcase_add_test(t, stage1_entries_and_order);
	tcase_add_test(t, unmap_by_range);
	tcase_add_loop_test(t, unmap_by_page, 0, 4);
	tcase_add_test(t, queue_wraps);
	tcase_add_test(t, options_of_flushes);
	tcase_add_loop_test(t, stage2, 0, 9);
	tcase_add_loop_test(t, granules, 0, 2);
	tcase_add_test(t, lazy);
	tcase_add_test(t, ats_order);
	tcase_add_test(t, domain_changes);
	tcase_add_loop_test(t, pasids, 0, 2);
	tcase_add_test(t, nested);
	tcase_add_test(t, linear_stream_table);
	tcase_add_loop_test(t, user_mistakes, 0, 15);
	tcase_add_loop_test(t, unit_lacks, 0, 8);
	tcase_add_loop_test(t, runs_on_the_unit, 0, (int)(ARRAY_LEN(shapes) * CACHES));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
