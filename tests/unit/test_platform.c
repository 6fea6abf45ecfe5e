/* SPDX-License-Identifier: Apache-2.0 */
/* test_platform.c - order of replay, verification, warm-up, watchdog, on a unit with one table. */
#include <check.h>
#include <string.h>
#include "fake_plat.h"
#include "software/wordset.h"

static void count_note(void *arg, const char *text)
{
	(void)text;
	++*(unsigned *)arg;
}

struct outcome {
	struct plat_stats st;
	struct plat_verify v;
	struct err e;
	bool ok;
	unsigned notes;
	sim_time end;
};

static struct outcome run_trace(const struct plat_cfg *c, struct fake_trace *t)
{
	struct outcome o = { 0 };
	struct plat_hooks h = { .arg = &o.notes, .note = count_note };
	struct plat *p = fake_plat(c, &h, &o.e);

	ck_assert_msg(p != NULL, "%s", o.e.msg);
	o.ok = plat_run(p, fake_next_rec, t, true, &o.e);
	ck_assert(plat_done(p));
	o.st = *plat_statistics(p);
	o.v = *plat_verified(p);
	o.end = sim_now(plat_kernel(p));
	plat_destroy(p);
	return o;
}
#define RUN(c, a) run_trace(c, &(struct fake_trace){ .rec = (a), .n = ARRAY_LEN(a) })

START_TEST(verify_compares_what_the_trace_expects)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), REC_MAP(1, 0x6003),
		REC_DMA('r', 0x10, 64, REC_OK(0x5010)), /* agrees */
		REC_DMA('r', 0x10, 64, REC_OK(0x5018)), /* another address */
		REC_DMA('w', 0x10, 64, REC_OK(0x5010)), /* we refuse */
		REC_DMA('w', 0x10, 64, REC_FAULT(0)), REC_DMA('w', 0x10, 64, REC_FAULT(FAKE_NO_W)), /* agree */
		REC_DMA('w', 0x10, 64, REC_FAULT(FAKE_EMPTY)), /* another reason */
		REC_DMA('r', 0x1000, 64, REC_FAULT(0)), /* we accept */
		REC_DMA('r', 0x1000, 64, .pa = 1), /* says nothing */
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = RUN(&c, t);

	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 3);
	ck_assert_uint_eq(o.v.disagree, 4);
	ck_assert_uint_eq(o.v.not_compared, 1);
	ck_assert_uint_eq(o.st.dmas, 8);
	ck_assert_uint_eq(o.st.faults, 4);
}
END_TEST

START_TEST(unknown_direction_takes_the_one_that_explains)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), REC_MAP(1, 0x6002),
		REC_DMA('?', 0x0, 0, REC_OK(0x5000)), REC_DMA('?', 0x1ff8, 0, REC_OK(0x6ff8)), REC_DMA('?', 0x1000, 0, REC_FAULT(0)),
		REC_DMA('?', 0x0, 0, REC_FAULT(FAKE_NO_W)), REC_DMA('?', 0x2000, 0, REC_FAULT(FAKE_EMPTY)),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.dev_default.unknown_dir = (uint32_t)_i;
	o = RUN(&c, t);
	ck_assert_uint_eq(o.v.agree, 5);
	ck_assert_uint_eq(o.st.assumed_dir, 5);
	ck_assert_uint_eq(o.st.assumed_len, 5);
}
END_TEST

/* The DMA in front of the store must be translated by the old table: it agrees only if the store waited. */
START_TEST(store_waits_for_dmas_using_its_word_only)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5003), REC_MAP(1, 0x6003), REC_MAP(2, 0x7003),
		REC_DMA('r', 0xff0, 32, REC_OK(0x5ff0)), /* uses the words of pages 0 and 1 */
		REC_MAP(2, 0), /* need not wait */
		REC_DMA('r', 0x2000, 32, REC_FAULT(FAKE_EMPTY)),
		REC_MAP(1, 0), /* must */
		REC_DMA('r', 0x1000, 32, REC_FAULT(FAKE_EMPTY)),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.replay.order = _i ? REPLAY_ORDER_ALL : REPLAY_ORDER_WORDS;
	o = RUN(&c, t);
	ck_assert_uint_eq(o.v.agree, 3);
	ck_assert_uint_eq(o.st.stalls_words, _i ? 0 : 1);
	ck_assert_uint_eq(o.st.stalls_all, _i ? 2 : 0);
	ck_assert_uint_eq(o.st.stores, 5);
}
END_TEST

START_TEST(queue_tail_waits_for_no_dma_and_commands_hold_what_follows)
{
	static const struct trc_rec tail[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_WRITE(0, 1),
					       REC_DMA('r', 0, 64, REC_OK(0x5000)) };
	static const struct trc_rec plain[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_WRITE(8, 1),
						REC_READ(8, 1), REC_READ(8, 2) };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = RUN(&c, tail);

	ck_assert_uint_eq(o.st.stalls_all, 0);
	ck_assert_uint_eq(o.st.stalls_commands, 1);
	ck_assert_uint_gt(o.st.sim_ps, 5000000); /* the second DMA started after the commands */
	ck_assert_uint_eq(o.v.agree, 2);
	o = RUN(&c, plain);
	ck_assert_uint_eq(o.st.stalls_all, 1);
	ck_assert_uint_eq(o.v.agree, 2);
	ck_assert_uint_eq(o.v.disagree, 1);
}
END_TEST

START_TEST(no_progress_is_reported_with_a_dump)
{
	static const struct trc_rec dead[] = { REC_WRITE(24, 1), REC_STORE(0, 0) };
	static const struct trc_rec silent[] = { REC_DEV(TRC_DEV_SILENT), REC_WRITE(16, 8) };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.replay.stuck_ps = _i & 1 ? 0 : 1000000000;
	o = _i & 2 ? RUN(&c, silent) : RUN(&c, dead);
	ck_assert(!o.ok);
	ck_assert_int_eq(o.e.code, 1);
	ck_assert_uint_ge(o.notes, 2);
	ck_assert_uint_le(o.end, 2000000000);
}
END_TEST

START_TEST(invalidate_request_reaches_its_device)
{
	static const struct trc_rec t[] = { REC_WRITE(16, 8), REC_DEV(TRC_DEV_SILENT), REC_DEV(TRC_DEV_ALIVE), REC_WRITE(16, 8) };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = RUN(&c, t);

	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.st.mmio_writes, 2);
	ck_assert_uint_gt(o.end, 2 * c.dev_default.ats_cpl_ps);
}
END_TEST

START_TEST(open_loop_keeps_the_times)
{
	struct trc_rec t[] = { REC_MAP(0, 0x5003), REC_DMA('w', 0, 64, REC_OK(0x5000)), REC_DMA('w', 0, 64, REC_OK(0x5000)) };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	t[1].at = 1000000;
	t[2].at = 50000000;
	o = RUN(&c, t);
	ck_assert_uint_lt(o.st.sim_ps, 1000000);
	c.replay.open_loop = true;
	o = RUN(&c, t);
	ck_assert_uint_gt(o.st.sim_ps, 50000000);
	ck_assert_uint_eq(o.v.agree, 2);
	c.replay.until_ps = 40000000;
	o = RUN(&c, t);
	ck_assert(o.ok);
	ck_assert_uint_eq(o.st.dmas, 1);
	ck_assert_uint_lt(o.end, 40000000);
}
END_TEST

static const struct {
	const char *what;
	struct trc_rec rec;
	const char *text;
} bad[] = {
	{ "software level", { .kind = TRC_MAP, .at = TRC_NO_TIME }, "record 2 of the trace: a software-level" },
	{ "no such unit", { .kind = TRC_STORE, .unit = 3, .at = TRC_NO_TIME }, "record 2 of the trace: names a unit" },
	{ "register", { .kind = TRC_REGSTATE, .at = TRC_NO_TIME, .u.reg = { .off = 12, .bytes = 4 } }, "record 2 of the trace: no register" },
	{ "beyond memory", REC_STORE(UINT64_C(1) << 40, 1), "record 2 of the trace: store beyond" },
};

START_TEST(bad_records_name_their_place)
{
	struct trc_rec t[] = { REC_MAP(0, 0x5003), bad[_i].rec };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.mem_size = UINT64_C(1) << 30;
	o = RUN(&c, t);
	ck_assert_msg(!o.ok && o.e.code == ERR_INPUT && strstr(o.e.msg, bad[_i].text), "%s: %s", bad[_i].what, o.e.msg);
}
END_TEST

START_TEST(failing_source_keeps_results)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0, 64, REC_OK(0x5000)) };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = run_trace(&c, &(struct fake_trace){ .rec = t, .n = 2, .bad_end = true });

	ck_assert(!o.ok);
	ck_assert_str_eq(o.e.msg, "t.iot:7:1: cut off");
	ck_assert_uint_eq(o.v.agree, 1);
}
END_TEST

/* 1000 DMAs, the first 400 of them warm-up: with a registry and without one. */
START_TEST(warmup_resets_every_counter)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0, 64, REC_OK(0x5000)) };
	struct fake_trace src = { .rec = t, .n = 2, .repeat = 999 };
	struct plat_cfg c = fake_plat_cfg();
	struct stat_reg reg = { 0 };
	struct plat *p;
	const struct dev_stats *ds = NULL;
	unsigned devs = 0;

	c.replay.warmup_dmas = 400;
	p = fake_plat(&c, NULL, NULL);
	if (_i) {
		ck_assert(plat_register_stats(p, &reg));
		plat_set_stat_reg(p, &reg);
	}
	ck_assert(plat_run(p, fake_next_rec, &src, true, NULL));
	if (!_i)
		ck_assert(plat_register_stats(p, &reg));
	for (size_t i = 0; i < reg.n; i++) {
		if (strcmp(reg.node[i].path, "dev.00:01.0"))
			continue;
		ds = reg.node[i].base;
		devs++;
	}
	ck_assert_uint_eq(devs, 1);
	ck_assert_uint_eq(ds->latency_ps.n, 600);
	ck_assert_uint_lt(plat_port(p)->st.bytes, 632 * (64 + 8) + 1); /* of the 600, and the 32 in flight at the reset */
	ck_assert_uint_ge(plat_port(p)->st.bytes, 568 * (64 + 8));
	ck_assert_uint_eq(plat_verified(p)->agree, 1000);
	stat_fini(&reg);
	plat_destroy(p);
}
END_TEST

/* ---- DMAs that wait for software ---- */

#define GO_ON REC_WRITE(32, 0)

/* The store changes the very word that the stalled DMA used, and the plain register write would wait for every DMA. */
START_TEST(stalled_dma_holds_up_nothing)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 4), REC_MAP(1, 0x6003), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)),
		REC_WRITE(8, 1), REC_MAP(0, 0x5003), GO_ON, REC_MAP(1, 0), REC_DMA('r', 0x1000, 64, REC_FAULT(FAKE_EMPTY)),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.replay.order = _i & 1 ? REPLAY_ORDER_ALL : REPLAY_ORDER_WORDS;
	c.dev_default.retire = _i & 2 ? DEV_RETIRE_ANY : DEV_RETIRE_IN_ORDER;
	o = RUN(&c, t);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 3);
	ck_assert_uint_eq(o.v.disagree, 0);
	ck_assert_uint_eq(o.st.stalled_at_end, 0);
	ck_assert_uint_eq(o.notes, 0);
}
END_TEST

/* A store that waited for the DMA made its words known before it stalled; after the retry it uses them anew. */
START_TEST(resumed_dma_is_protected_again)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 4), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_MAP(0, 0x5003), GO_ON, REC_MAP(0, 0),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = RUN(&c, t);

	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 1);
	ck_assert_uint_eq(o.st.stalls_words, 2);
}
END_TEST

/* Two requests of one DMA stall; after one of them went on, the DMA still holds up nothing. */
START_TEST(dma_with_two_stalled_requests)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 4), REC_MAP(1, 4), REC_DMA('w', 0xfc0, 128, REC_OK(0x5fc0)), REC_WRITE(8, 1), REC_MAP(0, 0x5003), REC_WRITE(32, 1),
		REC_WRITE(8, 2), REC_MAP(1, 0x6003), REC_WRITE(32, 1),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o = RUN(&c, t);

	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 1);
	ck_assert_uint_eq(o.st.mmio_writes, 4);
}
END_TEST

/* Ten DMAs to a device with room for two: the later ones wait behind the stalled ones, and the trace must still go on. */
START_TEST(stuck_device_takes_further_dmas)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 4), REC_MAP(1, 0x6003), REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)),
		REC_DMA('w', 0, 64, REC_OK(0x5000)), REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)),
		REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_DMA('w', 0x1000, 64, REC_OK(0x6000)), REC_DMA('r', 0, 64, REC_OK(0x5000)),
		REC_DMA('r', 0, 64, REC_OK(0x5000)), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)),
		REC_WRITE(8, 1), REC_MAP(0, 0x5003), GO_ON, REC_WRITE(8, 2), REC_MAP(0, 0),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.dev_default.outstanding = 2;
	c.replay.order = _i & 1 ? REPLAY_ORDER_ALL : REPLAY_ORDER_WORDS;
	c.dev_default.retire = _i & 2 ? DEV_RETIRE_ANY : DEV_RETIRE_IN_ORDER;
	o = RUN(&c, t);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 10);
	ck_assert_uint_eq(o.st.stalled_at_end, 0);
}
END_TEST

START_TEST(stalled_at_the_end_is_noted_and_no_error)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 4), REC_MAP(1, 0x6003), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)), REC_DMA('r', 0xfc0, 128, REC_OK(0x5fc0)),
		REC_DMA('w', 0, 64, REC_OK(0x5000)), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)), REC_WRITE(8, 1),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.replay.stuck_ps = _i & 1 ? 0 : 1000000000;
	c.dev_default.retire = _i & 2 ? DEV_RETIRE_ANY : DEV_RETIRE_IN_ORDER;
	o = RUN(&c, t);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.st.mmio_writes, 1);
	ck_assert_uint_eq(o.notes, 1);
	/* in order, the last read has its answer but waits behind the read that is stalled */
	ck_assert_uint_eq(o.st.stalled_at_end, _i & 2 ? 2 : 3);
	ck_assert_uint_eq(o.v.not_compared, o.st.stalled_at_end);
	ck_assert_uint_eq(o.v.agree, _i & 2 ? 2 : 1);
}
END_TEST

/* Without any register write: the end of the trace alone, with DMAs queued that no request slot is left for. */
START_TEST(end_of_trace_while_stuck)
{
	static const struct trc_rec t[] = { REC_MAP(0, 4), REC_DMA('r', 0, 64, REC_OK(0x5000)) };
	struct fake_trace src = { .rec = t, .n = 2, .repeat = 99 };
	struct plat_cfg c = fake_plat_cfg();
	struct outcome o;

	c.dev_default.outstanding = 4;
	o = run_trace(&c, &src);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.st.dmas, 100);
	ck_assert_uint_eq(o.st.stalled_at_end, 100);
	ck_assert_uint_eq(o.v.not_compared, 100);
}
END_TEST

static const struct trc_rec refuse_abort[] = { REC_MAP(0, 4), REC_DMA('r', 0, 4096, REC_FAULT(FAKE_EMPTY)), REC_WRITE(8, 1),
					       REC_WRITE(32, 2) };
static const struct trc_rec refuse_raz[] = { REC_MAP(0, 4), REC_DMA('r', 0, 4096, REC_FAULT(FAKE_EMPTY)), REC_WRITE(8, 1),
					     REC_WRITE(32, 3) };

/* RAZ/WI is a refusal in the statistics, but its data come back over the link: a completion with payload. */
START_TEST(refused_after_a_stall)
{
	struct plat_cfg c = fake_plat_cfg();
	struct outcome a, z;

	c.dev_default.mrrs = 4096;
	a = RUN(&c, refuse_abort);
	z = RUN(&c, refuse_raz);
	ck_assert_uint_eq(a.v.agree, 1);
	ck_assert_uint_eq(z.v.agree, 1);
	ck_assert_uint_eq(a.st.faults, 1);
	ck_assert_uint_eq(z.st.faults, 1);
	/* 4096 bytes and 16 headers instead of one, at 7877 bytes/us */
	ck_assert_uint_ge(z.st.sim_ps - a.st.sim_ps, (4096 + 15 * 24) * UINT64_C(1000000) / 7877 - 16);
	ck_assert_uint_le(z.st.sim_ps - a.st.sim_ps, (4096 + 15 * 24) * UINT64_C(1000000) / 7877 + 16);
}
END_TEST

/* ---- devices with a translation cache ---- */

static struct plat_cfg atc_cfg(void)
{
	struct plat_cfg c = fake_plat_cfg();

	c.dev_default.atc.cache.entries = 16;
	return c;
}

/* The stores need not wait for anything, and without an invalidation the device goes on with its old line. */
START_TEST(verify_sees_the_address_that_the_device_used)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5003), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DMA('w', 0x20, 64, REC_OK(0x5020)), REC_MAP(0, 0x6003),
		REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_WRITE(16, 8), REC_DMA('r', 0x10, 64, REC_OK(0x6010)), REC_MAP(0, 0), REC_WRITE(16, 8),
		REC_DMA('r', 0x10, 64, REC_FAULT(0)),
	};
	struct plat_cfg c = atc_cfg();
	struct outcome o = RUN(&c, t);

	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 5);
	ck_assert_uint_eq(o.v.disagree, 0);
}
END_TEST

#define RESPOND(code) REC_WRITE(40, code)

/* The DMA waits for software: the records behind it, which map the page and answer, must not wait for the DMA. */
START_TEST(page_request_holds_up_nothing)
{
	static const struct trc_rec t[] = {
		REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DMA('r', 0x1000, 64, REC_FAULT(0)), REC_WRITE(8, 1), REC_MAP(0, 0x5003), RESPOND(0),
		RESPOND(1), REC_WRITE(8, 2), REC_DMA('r', 0x10, 64, REC_OK(0x5010)),
	};
	struct plat_cfg c = atc_cfg();
	struct outcome o;

	c.dev_default.atc.on_no_access = ATC_DENY_PRI;
	c.replay.order = _i & 1 ? REPLAY_ORDER_ALL : REPLAY_ORDER_WORDS;
	c.dev_default.retire = _i & 2 ? DEV_RETIRE_ANY : DEV_RETIRE_IN_ORDER;
	if (_i & 4)
		c.dev_default.outstanding = 2;
	o = RUN(&c, t);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.v.agree, 3);
	ck_assert_uint_eq(o.st.stalled_at_end, 0);
}
END_TEST

START_TEST(page_request_without_response_is_noted)
{
	static const struct trc_rec t[] = { REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_WRITE(8, 1) };
	struct plat_cfg c = atc_cfg();
	struct outcome o;

	c.dev_default.atc.on_no_access = ATC_DENY_PRI;
	o = RUN(&c, t);
	ck_assert_msg(o.ok, "%s", o.e.msg);
	ck_assert_uint_eq(o.st.stalled_at_end, 1);
	ck_assert_uint_eq(o.v.not_compared, 1);
}
END_TEST

static uint64_t counter(const struct stat_reg *reg, const char *path, const char *name)
{
	for (size_t i = 0; i < reg->n; i++)
		for (const struct stat_def *s = reg->node[i].defs; s->name && !strcmp(reg->node[i].path, path); s++)
			if (!strcmp(s->name, name))
				return *(const uint64_t *)(const void *)((const char *)reg->node[i].base + s->off);
	ck_abort_msg("no statistic %s %s", path, name);
}

static const struct {
	const char *what;
	uint8_t event;
	const char *path, *counter;
	bool answered;
} events[] = {
	{ "slow", TRC_DEV_SLOW, "dev.00:01.0.inv", "late", true },
	{ "wrong ITag", TRC_DEV_WRONG_ITAG, "dev.00:01.0.inv", "wrong_itag", false },
	{ "no flush", TRC_DEV_NO_FLUSH, "dev.00:01.0.inv", "unflushed", true },
	{ "misorder", TRC_DEV_MISORDER, "dev.00:01.0.inv", "completions", true },
	{ "drop", TRC_DEV_DROP, "dev.00:01.0.inv", "completions", true },
	{ "ur", TRC_DEV_UR, "dev.00:01.0.inv", "ur", false },
	{ "removed", TRC_DEV_REMOVED, "dev.00:01.0.inv", "removed", false },
};

START_TEST(events_reach_the_device_and_its_statistics)
{
	unsigned n = (unsigned)_i / 2;
	struct trc_rec t[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DEV(events[n].event), REC_WRITE(16, 8) };
	struct fake_trace src = { .rec = t, .n = ARRAY_LEN(t) };
	struct plat_cfg c = fake_plat_cfg();
	struct stat_reg reg = { 0 };
	struct plat *p;
	bool ok;

	c.dev_default.atc.cache.entries = _i & 1 ? 16 : 0;
	c.dev_default.late_ps = 1000000;
	p = fake_plat(&c, NULL, NULL);
	ck_assert(plat_register_stats(p, &reg));
	plat_set_stat_reg(p, &reg);
	ok = plat_run(p, fake_next_rec, &src, true, NULL);
	ck_assert_msg(ok == events[n].answered, "%s", events[n].what);
	ck_assert_msg(counter(&reg, events[n].path, events[n].counter) == 1, "%s", events[n].what);
	stat_fini(&reg);
	plat_destroy(p);
}
END_TEST

START_TEST(ats_and_page_requests_follow_the_trace)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5003), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DEV(TRC_DEV_ATS_ON), REC_DMA('r', 0x10, 64, REC_OK(0x5010)),
		REC_DEV(TRC_DEV_PRI_OFF), REC_DMA('r', 0x1000, 64, REC_FAULT(0)), REC_DEV(TRC_DEV_PRI_ON), REC_DMA('r', 0x1000, 64, REC_OK(0x6000)),
		REC_MAP(1, 0x6003), RESPOND(0), REC_DEV(TRC_DEV_RESET), REC_DMA('r', 0x10, 64, REC_OK(0x5010)),
	};
	struct fake_trace src = { .rec = t, .n = ARRAY_LEN(t) };
	struct plat_cfg c = atc_cfg();
	struct stat_reg reg = { 0 };
	struct err e = { 0 };
	struct plat *p;

	c.dev_default.ats_enabled = false;
	c.dev_default.atc.on_no_access = ATC_DENY_PRI;
	c.replay.order = REPLAY_ORDER_ALL; /* device events wait for nothing: let the stores in between do it */
	p = fake_plat(&c, NULL, NULL);
	ck_assert_msg(plat_run(p, fake_next_rec, &src, true, &e), "%s", e.msg);
	ck_assert(plat_register_stats(p, &reg));
	ck_assert_uint_ge(counter(&reg, "dev.00:01.0.atc", "bypassed"), 1);
	ck_assert_uint_ge(counter(&reg, "dev.00:01.0.atc", "requests"), 1);
	ck_assert_uint_eq(counter(&reg, "dev.00:01.0.inv", "resets"), 1);
	stat_fini(&reg);
	plat_destroy(p);
}
END_TEST

static void collect_note(void *arg, const char *text)
{
	strcat(strcat(arg, text), "\n");
}

START_TEST(the_no_progress_report_names_the_device)
{
	static const struct trc_rec t[] = { REC_DEV(TRC_DEV_SILENT), REC_WRITE(16, 8), REC_STORE(0, 0) };
	static char all[4096];
	struct fake_trace src = { .rec = t, .n = ARRAY_LEN(t) };
	struct plat_hooks h = { .arg = all, .note = collect_note };
	struct plat_cfg c = fake_plat_cfg();
	struct plat *p;

	c.replay.stuck_ps = 1000000000;
	p = fake_plat(&c, &h, NULL);
	ck_assert(!plat_run(p, fake_next_rec, &src, true, NULL));
	ck_assert_ptr_nonnull(strstr(all, "device 00:01.0: 0 DMAs"));
	ck_assert_ptr_nonnull(strstr(all, "not answered: ITags 0x00000008, the device is silent"));
	plat_destroy(p);
}
END_TEST

START_TEST(words_are_counted)
{
	struct wordset s = { 0 };

	for (uint64_t i = 0; i < 1000; i++)
		ck_assert(wordset_add(&s, 8 * i) && wordset_add(&s, 8 * i));
	for (uint64_t i = 0; i < 1000; i++)
		wordset_remove(&s, 8 * i);
	for (uint64_t i = 0; i < 1000; i += 2)
		wordset_remove(&s, 8 * i);
	for (uint64_t i = 0; i < 1000; i++)
		ck_assert_int_eq(wordset_has(&s, 8 * i), i & 1);
	for (uint64_t i = 0; i < 100000; i++) { /* old addresses must not pile up */
		ck_assert(wordset_add(&s, 8 * (i + 5000)));
		wordset_remove(&s, 8 * (i + 5000));
	}
	ck_assert_uint_le(s.size, 4096);
	wordset_fini(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("platform");
	TCase *t = tcase_create("platform");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, verify_compares_what_the_trace_expects);
	tcase_add_loop_test(t, unknown_direction_takes_the_one_that_explains, 0, 2);
	tcase_add_loop_test(t, store_waits_for_dmas_using_its_word_only, 0, 2);
	tcase_add_test(t, queue_tail_waits_for_no_dma_and_commands_hold_what_follows);
	tcase_add_loop_test(t, no_progress_is_reported_with_a_dump, 0, 4);
	tcase_add_test(t, invalidate_request_reaches_its_device);
	tcase_add_test(t, open_loop_keeps_the_times);
	tcase_add_loop_test(t, bad_records_name_their_place, 0, ARRAY_LEN(bad));
	tcase_add_test(t, failing_source_keeps_results);
	tcase_add_loop_test(t, warmup_resets_every_counter, 0, 2);
	tcase_add_loop_test(t, stalled_dma_holds_up_nothing, 0, 4);
	tcase_add_test(t, resumed_dma_is_protected_again);
	tcase_add_test(t, dma_with_two_stalled_requests);
	tcase_add_loop_test(t, stuck_device_takes_further_dmas, 0, 4);
	tcase_add_loop_test(t, stalled_at_the_end_is_noted_and_no_error, 0, 4);
	tcase_add_test(t, end_of_trace_while_stuck);
	tcase_add_test(t, refused_after_a_stall);
	tcase_add_test(t, verify_sees_the_address_that_the_device_used);
	tcase_add_loop_test(t, page_request_holds_up_nothing, 0, 8);
	tcase_add_test(t, page_request_without_response_is_noted);
	tcase_add_loop_test(t, events_reach_the_device_and_its_statistics, 0, 2 * ARRAY_LEN(events));
	tcase_add_test(t, ats_and_page_requests_follow_the_trace);
	tcase_add_test(t, the_no_progress_report_names_the_device);
	tcase_add_test(t, words_are_counted);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
