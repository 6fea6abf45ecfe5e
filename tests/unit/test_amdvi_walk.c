/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks of the AMD-Vi unit against the formulas and rules of document 48882: memory references of cold walks, page sizes of host tables,
 * skipped levels, permissions, accessed and dirty bits, guest tables, GCR3 tables. Tables are encoded by hand (amdvi_tables.h).
 */
#include "amdvi_tables.h"

#define DATA UINT64_C(0x40000000)
static const uint64_t hi = UINT64_C(0x000e800000000000); /* page-table outputs may lie beyond memory */

struct cost {
	uint64_t reads, updates;
};

static struct cost cost_now(const struct at *t)
{
	return (struct cost){ t->r->u->st.walk_reads, t->r->u->st.walk_updates };
}

/* A request that succeeds; what it read and updated beside the DTE. */
static struct cost run(struct at *t, const struct xl_req *q, struct xl_res *r)
{
	struct cost a = cost_now(t), b;

	*r = at_run(t, q);
	b = cost_now(t);
	return (struct cost){ b.reads - a.reads, b.updates - a.updates };
}

static void want(struct at *t, const struct xl_req *q, uint64_t spa, unsigned lg2, uint64_t reads, uint64_t updates, const char *what,
                 unsigned a, unsigned b, unsigned c)
{
	struct xl_res r, now = at_now(t, q);
	struct cost k = run(t, q, &r);

	must(r.ok, "%s %u %u %u: code %u flags %lx", what, a, b, c, r.code, r.info[0]);
	must(r.spa == spa && r.size_lg2 == lg2, "%s %u %u %u: %lx 2^%u, want %lx 2^%u", what, a, b, c, r.spa, r.size_lg2, spa, lg2);
	must(k.reads == reads && k.updates == updates, "%s %u %u %u: %lu reads %lu updates, want %lu %lu", what, a, b, c, k.reads,
	     k.updates, reads, updates);
	must(now.ok && now.spa == spa, "%s %u %u %u: the zero-time walk says %lx", what, a, b, c, now.spa);
}

#define GN AEV_F_GN
enum { NP = 0, PR = 1, PR_PE = 3, PR_RZ = 5 }; /* bits 52, 54 and 55 squeezed */

/* An IO_PAGE_FAULT whose flags beside GN and RW are @flags; returns the first word. */
static uint64_t fault(struct at *t, const struct xl_req *q, unsigned flags, const char *what, unsigned a, unsigned b, unsigned c)
{
	struct xl_res r = at_run(t, q), now = at_now(t, q);
	uint64_t rec[2];
	unsigned seen;

	must(!r.ok && r.code == 2, "%s %u %u %u: ok %d code %u spa %lx", what, a, b, c, r.ok, r.code, r.spa);
	must(!now.ok && now.code == 2, "%s %u %u %u: the zero-time walk disagrees", what, a, b, c);
	must(at_event(t, rec), "%s %u %u %u: no event", what, a, b, c);
	seen = (unsigned)(rec[0] >> 52 & 1) | (unsigned)(rec[0] >> 54 & 1) << 1 | (unsigned)(rec[0] >> 55 & 1) << 2;
	must(rec[0] >> 60 == 2 && seen == flags, "%s %u %u %u: event %lx, want flags %x", what, a, b, c, rec[0], flags);
	must((rec[0] >> 53 & 1) == !!(q->acc & XL_W), "%s: RW in %lx", what, rec[0]);
	return rec[0];
}

/* ---- host tables: references, 5.4 ---- */

static uint64_t ia_of(unsigned mode, unsigned level)
{
	static const uint64_t part[] = { 0, 0x5ull << 12, 0x123ull << 21, 0x45ull << 30, 0x1c7ull << 39, 0x38ull << 48, 0x2bull << 57 };
	uint64_t a = 0;

	for (unsigned l = level; l <= mode; l++)
		a |= part[l];
	return a;
}

START_TEST(host_references)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned mode = 1; mode <= 6; mode++)
		for (unsigned level = 1; level <= mode && level <= 5; level++) {
			uint64_t in = (AT_B(at_shift(level)) - 1) & UINT64_C(0x123456789abc8), spa = hi & ~(AT_B(at_shift(level)) - 1);
			struct at_dev d;
			struct xl_req q;

			at_host_dev(&t, &d, AT_DEV, AT_DOM, mode);
			at_h_map(&t, &d.h, ia_of(mode, level), spa, level, AT_RW);
			q = at_req(AT_DEV, ia_of(mode, level) | in, XL_W);
			want(&t, &q, spa | in, at_shift(level), 1 + mode - level + 1, 0, "host mode, level", mode, level, 0);
			q.acc = XL_R | XL_W | XL_ATOMIC;
			want(&t, &q, spa | in, at_shift(level), 1 + mode - level + 1, 0, "atomic, host mode, level", mode, level, 0);
			for (unsigned had = 0; had < 4; had++) { /* A in every entry; D in the leaf of a write */
				for (unsigned w = 0; w < 2; w++) {
					unsigned n = had == 0 ? 0 : mode - level + 1;

					if (had == 2)
						continue;
					at_host_dev(&t, &d, AT_DEV, AT_DOM, mode);
					at_h_map(&t, &d.h, ia_of(mode, level), spa, level, AT_RW);
					d.dte[0] |= AT_HAD(had);
					at_put_dte(&t, &d);
					q.acc = w ? XL_W : XL_R;
					want(&t, &q, spa | in, at_shift(level), 1 + mode - level + 1, n, "A/D mode, level, HAD", mode,
					     level, had);
					for (unsigned l = level; l <= mode; l++) {
						uint64_t e = at_get(&t, at_h_entry(&t, &d.h, q.iova, l));

						must(!!(e & AT_A) == (had != 0), "A, mode %u level %u HAD %u: %lx", mode, l, had, e);
						must(!!(e & AT_D) == (had == 3 && w && l == level), "D, mode %u level %u HAD %u: %lx", mode,
						     l, had, e);
					}
					want(&t, &q, spa | in, at_shift(level), 1 + mode - level + 1, 0, "again", mode, level, had);
					if (!w) { /* a write after the read sets D alone */
						q.acc = XL_W;
						want(&t, &q, spa | in, at_shift(level), 1 + mode - level + 1, had == 3, "then a write",
						     mode, level, had);
					}
				}
			}
		}
	at_close(&t);
}
END_TEST

/* Every set of skipped levels between the DTE and the leaf, and every bit of the skipped levels. The DTE's Mode skips the levels above. */
START_TEST(skipped_levels)
{
	unsigned mode = (unsigned)_i + 2;
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned level = 1; level < mode && level <= 5; level++)
		for (unsigned skip = 0; skip < 1u << (mode - level - 1); skip++) {
			unsigned mask = skip << (level + 1), gone = 0;
			uint64_t ia = 0, spa = hi & ~(AT_B(at_shift(level)) - 1);
			struct at_dev d;
			struct xl_req q;

			at_host_dev(&t, &d, AT_DEV, AT_DOM, mode);
			d.h.skip = mask;
			for (unsigned l = level; l <= mode; l++) {
				gone += mask >> l & 1;
				if (!(mask >> l & 1))
					ia |= ia_of(l, l);
			}
			at_h_map(&t, &d.h, ia, spa, level, AT_RW);
			q = at_req(AT_DEV, ia + 8, XL_R);
			want(&t, &q, spa + 8, at_shift(level), 1 + mode - level + 1 - gone, 0, "skip mode, leaf, mask", mode, level, mask);
			for (unsigned b = at_shift(level + 1); b < at_shift(mode); b++) {
				unsigned l = (b - 3) / 9;

				if (!(mask >> l & 1))
					continue;
				q.iova = (ia + 8) | AT_B(b);
				(void)fault(&t, &q, PR, "bit of a skipped level, mode, mask, bit", mode, mask, b);
			}
		}
	at_close(&t);
}
END_TEST

static void upper_ignored(struct amdvi_cfg *c)
{
	c->upper_bits_ignored = true;
}

/* 5.1, step 7: address bits above the reach of Mode; the option ignores them. */
START_TEST(above_mode)
{
	struct at_opt o = { .tweak = _i ? upper_ignored : NULL };
	struct at t;

	at_open(&t, &o);
	for (unsigned mode = 1; mode <= 5; mode++) {
		struct at_dev d;

		at_host_dev(&t, &d, AT_DEV, AT_DOM, mode);
		at_h_map(&t, &d.h, 0, DATA, 1, AT_RW);
		for (unsigned b = at_shift(mode + 1); b < 64; b++) {
			struct xl_req q = at_req(AT_DEV, AT_B(b) | 0x10, XL_R);

			if (_i)
				want(&t, &q, DATA + 0x10, 12, 1 + mode, 0, "bit above mode", mode, b, 0);
			else
				(void)fault(&t, &q, PR, "bit above mode", mode, b, 0);
		}
	}
	at_close(&t);
}
END_TEST

/* Every k of NextLevel 7 at every level: legal only between this level's size and the next one's. */
START_TEST(every_size)
{
	unsigned level = (unsigned)_i + 1;
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned k = 0; k < 40; k++) { /* of k = 40 (no address bit left) the specification text is not clear */
		unsigned lg2 = 12 + k + 1;
		uint64_t spa = lg2 < 52 ? UINT64_C(0x000fedcba9876000) & ~(AT_B(lg2) - 1) : 0, e = at_sized(spa, lg2);
		uint64_t ia = UINT64_C(3) << 57 | UINT64_C(0x55) << 48, in = AT_B(lg2 - 1) | (level <= 5 ? 0x1238 : 0);
		struct at_dev d;
		struct xl_req q;

		at_host_dev(&t, &d, AT_DEV, AT_DOM, 6);
		must((e >> 12 & (AT_B(k + 1) - 1)) == AT_B(k) - 1, "encoding of k %u: %lx", k, e);
		if (level < 6 && lg2 > at_shift(level) && lg2 < at_shift(level + 1)) {
			ia &= ~(AT_B(lg2) - 1);
			at_h_sized(&t, &d.h, ia, spa, lg2, AT_RW);
			q = at_req(AT_DEV, ia | in, XL_W);
			want(&t, &q, spa | in, lg2, 1 + 6 - level + 1, 0, "size, level, k", level, k, lg2);
			q.iova = ia;
			want(&t, &q, spa, lg2, 1 + 6 - level + 1, 0, "size, level, k", level, k, lg2);
			q.iova = ia + AT_B(lg2) - 8;
			want(&t, &q, spa + AT_B(lg2) - 8, lg2, 1 + 6 - level + 1, 0, "size, level, k", level, k, lg2);
		} else {
			at_put(&t, at_h_entry(&t, &d.h, ia, level), e | AT_RW);
			q = at_req(AT_DEV, ia, XL_R);
			(void)fault(&t, &q, PR, "illegal size, level, k", level, k, lg2);
		}
	}
	at_close(&t);
}
END_TEST

/* Worked encodings of the text: 8 KB, 64 KB, 4 MB, 2 GB. */
START_TEST(encodings)
{
	static const struct {
		uint64_t e, ia, spa;
		unsigned level, lg2;
	} row[] = {
		{ 0x6000000000010e01, 0x11238, 0x11238, 1, 13 },
		{ 0x6000000000017e01, 0x1f238, 0x1f238, 1, 16 },
		{ 0x60000000005ffe01, 0x7ff008, 0x7ff008, 2, 22 },
		{ 0x60000000bffffe01, 0xfffff008, 0xfffff008, 3, 31 },
	};
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct at_dev d;
		struct xl_req q = at_req(AT_DEV, row[i].ia, XL_R);

		at_host_dev(&t, &d, AT_DEV, AT_DOM, 4);
		at_put(&t, at_h_entry(&t, &d.h, row[i].ia, row[i].level), row[i].e);
		want(&t, &q, row[i].spa, row[i].lg2, 1 + 4 - row[i].level + 1, 0, "worked example", i, 0, 0);
	}
	at_close(&t);
}
END_TEST

/* With an encoded size A and D go into the entry that the address selects, and into no other. */
START_TEST(replicas)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned had = 0; had < 4; had++)
		for (unsigned lg2 = 13; lg2 < 21; lg2++) {
			unsigned n = 1u << (lg2 - 12), pick = n * 2 / 3;
			struct at_dev d;
			struct xl_req q;
			uint64_t at;

			if (had == 2)
				continue;
			at_host_dev(&t, &d, AT_DEV, AT_DOM, 2);
			d.dte[0] |= AT_HAD(had);
			at_put_dte(&t, &d);
			at = at_h_sized(&t, &d.h, AT_B(lg2), DATA, lg2, AT_RW);
			q = at_req(AT_DEV, AT_B(lg2) + pick * 0x1000, XL_W);
			want(&t, &q, DATA + pick * 0x1000, lg2, 3, had ? 2 : 0, "replicas, HAD, size", had, lg2, 0);
			for (unsigned i = 0; i < n; i++) {
				uint64_t e = at_get(&t, at + 8 * i), ad = i != pick || !had ? 0 : had == 1 ? AT_A : AT_A | AT_D;

				must((e & (AT_A | AT_D)) == ad, "HAD %u, size %u, entry %u: %lx", had, lg2, i, e);
			}
		}
	at_close(&t);
}
END_TEST

/* ---- host tables: faults ---- */

START_TEST(next_levels)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned level = 1; level <= 6; level++)
		for (unsigned next = 0; next < 7; next++) {
			struct at_dev d;
			struct xl_req q = at_req(AT_DEV, 0, XL_R);
			uint64_t table = at_alloc(&t, 12), last = at_alloc(&t, 12);

			at_host_dev(&t, &d, AT_DEV, AT_DOM, 6);
			at_put(&t, at_h_entry(&t, &d.h, 0, level), table | (uint64_t)next << 9 | AT_RW);
			if (next == 0 ? level == 6 : next >= level) {
				(void)fault(&t, &q, PR, "next level", level, next, 0);
				continue;
			}
			if (next)
				at_put(&t, table, (next > 1 ? UINT64_C(1) << 9 | last : DATA) | AT_RW);
			at_put(&t, last, DATA | AT_RW);
			must(at_run(&t, &q).ok, "level %u next %u", level, next);
		}
	at_close(&t);
}
END_TEST

/* Every bit of an entry beside the address and NextLevel: reserved ones fault with RZ, ignored ones do not. */
START_TEST(reserved_bits)
{
	static const unsigned skip_bits[] = { 0, 5, 6, 9, 10, 11, 61, 62 };
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned leaf = 0; leaf < 2; leaf++)
		for (unsigned b = 1; b < 64; b++) {
			bool rsvd = leaf ? b >= 52 && b <= 58 : b >= 52 && b <= 60, skip = b >= 12 && b < 52;
			struct at_dev d;
			struct xl_req q = at_req(AT_DEV, 0x7008, XL_R);

			for (unsigned i = 0; i < ARRAY_LEN(skip_bits); i++)
				skip |= b == skip_bits[i];
			if (skip)
				continue;
			at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
			at_h_map(&t, &d.h, 0x7000, DATA, 1, AT_RW);
			at_edit(&t, at_h_entry(&t, &d.h, 0x7000, leaf ? 1 : 2), AT_B(b), 0);
			if (rsvd)
				(void)fault(&t, &q, PR_RZ, "reserved bit, leaf", leaf, b, 0);
			else
				must(at_run(&t, &q).spa == DATA + 8, "ignored bit %u, leaf %u", b, leaf);
		}
	at_close(&t);
}
END_TEST

/* The order of the checks of one entry: two things are wrong at once. */
START_TEST(entry_order)
{
	static const struct {
		const char *what;
		uint64_t set, clr;
		unsigned next, flags;
	} row[] = {
		{ "not present, reserved", AT_B(55), AT_PR, 1, NP },
		{ "not present, no permission", 0, AT_PR | AT_IW, 1, NP },
		{ "not present, bad level", 0, AT_PR, 6, NP },
		{ "reserved, no permission", AT_B(55), AT_IW, 1, PR_RZ },
		{ "reserved, bad level", AT_B(55), 0, 3, PR_RZ },
		{ "no permission, bad level", 0, AT_IW, 3, PR_PE },
		{ "no permission, bad size", 0x000ffffffffff000, AT_IW, 7, PR_PE },
		{ "reserved, bad size", AT_B(53) | 0x000ffffffffff000, 0, 7, PR_RZ },
		{ "FC and U of a leaf", AT_FC | AT_B(59), AT_PR, 0, NP },
		{ "FC of a table", AT_FC, AT_IW, 1, PR_RZ },
	};
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct at_dev d;
		struct xl_req q = at_req(AT_DEV, 0x7008, XL_W);
		uint64_t at;

		at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
		at_h_map(&t, &d.h, 0x7000, DATA, 1, AT_RW);
		at = at_h_entry(&t, &d.h, 0x7000, 2);
		at_edit(&t, at, row[i].set | (uint64_t)row[i].next << 9, row[i].clr | UINT64_C(7) << 9);
		(void)fault(&t, &q, row[i].flags, row[i].what, i, 0, 0);
	}
	/* a skipped level's bit and the reserved bits of the next table: the skip comes first */
	{
		struct at_dev d;
		struct xl_req q = at_req(AT_DEV, 0x207008, XL_W);

		at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
		d.h.skip = 1 << 2;
		at_h_map(&t, &d.h, 0x7000, 0, 1, 0);
		(void)fault(&t, &q, PR, "skip, then not present", 0, 0, 0);
	}
	at_close(&t);
}
END_TEST

/* Effective permission: the AND over DTE and all levels. */
START_TEST(permissions)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned where = 0; where < 4; where++) /* 0: the DTE; level */
		for (unsigned perm = 0; perm < 4; perm++)
			for (unsigned acc = 1; acc < 4; acc++) {
				struct at_dev d;
				struct xl_req q = at_req(AT_DEV, 0x7008, acc == 1 ? XL_R : acc == 2 ? XL_W : XL_R | XL_W | XL_ATOMIC);
				uint64_t bits = (perm & 1 ? AT_IR : 0) | (perm & 2 ? AT_IW : 0);

				at_host_dev(&t, &d, AT_DEV, AT_DOM, 3);
				at_h_map(&t, &d.h, 0x7000, DATA, 1, AT_RW);
				if (where)
					at_edit(&t, at_h_entry(&t, &d.h, 0x7000, where), bits, AT_IR | AT_IW);
				d.dte[0] &= where ? ~UINT64_C(0) : ~(AT_IR | AT_IW) | bits;
				at_put_dte(&t, &d);
				if (acc & ~perm) {
					(void)fault(&t, &q, PR_PE, "permission where, perm, acc", where, perm, acc);
				} else {
					struct xl_res r = at_run(&t, &q);

					must(r.ok && (r.perm & 3) == perm, "where %u perm %u acc %u: perm %u", where, perm, acc, r.perm);
				}
			}
	at_close(&t);
}
END_TEST

/* Mode 0 without a guest stage: SPA = address, IR and IW still count; FC reaches the answer. */
START_TEST(mode_0)
{
	struct at_opt o = { 0 };
	struct at t;
	struct at_dev d;
	struct xl_req q = at_req(AT_DEV, UINT64_C(0xfedcba9876543210), XL_W);

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 0);
	want(&t, &q, q.iova, 12, 1, 0, "mode 0", 0, 0, 0);
	d.dte[0] &= ~AT_IW;
	at_put_dte(&t, &d);
	(void)fault(&t, &q, PR_PE, "mode 0, no IW", 0, 0, 0);
	q.acc = XL_R;
	want(&t, &q, q.iova, 12, 1, 0, "mode 0, read", 0, 0, 0);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 1);
	at_h_map(&t, &d.h, 0, DATA, 1, AT_RW | AT_FC);
	q.iova = 8;
	ck_assert(at_run(&t, &q).snoop);
	at_h_map(&t, &d.h, 0, DATA, 1, AT_RW);
	ck_assert(!at_run(&t, &q).snoop);
	at_close(&t);
}
END_TEST

/* ---- guest tables: references X + G ---- */

START_TEST(guest_references)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned levels = 4; levels <= 5; levels++)
		for (unsigned glx = 0; glx < 3; glx++)
			for (unsigned level = 1; level <= 3; level++) {
				uint64_t ia = ia_of(levels - 1, level) | (UINT64_C(0x7f) << at_shift(levels)),
				         in = (AT_B(at_shift(level)) - 1) & 0x12345678;
				uint64_t spa = hi & ~(AT_B(at_shift(level)) - 1);
				uint32_t pasid = glx == 0 ? 0x1ab : glx == 1 ? 0x2cdab : 0xfedab;
				struct at_dev d;
				struct xl_req q;

				at_guest_dev(&t, &d, AT_DEV, AT_DOM, levels, glx);
				at_pasid(&t, &d, &d.g, pasid);
				at_g_map(&t, &d.g, ia, spa, level, AT_G);
				q = at_preq(AT_DEV, pasid, ia | in, XL_R);
				/* A in every guest entry, D in the leaf of a write; GCR3 entries have neither */
				want(&t, &q, spa | in, at_shift(level), 1 + glx + 1 + levels - level + 1, levels - level + 1,
				     "guest levels, GLX, leaf", levels, glx, level);
				want(&t, &q, spa | in, at_shift(level), 1 + glx + 1 + levels - level + 1, 0, "guest again", levels, glx,
				     level);
				q.acc = XL_W;
				want(&t, &q, spa | in, at_shift(level), 1 + glx + 1 + levels - level + 1, 1, "guest dirty", levels, glx,
				     level);
				want(&t, &q, spa | in, at_shift(level), 1 + glx + 1 + levels - level + 1, 0, "guest dirty again", levels,
				     glx, level);
				/* the same table for requests without PASID: GIoV and entry 0 */
				at_pasid(&t, &d, &d.g, 0);
				d.dte[0] |= AT_GIOV;
				at_put_dte(&t, &d);
				q = at_req(AT_DEV, ia | in, XL_W);
				want(&t, &q, spa | in, at_shift(level), 1 + glx + 1 + levels - level + 1, 0, "GIoV", levels, glx, level);
			}
	at_close(&t);
}
END_TEST

/* ---- nested walks: X + (G+1)(H+1) - 1, and X(H+1) + (G+1)(H+1) - 1 ---- */

START_TEST(nested_references)
{
	bool trp = _i & 1;
	struct at_opt o = { .ctl = trp ? AT_TRP : 0 };

	for (unsigned mode = 1; mode <= 6; mode++)
		for (unsigned levels = 4; levels <= 5; levels++)
			for (unsigned glx = 0; glx < 3; glx++) {
				unsigned H = mode, G = levels, X = glx + 1, n = 1 + (trp ? X * (H + 1) : X) + (G + 1) * (H + 1) - 1;
				uint64_t va = UINT64_C(0x77) << at_shift(levels) | 0x2233445000, gpa = 0x1f7000;
				struct at_host h;
				struct at_dev d;
				struct xl_req q;
				struct at t;

				at_open(&t, &o);
				h = at_h_new(&t, mode);
				at_nested_dev(&t, &d, AT_DEV, AT_DOM, &h, levels, glx);
				at_pasid(&t, &d, &d.g, 0x12);
				at_h_map(&t, &d.h, gpa, DATA, 1, AT_RW);
				at_g_map(&t, &d.g, va, gpa, 1, AT_G);
				q = at_preq(AT_DEV, 0x12, va + 0x18, XL_R);
				want(&t, &q, DATA + 0x18, 12, n, G, "nested mode, levels, GLX", mode, levels, glx);
				want(&t, &q, DATA + 0x18, 12, n, 0, "nested again", mode, levels, glx);
				q.acc = XL_W;
				want(&t, &q, DATA + 0x18, 12, n, 1, "nested dirty", mode, levels, glx);
				/* a guest large page saves H+1 per level; the smaller of both sizes is the answer's */
				at_g_map(&t, &d.g, va + AT_B(30), 0, 2, AT_G | AT_A | AT_D);
				q.iova = ((va + AT_B(30)) & ~UINT64_C(0x1fffff)) + gpa + 0x18;
				want(&t, &q, DATA + 0x18, 12, n - (H + 1), 1, "nested, guest 2 MB", mode, levels, glx);
				/* a host large page saves one where the walk ends on it */
				if (mode > 1) {
					at_h_map(&t, &d.h, AT_B(29), UINT64_C(0x80000000), 2, AT_RW);
					at_g_map(&t, &d.g, va, AT_B(29) + 0x3000, 1, AT_G | AT_A | AT_D);
					q.iova = va + 0x18;
					want(&t, &q, UINT64_C(0x80003018), 12, n - 1, 0, "nested, host 2 MB", mode, levels, glx);
					at_g_map(&t, &d.g, va + AT_B(30), AT_B(29), 2, AT_G | AT_A | AT_D);
					q.iova = ((va + AT_B(30)) & ~UINT64_C(0x1fffff)) + 0x13018;
					want(&t, &q, UINT64_C(0x80013018), 21, n - (H + 1) - 1, 0, "nested, both 2 MB", mode, levels, glx);
				}
				at_close(&t);
			}
}
END_TEST

/* Both stages update: host A for every host entry, guest A for every guest entry; with HAD 3 the guest's updates make their pages dirty. */
START_TEST(nested_updates)
{
	struct at_opt o = { 0 };

	for (unsigned had = 0; had < 4; had++)
		for (unsigned w = 0; w < 2; w++) {
			struct at_host h;
			struct at_dev d;
			struct xl_req q;
			struct xl_res r;
			struct at t;
			uint64_t e;

			if (had == 2)
				continue;
			at_open(&t, &o);
			h = at_h_new(&t, 4);
			at_nested_dev(&t, &d, AT_DEV, AT_DOM, &h, 4, 0);
			d.dte[0] |= AT_HAD(had);
			at_put_dte(&t, &d);
			at_pasid(&t, &d, &d.g, 1);
			at_h_map(&t, &d.h, 0x1f7000, DATA, 1, AT_RW);
			at_g_map(&t, &d.g, 0x5000, 0x1f7000, 1, AT_G);
			q = at_preq(AT_DEV, 1, 0x5000, w ? XL_W : XL_R);
			r = at_run(&t, &q);
			must(r.ok && r.spa == DATA, "HAD %u", had);
			for (unsigned l = 1; l <= 4; l++) {
				e = at_get(&t, at_g_entry(&t, &d.g, 0x5000, l));
				must((e & AT_A) && !!(e & AT_D) == (l == 1 && w), "guest level %u: %lx", l, e);
				e = at_get(&t, at_h_entry(&t, &d.h, 0x1f7000, l));
				must(!!(e & AT_A) == (had != 0) && !!(e & AT_D) == (had == 3 && w && l == 1), "host level %u HAD %u: %lx",
				     l, had, e);
				e = at_get(&t, at_h_entry(&t, &d.h, d.g.root + d.g.off, l));
				must(!!(e & AT_A) == (had != 0) && !!(e & AT_D) == (had == 3 && l == 1),
				     "host entry of a guest table, level %u HAD %u: %lx", l, had, e);
			}
			at_close(&t);
		}
}
END_TEST

/* A guest table in a page that the host table lets nobody write: its A bit cannot be set. */
START_TEST(guest_table_not_writable)
{
	struct at_opt o = { 0 };
	struct at_host h;
	struct at_dev d;
	struct xl_req q = at_preq(AT_DEV, 1, 0x5000, XL_R);
	struct at t;
	uint64_t w;

	at_open(&t, &o);
	h = at_h_new(&t, 3);
	at_nested_dev(&t, &d, AT_DEV, AT_DOM, &h, 4, 0);
	at_pasid(&t, &d, &d.g, 1);
	at_h_map(&t, &d.h, 0x1f7000, DATA, 1, AT_RW);
	at_g_map(&t, &d.g, 0x5000, 0x1f7000, 1, AT_G);
	at_edit(&t, at_h_entry(&t, &d.h, d.g.root + d.g.off, 1), 0, AT_IW);
	w = fault(&t, &q, PR_PE, "read-only guest table", 0, 0, 0);
	ck_assert_uint_eq(w >> 48 & 1, 0); /* the stage that failed is the host's */
	ck_assert_uint_eq(w >> 32 & 0xffff, AT_DOM);
	at_edit(&t, at_g_entry(&t, &d.g, 0x5000, 4), AT_A, 0);
	must(at_run(&t, &q).ok, "nothing to update in the read-only page");
	at_close(&t);
}
END_TEST

START_TEST(control_switches_off_guest_updates)
{
	struct at_opt o = { .ctl = (_i & 1 ? AT_GADIS : 0) | (_i & 2 ? AT_GDDIS : 0) };
	struct at_dev d;
	struct xl_req q = at_preq(AT_DEV, 1, 0x5000, XL_W);
	struct at t;

	at_open(&t, &o);
	at_guest_dev(&t, &d, AT_DEV, AT_DOM, 4, 0);
	at_pasid(&t, &d, &d.g, 1);
	at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
	must(at_run(&t, &q).ok, "mode %d", _i);
	for (unsigned l = 1; l <= 4; l++) {
		uint64_t e = at_get(&t, at_g_entry(&t, &d.g, 0x5000, l));

		must(!!(e & AT_A) == !(_i & 1), "A, level %u: %lx", l, e);
		must(!!(e & AT_D) == (l == 1 && !(_i & 2)), "D, level %u: %lx", l, e);
	}
	at_close(&t);
}
END_TEST

/* Canonical addresses: for a PASID from the request, not for PASID 0 by GIoV. */
START_TEST(canonical)
{
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned levels = 4; levels <= 5; levels++)
		for (unsigned b = at_shift(levels); b < 64; b++) {
			unsigned top = at_shift(levels) + 8;
			struct at_dev d;
			struct xl_req q = at_preq(AT_DEV, 1, 0x5010 | (b < top ? 0 : AT_B(b)), XL_R);
			uint64_t up = ~(AT_B(top) - 1);

			at_guest_dev(&t, &d, AT_DEV, AT_DOM, levels, 0);
			at_pasid(&t, &d, &d.g, 1);
			at_pasid(&t, &d, &d.g, 0);
			d.dte[0] |= AT_GIOV;
			at_put_dte(&t, &d);
			at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
			at_g_map(&t, &d.g, 0x5000 | AT_B(top), DATA + 0x1000, 1, AT_G);
			if (b >= top) {
				must(fault(&t, &q, NP, "not canonical, levels, bit", levels, b, 0) & GN, "GN");
				q.iova = 0x5010 | up;
				must(at_run(&t, &q).spa == DATA + 0x1010, "upper half, %u levels", levels);
				q.iova &= ~(b == top ? 0 : AT_B(b));
				if (b > top)
					must(fault(&t, &q, NP, "not canonical, levels, bit", levels, b, 1) & GN, "GN");
			}
			q = at_req(AT_DEV, 0x5010 | (b < top ? 0 : AT_B(b)), XL_R);
			must(at_run(&t, &q).spa == (b == top ? DATA + 0x1010 : DATA + 0x10), "GIoV, %u levels, bit %u", levels, b);
		}
	at_close(&t);
}
END_TEST

/* PASID 0 of a prefix shares entries with PASID 0 by GIoV: what the caches hold must not decide whether an address is refused. */
START_TEST(pasid_0)
{
	bool ok[2];

	for (unsigned warm = 0; warm < 2; warm++) {
		struct at_opt o = { .caches = 32 };
		struct at_dev d;
		struct xl_req q = at_req(AT_DEV, 0x5010 | AT_B(60), XL_R);
		struct at t;

		at_open(&t, &o);
		at_guest_dev(&t, &d, AT_DEV, AT_DOM, 4, 0);
		at_pasid(&t, &d, &d.g, 0);
		d.dte[0] |= AT_GIOV;
		at_put_dte(&t, &d);
		at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
		if (warm)
			must(at_run(&t, &q).spa == DATA + 0x10, "GIoV");
		q = at_preq(AT_DEV, 0, 0x5010 | AT_B(60), XL_R);
		ok[warm] = at_run(&t, &q).ok;
		at_close(&t);
	}
	must(ok[0] == ok[1], "PASID 0 in the request, bit 60 of the address set: translated %d cold, %d warm", ok[0], ok[1]);
}
END_TEST

/* P, R/W, U/S, NX at every level, for every kind of access; USSup and NXSup off. */
START_TEST(guest_permissions)
{
	static const struct {
		unsigned acc;
		bool w, x, user;
	} kinds[] = {
		{ XL_R, false, false, true },           { XL_W, true, false, true },
		{ XL_R | XL_X, false, true, true },     { XL_R | XL_PRIV, false, false, false },
		{ XL_W | XL_PRIV, true, false, false }, { XL_R | XL_X | XL_PRIV, false, true, false },
	};
	struct at_opt o = { .efr_clr = (_i & 1 ? AT_B(37) : 0) | (_i & 2 ? AT_B(3) : 0) };
	bool us = !(_i & 1), nx = !(_i & 2);
	struct at t;

	at_open(&t, &o);
	for (unsigned level = 1; level <= 4; level++)
		for (unsigned what = 0; what < 4; what++)
			for (unsigned k = 0; k < ARRAY_LEN(kinds); k++) {
				struct at_dev d;
				struct xl_req q = at_preq(AT_DEV, 1, 0x5010, kinds[k].acc);
				bool bad = what == 0 || (what == 1 && kinds[k].w) || (what == 2 && kinds[k].user && us) ||
				           (what == 3 && kinds[k].x && nx);
				uint64_t w;

				at_guest_dev(&t, &d, AT_DEV, AT_DOM, 4, 0);
				at_pasid(&t, &d, &d.g, 1);
				at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
				at_edit(&t, at_g_entry(&t, &d.g, 0x5000, level), what == 3 ? AT_NX : 0,
				        what == 0   ? AT_P
				        : what == 1 ? AT_W
				        : what == 2 ? AT_U
				                    : 0);
				if (!bad) {
					must(at_run(&t, &q).spa == DATA + 0x10, "level %u what %u access %x", level, what, q.acc);
					continue;
				}
				w = fault(&t, &q, what ? PR_PE : NP, "guest permission level, what, access", level, what, q.acc);
				must((w & GN) && (w >> 32 & 0xffff) == 1, "PASID in %lx", w);
				must((w >> 49 & 1) == kinds[k].x && (w >> 50 & 1) == kinds[k].user, "NX, US in %lx", w);
			}
	at_close(&t);
}
END_TEST

/* final = guest permission AND host permission, in both orders. */
START_TEST(combined_permissions)
{
	struct at_opt o = { 0 };
	struct at_host h;
	struct at_dev d;
	struct at t;

	at_open(&t, &o);
	h = at_h_new(&t, 4);
	at_nested_dev(&t, &d, AT_DEV, AT_DOM, &h, 4, 0);
	at_pasid(&t, &d, &d.g, 1);
	for (unsigned gw = 0; gw < 2; gw++)
		for (unsigned hp = 0; hp < 4; hp++)
			for (unsigned acc = 1; acc < 3; acc++) {
				unsigned hbits = hp, gbits = gw ? 3 : 1, both = hbits & gbits;
				struct xl_req q = at_preq(AT_DEV, 1, 0x5010, acc);
				uint64_t w;

				at_h_map(&t, &d.h, 0x1f7000, DATA, 1, AT_PR | (hp & 1 ? AT_IR : 0) | (hp & 2 ? AT_IW : 0));
				at_g_map(&t, &d.g, 0x5000, 0x1f7000, 1, AT_P | AT_U | AT_D | (gw ? AT_W : 0));
				if (!(acc & ~both)) {
					must((at_run(&t, &q).perm & 3) == both, "guest %u host %u access %u", gbits, hbits, acc);
					continue;
				}
				w = fault(&t, &q, PR_PE, "combined guest, host, access", gbits, hbits, acc);
				must(!!(w & GN) == !!(acc & ~gbits), "the stage that failed: %lx", w);
			}
	at_h_map(&t, &d.h, 0x1f7000, DATA, 1, 0);
	{
		struct xl_req q = at_preq(AT_DEV, 1, 0x5010, XL_R);
		uint64_t w = fault(&t, &q, NP, "host not present", 0, 0, 0);

		ck_assert_uint_eq(w & (GN | UINT64_C(0xffff00000000)), (uint64_t)AT_DOM << 32);
		at_g_map(&t, &d.g, 0x5000, 0x1f7000, 1, 0);
		ck_assert(fault(&t, &q, NP, "guest not present", 0, 0, 0) & GN);
	}
	at_close(&t);
}
END_TEST

/* PASID limits of GLX and of PASmax; V = 0 at every level; intermediate entries. */
START_TEST(gcr3_limits)
{
	static const unsigned bits[] = { 9, 18, 20 };
	struct at_opt o = { 0 };
	struct at t;

	at_open(&t, &o);
	for (unsigned glx = 0; glx < 3; glx++) {
		uint32_t max = (1u << bits[glx]) - 1;
		struct at_dev d;
		struct xl_req q = at_preq(AT_DEV, max, 0x5010, XL_R);
		uint64_t w;

		at_guest_dev(&t, &d, AT_DEV, AT_DOM, 4, glx);
		at_pasid(&t, &d, &d.g, max);
		at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
		must(at_run(&t, &q).spa == DATA + 0x10, "PASID %x", max);
		for (unsigned b = bits[glx]; b < 20; b++) {
			q.pasid = AT_B(b);
			w = fault(&t, &q, NP, "PASID beyond GLX", glx, b, 0);
			must((w & GN) && (w >> 32 & 0xffff) == (q.pasid & 0xffff) && (w >> 16 & 0xf) == q.pasid >> 16, "PASID in %lx", w);
		}
		q.pasid = max;
		for (unsigned l = 0; l <= glx; l++) {
			at_edit(&t, at_c_entry(&t, &d.c, max, l), 0, 1);
			must(fault(&t, &q, NP, "V = 0, GLX, level", glx, l, 0) & GN, "GN");
			at_edit(&t, at_c_entry(&t, &d.c, max, l), 1, 0);
		}
	}
	at_close(&t);
	/* PASmax of 16 bits */
	o.efr_clr = UINT64_C(0x1f) << 32;
	o.efr_set = UINT64_C(0xf) << 32;
	at_open(&t, &o);
	{
		struct at_dev d;
		struct xl_req q = at_preq(AT_DEV, 0xffff, 0x5010, XL_R);

		at_guest_dev(&t, &d, AT_DEV, AT_DOM, 4, 2);
		at_pasid(&t, &d, &d.g, 0xffff);
		at_g_map(&t, &d.g, 0x5000, DATA, 1, AT_G);
		must(at_run(&t, &q).ok, "PASID ffff");
		q.pasid = 0x10000;
		must(fault(&t, &q, NP, "PASID of 17 bits", 0, 0, 0) & GN, "GN");
	}
	at_close(&t);
}
END_TEST

/* GIoV off: a request without PASID sees the host stage only; on: entry 0. With GTEn = 0 GV counts for nothing. */
START_TEST(giov)
{
	for (unsigned gten = 0; gten < 2; gten++)
		for (unsigned giov = 0; giov < 2; giov++)
			for (unsigned gv = 0; gv < 2; gv++) {
				struct at_opt o = { .no_gt = !gten };
				bool guest = gten && giov && gv;
				struct at_host h;
				struct at_dev d;
				struct xl_req q = at_req(AT_DEV, 0x5010, XL_R);
				struct at t;

				at_open(&t, &o);
				h = at_h_new(&t, 4);
				at_nested_dev(&t, &d, AT_DEV, AT_DOM, &h, 4, 0);
				d.dte[0] |= giov ? AT_GIOV : 0;
				d.dte[0] &= gv ? ~UINT64_C(0) : ~AT_GV;
				at_put_dte(&t, &d);
				at_pasid(&t, &d, &d.g, 0);
				at_h_map(&t, &d.h, 0x1f7000, DATA, 1, AT_RW);
				at_h_map(&t, &d.h, 0x5000 + AT_B(30), DATA + 0x5000, 1, AT_RW);
				at_g_map(&t, &d.g, 0x5000 + AT_B(30), 0x1f7000, 1, AT_G);
				q.iova += AT_B(30);
				must(at_run(&t, &q).spa == (guest ? DATA + 0x10 : DATA + 0x5010), "GTEn %u GIoV %u GV %u", gten, giov, gv);
				if (!gten || !gv) { /* a PASID that nothing translates */
					q = at_preq(AT_DEV, 0, 0x5010 + AT_B(30), XL_R);
					must(fault(&t, &q, NP, "PASID, GTEn, GIoV, GV", gten, giov, gv) & GN, "GN");
				}
				at_close(&t);
			}
}
END_TEST

/* ---- warm walks ---- */

START_TEST(warm_walks)
{
	struct at_opt o = { .caches = 64 };
	struct at_host h;
	struct at_dev d;
	struct xl_req q;
	struct at t;

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 4);
	for (unsigned i = 0; i < 4; i++)
		at_h_map(&t, &d.h, 0x1000 * i, DATA + 0x1000 * i, 1, AT_RW);
	at_h_map(&t, &d.h, AT_B(30), DATA, 2, AT_RW);
	q = at_req(AT_DEV, 0x10, XL_R);
	want(&t, &q, DATA + 0x10, 12, 5, 0, "cold", 0, 0, 0);
	want(&t, &q, DATA + 0x10, 12, 0, 0, "the same page", 0, 0, 0);
	q.iova = 0x1010;
	want(&t, &q, DATA + 0x1010, 12, 1, 0, "its neighbour: the leaf alone", 0, 0, 0);
	q.iova = AT_B(30) + 0x3010;
	want(&t, &q, DATA + 0x3010, 21, 2, 0, "another 1 GB: levels 3 and 2", 0, 0, 0);
	q.iova = AT_B(30) + 0x173010;
	want(&t, &q, DATA + 0x173010, 21, 0, 0, "anywhere in the 2 MB page", 0, 0, 0);
	/* nested: the second page of a guest table costs the guest leaf and what the host walk of its address costs */
	h = at_h_new(&t, 4);
	at_nested_dev(&t, &d, 0x400, 9, &h, 4, 0);
	at_pasid(&t, &d, &d.g, 1);
	for (unsigned i = 0; i < 2; i++) {
		at_h_map(&t, &d.h, AT_B(35) + 0x1000 * i, DATA + 0x1000 * i, 1, AT_RW);
		at_g_map(&t, &d.g, 0x5000 + 0x1000 * i, AT_B(35) + 0x1000 * i, 1, AT_G | AT_A);
	}
	q = at_preq(0x400, 1, 0x5010, XL_R);
	must(at_run(&t, &q).ok, "nested");
	want(&t, &q, DATA + 0x10, 12, 0, 0, "nested, the same page", 0, 0, 0);
	q.iova = 0x6010;
	want(&t, &q, DATA + 0x1010, 12, 2, 0, "nested, its neighbour: both leaves", 0, 0, 0);
	at_close(&t);
}
END_TEST

/* Skipped levels with warm walk caches: the upper entry is cached for its whole region, the bits of the levels below it still count. */
START_TEST(skipped_levels_warm)
{
	struct at_opt o = { .caches = 64 };

	for (unsigned mode = 3; mode <= 6; mode++)
		for (unsigned level = 1; level < mode - 1 && level <= 4; level++)
			for (unsigned b = at_shift(level + 1); b < at_shift(mode); b++) {
				uint64_t ia = ia_of(mode, mode) | ia_of(level, level);
				struct at_dev d;
				struct xl_req q;
				struct at t;

				at_open(&t, &o);
				at_host_dev(&t, &d, AT_DEV, AT_DOM, mode);
				d.h.skip = ((1u << mode) - 1) & ~((2u << level) - 1);
				at_h_map(&t, &d.h, ia, hi, level, AT_RW);
				q = at_req(AT_DEV, ia, XL_R);
				must(at_run(&t, &q).spa == hi, "mode %u level %u", mode, level);
				q.iova |= AT_B(b);
				(void)fault(&t, &q, PR, "warm, mode, level, bit", mode, level, b);
				q.iova = ia | AT_B(at_shift(level) - 1);
				must(at_run(&t, &q).ok, "mode %u level %u", mode, level);
				at_close(&t);
			}
}
END_TEST

/* A translation cached before HAD was set records nothing until it is flushed. */
START_TEST(had_set_later)
{
	struct at_opt o = { .caches = 64 };
	struct at_dev d;
	struct xl_req q;
	struct at t;
	uint64_t at;

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 4);
	at = at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
	q = at_req(AT_DEV, 0x5000, XL_W);
	want(&t, &q, DATA, 12, 5, 0, "HAD 0", 0, 0, 0);
	d.dte[0] |= AT_HAD(3);
	at_put_dte(&t, &d);
	at_do(&t, AT_DEVTAB(AT_DEV));
	want(&t, &q, DATA, 12, 1, 0, "the new DTE, the old translation", 0, 0, 0);
	ck_assert(!(at_get(&t, at) & (AT_A | AT_D)));
	at_do(&t, AT_PAGES(AT_DOM, 0), AT_ALL | AT_PDE);
	want(&t, &q, DATA, 12, 4, 4, "flushed", 0, 0, 0);
	ck_assert((at_get(&t, at) & (AT_A | AT_D)) == (AT_A | AT_D));
	at_close(&t);
}
END_TEST

/* A clean page under HAD 3: reads are cached; the first write walks again and sets D, later ones hit. */
START_TEST(dirty_once)
{
	struct at_opt o = { .caches = 64 };
	struct at_dev d;
	struct xl_req q;
	struct at t;
	uint64_t at;

	at_open(&t, &o);
	at_host_dev(&t, &d, AT_DEV, AT_DOM, 4);
	d.dte[0] |= AT_HAD(3);
	at_put_dte(&t, &d);
	at = at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
	q = at_req(AT_DEV, 0x5000, XL_R);
	want(&t, &q, DATA, 12, 5, 4, "read", 0, 0, 0);
	ck_assert(!(at_get(&t, at) & AT_D));
	want(&t, &q, DATA, 12, 0, 0, "read again", 0, 0, 0);
	q.acc = XL_W;
	want(&t, &q, DATA, 12, 1, 1, "first write", 0, 0, 0);
	ck_assert(at_get(&t, at) & AT_D);
	want(&t, &q, DATA, 12, 0, 0, "second write", 0, 0, 0);
	at_edit(&t, at, 0, AT_D); /* without a flush nothing is recorded */
	want(&t, &q, DATA, 12, 0, 0, "third write", 0, 0, 0);
	ck_assert(!(at_get(&t, at) & AT_D));
	at_do(&t, AT_PAGES(AT_DOM, 0), AT_PAGE(0x5000) | AT_PDE);
	want(&t, &q, DATA, 12, 4, 1, "after the flush: levels 4 to 1, no DTE", 0, 0, 0);
	ck_assert(at_get(&t, at) & AT_D);
	at_close(&t);
}
END_TEST

static void need_control(struct amdvi_cfg *c)
{
	c->had_needs_control = true;
}

/* Control.HADUpdate is a second enable with the option only. */
START_TEST(had_update)
{
	for (unsigned opt = 0; opt < 2; opt++)
		for (unsigned ctl = 0; ctl < 4; ctl++)
			for (unsigned had = 0; had < 4; had++) {
				struct at_opt o = { .ctl = (uint64_t)ctl << 46, .tweak = opt ? need_control : NULL };
				unsigned eff = opt && ctl < had ? ctl : had;
				struct at_dev d;
				struct xl_req q = at_req(AT_DEV, 0x5000, XL_W);
				struct at t;
				uint64_t e;

				if (ctl == 2 || had == 2)
					continue;
				at_open(&t, &o);
				at_host_dev(&t, &d, AT_DEV, AT_DOM, 2);
				d.dte[0] |= AT_HAD(had);
				at_put_dte(&t, &d);
				at_h_map(&t, &d.h, 0x5000, DATA, 1, AT_RW);
				must(at_run(&t, &q).ok, "HAD %u", had);
				e = at_get(&t, at_h_entry(&t, &d.h, 0x5000, 1));
				must((e & (AT_A | AT_D)) == (eff == 0   ? 0
				                             : eff == 1 ? AT_A
				                                        : AT_A | AT_D),
				     "option %u Control %u DTE %u: %lx", opt, ctl, had, e);
				at_close(&t);
			}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amdvi_walk");
	TCase *t = tcase_create("walk");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, host_references);
	tcase_add_loop_test(t, skipped_levels, 0, 5);
	tcase_add_loop_test(t, above_mode, 0, 2);
	tcase_add_loop_test(t, every_size, 0, 6);
	tcase_add_test(t, encodings);
	tcase_add_test(t, replicas);
	tcase_add_test(t, next_levels);
	tcase_add_test(t, reserved_bits);
	tcase_add_test(t, entry_order);
	tcase_add_test(t, permissions);
	tcase_add_test(t, mode_0);
	tcase_add_test(t, guest_references);
	tcase_add_loop_test(t, nested_references, 0, 2);
	tcase_add_test(t, nested_updates);
	tcase_add_test(t, guest_table_not_writable);
	tcase_add_loop_test(t, control_switches_off_guest_updates, 0, 4);
	tcase_add_test(t, canonical);
	tcase_add_test(t, pasid_0);
	tcase_add_loop_test(t, guest_permissions, 0, 4);
	tcase_add_test(t, combined_permissions);
	tcase_add_test(t, gcr3_limits);
	tcase_add_test(t, giov);
	tcase_add_test(t, warm_walks);
	tcase_add_test(t, skipped_levels_warm);
	tcase_add_test(t, dirty_once);
	tcase_add_test(t, had_set_later);
	tcase_add_test(t, had_update);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
