/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_api.c - the public C library: errors of its caller, DMAs beyond a device's room, memory behind callbacks, stalls, several instances,
 * threads.
 */
#include <check.h>
#include <iommusim/iommusim.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static iommusim *with(const char *config)
{
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	char why[1000] = "";
	iommusim *s;

	o.config_text = config;
	o.checker = 1; /* beside everything that is tested here, in every thread */
	s = iommusim_create(&o, why, sizeof(why));
	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

static void refuses(const struct iommusim_options *o, const char *sentence)
{
	char why[1000] = "";

	ck_assert_ptr_null(iommusim_create(o, why, sizeof(why)));
	ck_assert_msg(strstr(why, sentence) != NULL, "\"%s\" lacks \"%s\"", why, sentence);
}

START_TEST(what_is_wrong_with_options_is_said)
{
	static const char *const set[] = { "units.vtd0.iotlb.entires=4", NULL };
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	struct iommusim_memory m = IOMMUSIM_INIT(struct iommusim_memory);

	o.config_text = "units:\n  - {arch: vtd, name: a}\n  - {arch: vtdd, name: b}\n";
	refuses(&o, "configuration:3:");
	o.config_file = "x.yaml";
	refuses(&o, "a file or a text");
	o.config_text = NULL;
	refuses(&o, "x.yaml");
	o.config_file = NULL;
	o.set = set;
	refuses(&o, "iotlb.entries");
	o.set = NULL;
	o.memory = &m;
	refuses(&o, "needs read and write");
	m.size = 0;
	refuses(&o, "IOMMUSIM_INIT");
	o.size = 0;
	refuses(&o, "IOMMUSIM_INIT");
	o.size = sizeof(size_t); /* a program that knows no option yet: what follows is not looked at */
	iommusim_destroy(iommusim_create(&o, NULL, 0));
}
END_TEST

START_TEST(what_is_wrong_with_a_call_is_said)
{
	iommusim *s = with("units: [{arch: vtd, name: one}, {arch: amdvi, name: two}]");
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t v;
	double x;

	ck_assert_uint_eq(iommusim_unit_count(s), 2);
	ck_assert_str_eq(iommusim_unit_name(s, 1), "two");
	ck_assert_str_eq(iommusim_unit_architecture(s, 1), "amdvi");
	ck_assert_ptr_null(iommusim_unit_name(s, 2));
	ck_assert_int_eq(iommusim_mmio_write(s, 2, 0, 4, 0), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(s), "no unit 2"));
	ck_assert_int_eq(iommusim_mmio_read(s, 0, 2, 4, &v), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_mmio_read(s, 0, 8, 2, &v), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_store(s, 4, 8, 0), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_device_event(s, 0, 8, "at-on"), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(s), "nearest: ats-on"));
	ck_assert_int_eq(iommusim_device_event(s, 0, 8, "ats-on"), IOMMUSIM_OK);
	d.pasid = IOMMUSIM_NO_PASID;
	d.access = IOMMUSIM_READ;
	ck_assert_int_eq(iommusim_submit(s, &d, NULL, NULL), IOMMUSIM_INVALID); /* no byte */
	d.bytes = 2;
	d.address = UINT64_MAX;
	ck_assert_int_eq(iommusim_submit(s, &d, NULL, NULL), IOMMUSIM_INVALID);
	d.address = 0;
	d.pasid = 1 << 20;
	ck_assert_int_eq(iommusim_submit(s, &d, NULL, NULL), IOMMUSIM_INVALID);
	d.pasid = 1;
	d.access = 'q';
	ck_assert_int_eq(iommusim_submit(s, &d, NULL, NULL), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_statistic(s, "one.iotlb.hit", &x), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(s), "nearest: one.iotlb.hits"));
	ck_assert_int_eq(iommusim_statistic(s, "one.iotlb.hits", &x), IOMMUSIM_OK);
	ck_assert(x == 0);
	ck_assert_int_eq(iommusim_advance(s, 1000), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_advance(s, 999), IOMMUSIM_INVALID);
	ck_assert_uint_eq(iommusim_now(s), 1000);
	iommusim_destroy(s);
}
END_TEST

START_TEST(memory_of_any_place_and_size)
{
	iommusim *s = with("memory: {size: 64K}");
	unsigned char in[100], out[100];

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + 1);
	for (unsigned at = 0; at < 9; at++)
		for (unsigned n = 0; n <= 25; n++) {
			memset(out, 0, sizeof(out));
			ck_assert_int_eq(iommusim_memory_write(s, 0x1000 + 200 * at + at, in, n), IOMMUSIM_OK);
			ck_assert_int_eq(iommusim_memory_read(s, 0x1000 + 200 * at + at, out, n), IOMMUSIM_OK);
			ck_assert_int_eq(memcmp(in, out, n), 0);
		}
	ck_assert_int_eq(iommusim_memory_write(s, 0xfffc, in, 8), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_memory_read(s, 0xfffc, out, 8), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_memory_read(s, 0xfffc, out, 4), IOMMUSIM_OK);
	ck_assert_int_eq(memcmp(in, out, 4), 0); /* what came before the error is there */
	iommusim_destroy(s);
}
END_TEST

/* ---- DMAs ---- */

struct seen {
	iommusim *s;
	uint64_t next, last_time;
	unsigned n, again;
	int nested;
};

static void in_order(void *arg, const struct iommusim_dma *d, const struct iommusim_completion *c)
{
	struct seen *v = arg;

	ck_assert_uint_eq(d->address, v->next);
	v->next += 0x40;
	ck_assert(c->ok && c->address == d->address && c->completed >= v->last_time && c->completed >= c->submitted);
	ck_assert_uint_eq(c->completed, iommusim_now(v->s));
	v->last_time = c->completed;
	v->n++;
	v->nested = iommusim_advance(v->s, iommusim_now(v->s) + 1);
	if (v->again) {
		struct iommusim_dma next = *d;

		v->again--;
		next.address = 0x40ull * (199 - v->again + 100);
		ck_assert_int_eq(iommusim_submit(v->s, &next, in_order, v), IOMMUSIM_OK);
	}
}

START_TEST(more_dmas_than_the_device_takes)
{
	struct seen v = { .s = with("devices: [{rid: any, outstanding: 4}]"), .again = 100 };
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t t;

	d.rid = 0x18;
	d.pasid = IOMMUSIM_NO_PASID;
	d.access = IOMMUSIM_READ;
	d.bytes = 64;
	for (unsigned i = 0; i < 200; i++, d.address += 0x40)
		ck_assert_int_eq(iommusim_submit(v.s, &d, in_order, &v), IOMMUSIM_OK);
	ck_assert_uint_eq(iommusim_in_flight(v.s), 200);
	t = iommusim_next_event(v.s);
	ck_assert_uint_ne(t, IOMMUSIM_NEVER);
	ck_assert_int_eq(iommusim_advance(v.s, t), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_settle(v.s), IOMMUSIM_OK);
	ck_assert_uint_eq(v.n, 300);
	ck_assert_uint_eq(iommusim_in_flight(v.s), 0);
	ck_assert_uint_eq(iommusim_next_event(v.s), IOMMUSIM_NEVER);
	ck_assert_int_eq(v.nested, IOMMUSIM_INVALID); /* a callback may not move time */
	iommusim_destroy(v.s);
}
END_TEST

START_TEST(destroyed_with_dmas_in_flight)
{
	iommusim *s = with("devices: [{rid: any, outstanding: 4}]");
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);

	d.pasid = IOMMUSIM_NO_PASID;
	d.access = IOMMUSIM_WRITE;
	d.bytes = 64;
	for (unsigned i = 0; i < 40; i++) {
		d.rid = i % 3;
		ck_assert_int_eq(iommusim_submit(s, &d, NULL, NULL), IOMMUSIM_OK);
	}
	iommusim_destroy(s);
}
END_TEST

/* ---- a stage 2 of an SMMUv3 in memory of ours ---- */

enum { STREAMS = 0x4000, TABLE = 0x8000, SIZE = 0x10000 };
struct far {
	unsigned char byte[SIZE];
	unsigned swaps, notes;
	uint64_t fail; /* the line that gives bus errors */
};

static int far_read(void *arg, uint64_t a, void *data, unsigned n)
{
	struct far *f = arg;

	ck_assert(n && n <= 64 && a / 64 == (a + n - 1) / 64);
	if (a > SIZE || n > SIZE - a || a / 64 == f->fail / 64)
		return 1;
	memcpy(data, f->byte + a, n);
	return 0;
}

static int far_write(void *arg, uint64_t a, const void *data, unsigned n)
{
	struct far *f = arg;

	ck_assert(n && n <= 64 && a / 64 == (a + n - 1) / 64);
	if (a > SIZE || n > SIZE - a || a / 64 == f->fail / 64)
		return 1;
	memcpy(f->byte + a, data, n);
	return 0;
}

static int far_swap(void *arg, uint64_t a, uint64_t old, uint64_t new_, uint64_t *seen)
{
	struct far *f = arg;

	f->swaps++;
	if (far_read(f, a, seen, 8))
		return 1;
	return *seen == old ? far_write(f, a, &new_, 8) : 0;
}

static void note(void *arg, const char *text)
{
	((struct far *)arg)->notes += *text != '\0';
}

static void smmu_store(iommusim *s, uint64_t a, uint64_t v)
{
	ck_assert_int_eq(iommusim_store(s, a, 8, v), IOMMUSIM_OK);
}

/* Stream 3: stage 2 only, 39 bits, from level 1; @bits: of word 2. Page 5 is at 0xe000; bit 10 is the Access flag. */
static iommusim *smmu(struct far *f, uint64_t bits, uint64_t leaf)
{
	struct iommusim_memory m = IOMMUSIM_INIT(struct iommusim_memory);
	struct iommusim_callbacks cb = IOMMUSIM_INIT(struct iommusim_callbacks);
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	iommusim *s;

	m.arg = cb.arg = f;
	m.read = far_read;
	m.write = far_write;
	m.compare_swap = far_swap;
	cb.note = note;
	o.memory = &m;
	o.callbacks = &cb;
	o.config_text = "units: [{arch: smmuv3, name: smmu}]\n";
	f->fail = UINT64_MAX;
	s = iommusim_create(&o, NULL, 0);
	ck_assert_ptr_nonnull(s);
	smmu_store(s, STREAMS + 64 * 3, 1 | 6 << 1);
	smmu_store(s, STREAMS + 64 * 3 + 16, UINT64_C(1) | UINT64_C(25) << 32 | UINT64_C(1) << 38 | UINT64_C(5) << 48 | UINT64_C(1) << 51 | bits);
	smmu_store(s, STREAMS + 64 * 3 + 24, TABLE);
	smmu_store(s, TABLE, TABLE + 0x1003);
	smmu_store(s, TABLE + 0x1000, TABLE + 0x2003);
	smmu_store(s, TABLE + 0x2000 + 8 * 5, leaf);
	ck_assert_int_eq(iommusim_mmio_write(s, 0, 0x80, 8, STREAMS), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_mmio_write(s, 0, 0x88, 4, 4), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_mmio_write(s, 0, 0x20, 4, 1), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_settle(s), IOMMUSIM_OK);
	return s;
}

static void keep(void *arg, const struct iommusim_dma *d, const struct iommusim_completion *c)
{
	(void)d;
	*(struct iommusim_completion *)arg = *c;
}

static int touch(iommusim *s, uint64_t address, struct iommusim_completion *c)
{
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);

	*c = (struct iommusim_completion){ 0 };
	d.rid = 3;
	d.pasid = IOMMUSIM_NO_PASID;
	d.access = IOMMUSIM_READ;
	d.bytes = 8;
	d.address = address;
	ck_assert_int_eq(iommusim_submit(s, &d, keep, c), IOMMUSIM_OK);
	return iommusim_settle(s);
}

enum { LEAF = 0xe000 | 3 << 6 | 3 << 8 | 0xf << 2 | 3 };

START_TEST(memory_behind_callbacks)
{
	struct far f = { .fail = UINT64_MAX };
	iommusim *s = smmu(&f, UINT64_C(1) << 56 /* HA: the unit sets the Access flag */, LEAF);
	struct iommusim_completion c;

	ck_assert_int_eq(touch(s, 0x5008, &c), IOMMUSIM_OK);
	ck_assert(c.ok && c.address == 0xe008);
	ck_assert_uint_eq(f.swaps, 1);
	ck_assert_uint_eq(f.byte[TABLE + 0x2000 + 8 * 5 + 1] & 4, 4);
	f.fail = TABLE + 0x2000 + 8 * 8;
	ck_assert_int_eq(touch(s, 0x8000, &c), IOMMUSIM_OK);
	ck_assert(!c.ok);
	ck_assert_str_eq(iommusim_fault_name(s, 0, c.code), "F_WALK_EABT");
	iommusim_destroy(s);
}
END_TEST

START_TEST(a_stalled_dma_is_busy_not_lost)
{
	struct far f = { .fail = UINT64_MAX };
	iommusim *s = smmu(&f, UINT64_C(1) << 53 | UINT64_C(1) << 57 /* S: stall */ | UINT64_C(1) << 58, LEAF | 0x400);
	struct iommusim_completion c;

	ck_assert_int_eq(touch(s, 0x5000, &c), IOMMUSIM_OK);
	ck_assert(c.ok);
	ck_assert_int_eq(touch(s, 0x6000, &c), IOMMUSIM_BUSY);
	ck_assert_uint_eq(iommusim_in_flight(s), 1);
	ck_assert_uint_gt(f.notes, 0); /* what waits for what */
	ck_assert_ptr_nonnull(strstr(iommusim_message(s), "1 DMAs are in flight"));
	iommusim_destroy(s);
}
END_TEST

/* ---- instances ---- */

struct life {
	const char *config;
	char *json;
};

static void *live(void *arg)
{
	struct life *l = arg;
	struct seen v = { .s = with(l->config) };
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);

	d.rid = 3;
	d.pasid = IOMMUSIM_NO_PASID;
	d.access = IOMMUSIM_READ;
	d.bytes = 64;
	for (unsigned i = 0; i < 3000; i++, d.address += 0x40) {
		ck_assert_int_eq(iommusim_submit(v.s, &d, in_order, &v), IOMMUSIM_OK);
		ck_assert_int_eq(iommusim_store(v.s, 0x1000000 + 8 * i, 8, i), IOMMUSIM_OK);
		if (i % 50 == 49)
			ck_assert_int_eq(iommusim_settle(v.s), IOMMUSIM_OK);
	}
	ck_assert_uint_eq(v.n, 3000);
	ck_assert_int_eq(iommusim_ordering_finish(v.s), IOMMUSIM_OK);
	ck_assert_uint_eq(iommusim_ordering_count(v.s), 0); /* nothing is translated */
	l->json = iommusim_statistics_json(v.s);
	iommusim_destroy(v.s);
	return NULL;
}

START_TEST(two_architectures_in_two_threads)
{
	static const char *const config[] = { "units: [{arch: vtd, name: u}]", "units: [{arch: smmuv3, name: u}]",
					      "units: [{arch: amdvi, name: u}]" };

	for (unsigned i = 0; i < 3; i++) {
		struct life a = { config[i], NULL }, b = { config[(i + 1) % 3], NULL }, alone = { config[i], NULL };
		pthread_t ta, tb;

		ck_assert_int_eq(pthread_create(&ta, NULL, live, &a), 0);
		ck_assert_int_eq(pthread_create(&tb, NULL, live, &b), 0);
		pthread_join(ta, NULL);
		pthread_join(tb, NULL);
		live(&alone);
		ck_assert_str_eq(a.json, alone.json); /* instances do not touch each other */
		ck_assert_str_ne(a.json, b.json);
		iommusim_free(a.json);
		iommusim_free(b.json);
		iommusim_free(alone.json);
	}
}
END_TEST

START_TEST(statistics_begin_anew)
{
	iommusim *s = with("");
	struct iommusim_completion c;
	double n;

	ck_assert_int_eq(touch(s, 0, &c), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_statistic(s, "vtd0.requests", &n), IOMMUSIM_OK);
	ck_assert(n == 1);
	ck_assert_int_eq(iommusim_statistic(s, "vtd0.latency.n", &n), IOMMUSIM_OK);
	ck_assert(n == 1);
	iommusim_statistics_reset(s);
	ck_assert_int_eq(iommusim_statistic(s, "vtd0.requests", &n), IOMMUSIM_OK);
	ck_assert(n == 0);
	ck_assert_uint_eq(iommusim_finding_count(s), 0); /* no oracle */
	iommusim_destroy(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api");
	TCase *t = tcase_create("api");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_is_wrong_with_options_is_said);
	tcase_add_test(t, what_is_wrong_with_a_call_is_said);
	tcase_add_test(t, memory_of_any_place_and_size);
	tcase_add_test(t, more_dmas_than_the_device_takes);
	tcase_add_test(t, destroyed_with_dmas_in_flight);
	tcase_add_test(t, memory_behind_callbacks);
	tcase_add_test(t, a_stalled_dma_is_busy_not_lost);
	tcase_add_test(t, two_architectures_in_two_threads);
	tcase_add_test(t, statistics_begin_anew);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
