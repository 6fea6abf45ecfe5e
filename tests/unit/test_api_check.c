/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_api_check.c - the ordering checker of the public C library, for each architecture: a small driver programs a unit by stores and register
 * writes alone; what it does right has no finding, one step left out has the rule of that step. Entries, commands and registers are encoded
 * by hand from the specifications. Captures of Linux through the library: test_ordhw_broken.c.
 */
#include <check.h>
#include <iommusim/iommusim.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { CONF = 0x1000, TABLE = 0x4000 /* a page each level */, RING = 0x8000 /* + 0x2000 for the second unit */, STATUS = 0x9000, MEMORY = 0x10000, DEV = 3, DOMAIN = 5 };
enum { VTD, SMMUV3, AMDVI, ARCHS };
struct rig {
	iommusim *s;
	unsigned arch, unit;
	uint64_t slot, status;
	unsigned char *own; /* memory of the program, which it stores to itself; NULL: the library's */
	unsigned told; /* findings by callback */
	unsigned ats; /* not 0: the entry allows it */
};

static uint64_t ring(const struct rig *t)
{
	return RING + (t->unit ? 0x2000u : 0);
}
static void must(struct rig *t, int status)
{
	ck_assert_msg(!status, "%s", iommusim_message(t->s));
}
static void put(struct rig *t, uint64_t at, uint64_t v)
{
	if (!t->own) {
		must(t, iommusim_store(t->s, at, 8, v));
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		t->own[at + i] = (unsigned char)(v >> 8 * i);
	must(t, iommusim_stored(t->s, at, 8));
}
static void reg(struct rig *t, uint32_t off, unsigned bytes, uint64_t v)
{
	must(t, iommusim_mmio_write(t->s, t->unit, off, bytes, v));
}
static void settle(struct rig *t)
{
	must(t, iommusim_settle(t->s));
}

/* ---- the queue ---- */

static void command(struct rig *t, uint64_t low, uint64_t high)
{
	put(t, ring(t) + 16 * (t->slot % 256), low);
	put(t, ring(t) + 16 * (t->slot++ % 256) + 8, high);
}
static void ring_bell(struct rig *t)
{
	static const uint32_t tail[] = { 0x88, 0x98, 0x2008 };

	reg(t, tail[t->arch], 4, t->arch == SMMUV3 ? t->slot % 512 /* with the wrap bit */ : 16 * (t->slot % 256));
}
static void wait(struct rig *t)
{
	t->status++;
	if (t->arch == VTD)
		command(t, 0x5 | 1 << 5 /* SW */ | t->status << 32, STATUS + 8 * t->unit);
	else if (t->arch == SMMUV3)
		command(t, 0x46, 0);
	else
		command(t, UINT64_C(1) << 60 | (STATUS + 8 * t->unit) | 1 /* s */, t->status);
}
static void flush_page(struct rig *t, uint64_t iova)
{
	if (t->arch == VTD)
		command(t, 0x2 | 3 << 4 /* page */ | 3 << 6 | DOMAIN << 16, iova);
	else if (t->arch == SMMUV3)
		command(t, 0x2a /* TLBI_S2_IPA */ | (uint64_t)DOMAIN << 32, iova | 1 /* leaf */);
	else
		command(t, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, iova);
}
static void flush_all(struct rig *t)
{
	if (t->arch == VTD) {
		command(t, 0x1 | 1 << 4, 0);
		command(t, 0x2 | 1 << 4 | 3 << 6, 0);
	} else if (t->arch == SMMUV3) {
		command(t, 0x04 /* CFGI_ALL */, 31);
		command(t, 0x30 /* TLBI_NSNH_ALL */, 0);
	} else {
		command(t, UINT64_C(2) << 60 | DEV, 0);
		command(t, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, UINT64_C(0x7ffffffffffff003));
	}
}

/* ---- tables ---- */

static void map(struct rig *t, uint64_t iova, uint64_t page)
{
	static const uint64_t bits[] = { 3, 3 << 6 | 3 << 8 | 0xf << 2 | 3 | 1 << 10, UINT64_C(3) << 61 | 1 };

	put(t, TABLE + 0x2000 + 8 * (iova >> 12), page ? page | bits[t->arch] : 0);
}
static void tables(struct rig *t)
{
	static const uint64_t table[2][ARCHS] = { { 3, 3, UINT64_C(3) << 61 | 2 << 9 | 1 }, { 3, 3, UINT64_C(3) << 61 | 1 << 9 | 1 } };

	if (t->arch == VTD) /* the fourth level */
		put(t, TABLE - 0x1000, TABLE | 3);
	for (unsigned i = 0; i < 2; i++)
		put(t, TABLE + 0x1000 * i, (TABLE + 0x1000 * (i + 1)) | table[i][t->arch]);
}
static void enable(struct rig *t)
{
	switch (t->arch) {
	case VTD: /* context entries at CONF + 0x1000, four levels */
		put(t, CONF, (CONF + 0x1000) | 1);
		put(t, CONF + 0x1000 + 16 * DEV + 8, DOMAIN << 8 | 2);
		put(t, CONF + 0x1000 + 16 * DEV, (TABLE - 0x1000) | t->ats << 2 | 1);
		reg(t, 0x20, 8, CONF);
		reg(t, 0x18, 4, 1u << 30);
		settle(t);
		reg(t, 0x90, 8, ring(t));
		reg(t, 0x18, 4, 1u << 26);
		break;
	case SMMUV3: /* stage 2 of 39 bits from level 1, 40 bits of output */
		put(t, CONF + 64 * DEV + 16, (uint64_t)DOMAIN | UINT64_C(25) << 32 | UINT64_C(1) << 38 | UINT64_C(5) << 48 | UINT64_C(1) << 51);
		put(t, CONF + 64 * DEV + 8, (uint64_t)t->ats << 28 /* EATS */);
		put(t, CONF + 64 * DEV + 24, TABLE);
		put(t, CONF + 64 * DEV, 1 | 6 << 1);
		reg(t, 0x80, 8, CONF);
		reg(t, 0x88, 4, 4);
		reg(t, 0x90, 8, ring(t) | 8);
		reg(t, 0x20, 4, 1 << 3);
		break;
	case AMDVI:
		put(t, CONF + 32 * DEV + 8, DOMAIN | (uint64_t)t->ats << 32);
		put(t, CONF + 32 * DEV, UINT64_C(3) << 61 | TABLE | 3 << 9 | 3);
		reg(t, 0x00, 8, CONF);
		reg(t, 0x08, 8, ring(t) | UINT64_C(8) << 56);
		reg(t, 0x18, 8, 1 << 12 | 1);
		break;
	}
	settle(t);
	flush_all(t);
	wait(t);
	ring_bell(t);
	settle(t);
	if (t->arch == VTD)
		reg(t, 0x18, 4, 1u << 31 | 1u << 26);
	if (t->arch == SMMUV3)
		reg(t, 0x20, 4, 1 << 3 | 1);
	settle(t);
	if (t->arch != SMMUV3 || !t->ats)
		return;
	flush_all(t); /* the checker learns of an entry when translation is on */
	wait(t);
	ring_bell(t);
	settle(t);
}

/* ---- a machine ---- */

static void on_finding(void *arg, const struct iommusim_ordering *f)
{
	struct rig *t = arg;

	t->told += f->error;
	ck_assert_int_eq(iommusim_store(t->s, STATUS, 8, 0), IOMMUSIM_INVALID); /* not from here */
	ck_assert_int_eq(iommusim_advance(t->s, UINT64_MAX), IOMMUSIM_INVALID);
}
static int own_read(void *arg, uint64_t a, void *data, unsigned n)
{
	if (a > MEMORY || n > MEMORY - a)
		return 1;
	memcpy(data, ((struct rig *)arg)->own + a, n);
	return 0;
}
static int own_write(void *arg, uint64_t a, const void *data, unsigned n)
{
	if (a > MEMORY || n > MEMORY - a)
		return 1;
	memcpy(((struct rig *)arg)->own + a, data, n);
	return 0;
}
static void make(struct rig *t, const char *config)
{
	struct iommusim_memory m = IOMMUSIM_INIT(struct iommusim_memory);
	struct iommusim_callbacks cb = IOMMUSIM_INIT(struct iommusim_callbacks);
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	char why[1000] = "";

	m.arg = cb.arg = t;
	m.read = own_read;
	m.write = own_write;
	cb.ordering = on_finding;
	o.memory = t->own ? &m : NULL;
	o.callbacks = &cb;
	o.config_text = config;
	o.checker = 1;
	t->s = iommusim_create(&o, why, sizeof(why));
	ck_assert_msg(t->s != NULL, "%s", why);
}
static void start(struct rig *t, unsigned arch)
{
	static const char *const config[] = { "units: [{arch: vtd, name: u}]", "units: [{arch: smmuv3, name: u}]", "units: [{arch: amdvi, name: u}]" };

	t->arch = arch;
	make(t, config[arch]);
	tables(t);
	map(t, 0x5000, 0xa000);
	enable(t);
}
static void done(void *arg, const struct iommusim_dma *d, const struct iommusim_completion *c)
{
	(void)d;
	*(uint64_t *)arg = c->ok ? c->address : 0;
}
/* Where a read goes; 0: refused. */
static uint64_t dma(struct rig *t, uint64_t iova)
{
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t at = UINT64_MAX;

	d.unit = t->unit;
	d.rid = DEV;
	d.pasid = IOMMUSIM_NO_PASID;
	d.address = iova;
	d.bytes = 8;
	d.access = IOMMUSIM_READ;
	must(t, iommusim_submit(t->s, &d, done, &at));
	settle(t);
	return at;
}
/* The driver is done, and did @errors things wrong. The first broke @rule, or that among others. */
static void end(struct rig *t, unsigned errors, const char *rule)
{
	struct iommusim_ordering f = IOMMUSIM_INIT(struct iommusim_ordering);
	char text[2000] = "";

	must(t, iommusim_ordering_finish(t->s));
	(void)iommusim_ordering_text(t->s, 0, text, sizeof(text));
	ck_assert_msg(iommusim_ordering_errors(t->s) == errors, "%llu errors, not %u: %s", (unsigned long long)iommusim_ordering_errors(t->s), errors, text);
	ck_assert_uint_eq(t->told, errors);
	if (errors)
		ck_assert_msg(strstr(text, rule) != NULL, "not %s: %s", rule, text);
	else
		ck_assert_msg(!iommusim_ordering_count(t->s), "%s", text);
	ck_assert_int_eq(iommusim_ordering_get(t->s, iommusim_ordering_count(t->s), &f), IOMMUSIM_INVALID);
	iommusim_destroy(t->s);
	free(t->own);
	t->own = NULL;
}

/* ---- what drivers do ---- */

static void unmap_rightly(struct rig *t)
{
	ck_assert_uint_eq(dma(t, 0x5000), 0xa000);
	map(t, 0x5000, 0);
	flush_page(t, 0x5000);
	wait(t);
	ring_bell(t);
	settle(t);
	ck_assert_uint_eq(dma(t, 0x5000), 0);
	map(t, 0x5000, 0xb000);
	ck_assert_uint_eq(dma(t, 0x5000), 0xb000);
}
START_TEST(right_has_no_finding)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	for (unsigned i = 0; i < 200; i++) { /* around the ring */
		unmap_rightly(&t);
		map(&t, 0x5000, 0);
		flush_page(&t, 0x5000);
		wait(&t);
		ring_bell(&t);
		settle(&t);
		map(&t, 0x5000, 0xa000);
	}
	end(&t, 0, NULL);
}
END_TEST

START_TEST(invalidation_forgotten)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	map(&t, 0x5000, 0);
	wait(&t);
	ring_bell(&t);
	settle(&t);
	map(&t, 0x5000, 0xb000);
	ck_assert_uint_eq(t.told, 1); /* inside that store */
	end(&t, 1, "GEN-ORD-03");
}
END_TEST

START_TEST(wait_forgotten)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	map(&t, 0x5000, 0);
	flush_page(&t, 0x5000);
	ring_bell(&t);
	settle(&t); /* it has been executed; nobody has told the driver */
	map(&t, 0x5000, 0xb000);
	ck_assert_uint_eq(t.told, 1); /* inside that store */
	end(&t, 1, "GEN-ORD-05");
}
END_TEST

START_TEST(reused_before_the_wait_has_completed)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	map(&t, 0x5000, 0);
	flush_page(&t, 0x5000);
	wait(&t);
	ring_bell(&t);
	map(&t, 0x5000, 0xb000); /* no time has passed */
	ck_assert_uint_eq(t.told, 1); /* inside that store */
	end(&t, 1, "GEN-ORD-05");
}
END_TEST

START_TEST(memory_of_the_program)
{
	struct rig t = { .own = calloc(1, MEMORY) };

	start(&t, (unsigned)_i);
	unmap_rightly(&t);
	map(&t, 0x5000, 0);
	wait(&t);
	ring_bell(&t);
	settle(&t);
	map(&t, 0x5000, 0xc000);
	end(&t, 1, "GEN-ORD-03");
}
END_TEST

/* A DMA uses what the driver has given to another page: its address is the old one. */
START_TEST(a_dma_uses_it)
{
	struct rig t = { .arch = 0 };
	struct iommusim_ordering f = IOMMUSIM_INIT(struct iommusim_ordering);

	start(&t, (unsigned)_i);
	ck_assert_uint_eq(dma(&t, 0x5000), 0xa000);
	map(&t, 0x5000, 0);
	map(&t, 0x5000, 0xb000);
	ck_assert_uint_eq(dma(&t, 0x5000), 0xa000);
	ck_assert_int_eq(iommusim_ordering_get(t.s, 1, &f), IOMMUSIM_OK);
	ck_assert_str_eq(f.verdict, "MANIFEST");
	ck_assert_str_eq(f.event, "DMA");
	ck_assert_uint_eq(f.call, iommusim_calls(t.s));
	ck_assert_uint_eq(f.time, iommusim_now(t.s));
	f.size = offsetof(struct iommusim_ordering, title); /* an older program */
	f.title = NULL;
	ck_assert_int_eq(iommusim_ordering_get(t.s, 0, &f), IOMMUSIM_OK);
	ck_assert_str_eq(f.rule, "GEN-ORD-03");
	ck_assert_ptr_null(f.title);
	end(&t, 2, "GEN-ORD-03");
}
END_TEST

/* On its way while the driver unmaps rightly: the unit lets it finish first. */
START_TEST(a_dma_in_flight_is_no_finding)
{
	struct rig t = { .arch = 0 };
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t at[2] = { 0, 0 };

	start(&t, (unsigned)_i);
	d.rid = DEV;
	d.pasid = IOMMUSIM_NO_PASID;
	d.bytes = 8;
	d.access = IOMMUSIM_READ;
	d.address = 0x5000;
	must(&t, iommusim_submit(t.s, &d, done, &at[0]));
	d.address = 0x6000; /* refused, and mapped before the device hears of it */
	must(&t, iommusim_submit(t.s, &d, done, &at[1]));
	map(&t, 0x5000, 0);
	map(&t, 0x6000, 0xd000);
	flush_page(&t, 0x5000);
	wait(&t);
	ring_bell(&t);
	settle(&t);
	map(&t, 0x5000, 0xb000);
	end(&t, 0, NULL);
}
END_TEST

START_TEST(slot_written_before_it_is_read)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	flush_page(&t, 0x7000);
	wait(&t);
	ring_bell(&t);
	t.slot -= 2;
	flush_page(&t, 0x8000);
	t.slot++;
	ring_bell(&t);
	settle(&t);
	end(&t, 1, "GEN-ORD-18");
}
END_TEST

/* The queue is turned off with a command and a wait in it, and begins anew: they must be given @again, and their end is not mistaken for another. */
START_TEST(queue_turned_off_and_on)
{
	static const struct { uint32_t off, head; uint64_t disable, enable; } how[] = {
		{ 0x18, 0, 1u << 31, 1u << 31 | 1 << 26 }, { 0x20, 0x9c, 1, 1 << 3 | 1 }, { 0x18, 0x2000, 1, 1 << 12 | 1 },
	};
	static const uint32_t tail[] = { 0x88, 0x98, 0x2008 };
	unsigned arch = (unsigned)_i % ARCHS;
	bool again = _i >= ARCHS;
	struct rig t = { .arch = 0 };

	start(&t, arch);
	map(&t, 0x5000, 0);
	flush_page(&t, 0x5000);
	wait(&t);
	ring_bell(&t);
	reg(&t, how[arch].off, 4, how[arch].disable);
	settle(&t);
	reg(&t, tail[arch], 4, 0);
	if (how[arch].head)
		reg(&t, how[arch].head, 4, 0);
	t.slot = 0;
	reg(&t, how[arch].off, 4, how[arch].enable);
	settle(&t);
	if (again) {
		flush_page(&t, 0x5000);
		wait(&t);
		ring_bell(&t);
		settle(&t);
	}
	map(&t, 0x5000, 0xc000);
	if (again) {
		map(&t, 0x5000, 0);
		flush_page(&t, 0x5000);
		wait(&t);
		ring_bell(&t);
		map(&t, 0x5000, 0xb000);
	}
	end(&t, 1, again ? "GEN-ORD-05" : "GEN-ORD-22");
}
END_TEST

START_TEST(device_cache_forgotten)
{
	struct rig t = { .ats = 1 };

	start(&t, (unsigned)_i);
	must(&t, iommusim_device_event(t.s, 0, DEV, "ats-on"));
	map(&t, 0x5000, 0);
	flush_page(&t, 0x5000);
	wait(&t);
	ring_bell(&t);
	settle(&t);
	map(&t, 0x5000, 0xb000);
	end(&t, 1, "GEN-ORD-03");
}
END_TEST

/* The counters by which completions are seen begin anew in the middle. */
START_TEST(statistics_reset_in_between)
{
	struct rig t = { .arch = 0 };

	start(&t, (unsigned)_i);
	for (unsigned i = 0; i < 20; i++) {
		map(&t, 0x5000, 0);
		flush_page(&t, 0x5000);
		wait(&t);
		ring_bell(&t);
		if (i % 3 == 0)
			iommusim_statistics_reset(t.s);
		settle(&t);
		if (i % 3 == 1)
			iommusim_statistics_reset(t.s);
		map(&t, 0x5000, 0xa000);
	}
	end(&t, 0, NULL);
}
END_TEST

/* ---- one architecture ---- */

static void iotlb_register(struct rig *t, bool poll, uint64_t page)
{
	uint64_t v, ecap;
	uint32_t at;

	must(t, iommusim_mmio_read(t->s, 0, 0x10, 8, &ecap));
	at = (uint32_t)(ecap >> 8 & 0x3ff) * 16 + 8;
	map(t, 0x5000, 0);
	reg(t, at, 8, UINT64_C(1) << 63 | UINT64_C(2) << 60 | (uint64_t)DOMAIN << 32);
	if (poll) {
		settle(t);
		must(t, iommusim_mmio_read(t->s, 0, at, 8, &v));
		ck_assert(!(v >> 63));
	}
	map(t, 0x5000, page);
}
START_TEST(vtd_register_invalidation)
{
	struct rig t = { .arch = 0 };

	start(&t, VTD);
	iotlb_register(&t, true, 0xb000);
	ck_assert_uint_eq(iommusim_ordering_errors(t.s), 0);
	iotlb_register(&t, false, 0xc000);
	end(&t, 1, "GEN-ORD-17"); /* the first one is that all was flushed for a page */
}
END_TEST

/* Refused descriptor: nothing behind it happens, until the driver writes another one into the slot and clears the error. */
START_TEST(vtd_queue_error_repaired)
{
	struct rig t = { .arch = 0 };
	uint64_t v;

	start(&t, VTD);
	map(&t, 0x5000, 0);
	command(&t, 0xf, 0); /* no such type */
	flush_page(&t, 0x5000);
	wait(&t);
	ring_bell(&t);
	settle(&t);
	must(&t, iommusim_mmio_read(t.s, 0, 0x34, 4, &v));
	ck_assert_uint_eq(v >> 4 & 1, 1); /* IQE */
	if (_i) {
		t.slot -= 3;
		command(&t, 0x4, 0);
		t.slot += 2;
		reg(&t, 0x34, 4, 1 << 4);
		settle(&t);
	}
	map(&t, 0x5000, 0xb000);
	end(&t, !_i, "GEN-ORD-05");
}
END_TEST

/* ---- several units ---- */

/* Two VT-d units, one table; one or both are told of the unmapping. */
static void two_units(bool both)
{
	struct rig a = { .arch = VTD }, b = { .arch = VTD, .unit = 2 };

	make(&a, "units: [{arch: vtd, name: a}, {arch: amdvi, name: x}, {arch: vtd, name: b}]");
	b.s = a.s;
	tables(&a);
	map(&a, 0x5000, 0xa000);
	enable(&a);
	enable(&b);
	ck_assert_uint_eq(dma(&a, 0x5000), 0xa000);
	ck_assert_uint_eq(dma(&b, 0x5000), 0xa000);
	map(&a, 0x5000, 0);
	flush_page(&a, 0x5000);
	wait(&a);
	ring_bell(&a);
	if (both) {
		flush_page(&b, 0x5000);
		wait(&b);
		ring_bell(&b);
	}
	settle(&a);
	map(&a, 0x5000, 0xb000);
	end(&a, !both, "GEN-ORD-06");
}
START_TEST(one_of_two_units_forgotten)
{
	two_units(_i);
}
END_TEST

/* Two architectures in one machine, each with a checker of its own. */
START_TEST(two_architectures)
{
	struct rig a = { .arch = AMDVI }, b = { .arch = VTD, .unit = 1 };

	make(&a, "units: [{arch: amdvi, name: a}, {arch: vtd, name: b}]");
	b.s = a.s;
	tables(&a);
	map(&a, 0x5000, 0xa000);
	enable(&a);
	unmap_rightly(&a);
	ck_assert_uint_eq(iommusim_ordering_errors(a.s), 0);
	ck_assert_uint_eq(dma(&b, 0x5000), 0x5000); /* off: nothing is translated */
	map(&a, 0x5000, 0);
	map(&a, 0x5000, 0xa000);
	end(&a, 1, "GEN-ORD-03");
}
END_TEST

START_TEST(what_is_wrong_with_a_call_is_said)
{
	static const char *const knobs[] = { "np_cahe=1", NULL };
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	struct iommusim_ordering f = IOMMUSIM_INIT(struct iommusim_ordering);
	struct rig t = { .arch = 0 };
	char why[1000] = "";
	uint64_t v;

	o.checker = 1;
	o.checker_knobs = knobs;
	ck_assert_ptr_null(iommusim_create(&o, why, sizeof(why)));
	ck_assert_msg(strstr(why, "np_cache") != NULL, "%s", why);
	o.checker = 0; /* no checker: nothing is looked at */
	t.s = iommusim_create(&o, why, sizeof(why));
	ck_assert_msg(t.s != NULL, "%s", why);
	ck_assert_int_eq(iommusim_restore_register(t.s, 0, 0x40, 4, 0xfee01000), IOMMUSIM_OK);
	must(&t, iommusim_mmio_read(t.s, 0, 0x40, 4, &v));
	ck_assert_uint_eq(v, 0xfee01000);
	ck_assert_int_eq(iommusim_restore_register(t.s, 1, 0x40, 4, 0), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_restore_register(t.s, 0, 0x80000000, 4, 0), IOMMUSIM_INVALID);
	reg(&t, 0x40, 4, 0);
	ck_assert_int_eq(iommusim_restore_register(t.s, 0, 0x40, 4, 0), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_stored(t.s, UINT64_MAX, 2), IOMMUSIM_INVALID);
	ck_assert_int_eq(iommusim_stored(t.s, 0x1000, 8), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_ordering_get(t.s, 0, &f), IOMMUSIM_INVALID);
	f.size = 0;
	ck_assert_int_eq(iommusim_ordering_get(t.s, 0, &f), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(t.s), "IOMMUSIM_INIT"));
	ck_assert_int_eq(iommusim_ordering_text(t.s, 0, why, sizeof(why)), 0);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(iommusim_ordering_finish(t.s), IOMMUSIM_OK);
	ck_assert_uint_eq(iommusim_ordering_count(t.s) + iommusim_ordering_errors(t.s), 0);
	iommusim_destroy(t.s);
}
END_TEST

/* So large a stream table is not followed: said once by the call, and at the end. */
START_TEST(tables_that_are_not_followed)
{
	struct rig t = { .arch = SMMUV3 };

	make(&t, "units: [{arch: smmuv3, name: u}]");
	reg(&t, 0x88, 4, 21);
	ck_assert_int_eq(iommusim_mmio_write(t.s, 0, 0x20, 4, 1), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(t.s), "has stopped"));
	ck_assert_int_eq(iommusim_mmio_write(t.s, 0, 0x20, 4, 0), IOMMUSIM_OK);
	ck_assert_int_eq(iommusim_ordering_finish(t.s), IOMMUSIM_INVALID);
	ck_assert_ptr_nonnull(strstr(iommusim_message(t.s), "2^20"));
	iommusim_destroy(t.s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("api_check");
	TCase *t = tcase_create("api_check");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, right_has_no_finding, 0, ARCHS);
	tcase_add_loop_test(t, invalidation_forgotten, 0, ARCHS);
	tcase_add_loop_test(t, wait_forgotten, 0, ARCHS);
	tcase_add_loop_test(t, reused_before_the_wait_has_completed, 0, ARCHS);
	tcase_add_loop_test(t, memory_of_the_program, 0, ARCHS);
	tcase_add_loop_test(t, a_dma_uses_it, 0, ARCHS);
	tcase_add_loop_test(t, a_dma_in_flight_is_no_finding, 0, ARCHS);
	tcase_add_loop_test(t, slot_written_before_it_is_read, 0, ARCHS);
	tcase_add_loop_test(t, queue_turned_off_and_on, 0, 2 * ARCHS);
	tcase_add_loop_test(t, device_cache_forgotten, 0, ARCHS);
	tcase_add_loop_test(t, statistics_reset_in_between, 0, ARCHS);
	tcase_add_test(t, vtd_register_invalidation);
	tcase_add_loop_test(t, vtd_queue_error_repaired, 0, 2);
	tcase_add_loop_test(t, one_of_two_units_forgotten, 0, 2);
	tcase_add_test(t, two_architectures);
	tcase_add_test(t, what_is_wrong_with_a_call_is_said);
	tcase_add_test(t, tables_that_are_not_followed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
