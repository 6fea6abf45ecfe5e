/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_test.c - how a driver's unit test uses the library: it programs VT-d through its registers (legacy mode, queued invalidation), lets a
 * device use a mapping, sees a fault as its interrupt handler would, and is told when it forgets an invalidation: by the oracle when a device uses
 * what is stale, by the ordering checker when it uses the address again, whether a device has come or not.
 * The numbers are those of the VT-d specification: "Register Descriptions" and "Translation Structure Formats".
 */
#include <inttypes.h>
#include <iommusim/iommusim.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAP = 0x08, GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, FSTS = 0x34, FECTL = 0x38, FEDATA = 0x3c, FEADDR = 0x40, IQT = 0x88, IQA = 0x90 };
enum { ROOT = 0x1000, CONTEXT = 0x2000, TABLE = 0x3000 /* four levels, a page each */, QUEUE = 0x8000, STATUS = 0x9000 };
enum { RID = 0x18 /* 00:03.0 */, DOMAIN = 5, ADDRESS_WIDTH_4_LEVELS = 2 };

struct test {
	iommusim *sim;
	uint64_t tail; /* of the queue, bytes */
	uint32_t status; /* the last wait's */
	unsigned interrupts;
};

static void must(struct test *t, int status)
{
	if (status) {
		fprintf(stderr, "driver_test: %s\n", iommusim_message(t->sim));
		exit(1);
	}
}

static void check(int ok, const char *what)
{
	printf("%s: %s\n", ok ? "ok" : "WRONG", what);
	if (!ok)
		exit(1);
}

static uint64_t reg(struct test *t, uint32_t offset, unsigned bytes)
{
	uint64_t v;

	must(t, iommusim_mmio_read(t->sim, 0, offset, bytes, &v));
	return v;
}

static void set_reg(struct test *t, uint32_t offset, unsigned bytes, uint64_t v)
{
	must(t, iommusim_mmio_write(t->sim, 0, offset, bytes, v));
}

/* A bit of the global command register, and its echo in the status register. */
static void command(struct test *t, unsigned bit)
{
	set_reg(t, GCMD, 4, (reg(t, GSTS, 4) & 0x96ffffff) | UINT32_C(1) << bit);
	must(t, iommusim_settle(t->sim));
	check(reg(t, GSTS, 4) >> bit & 1, bit == 30 ? "root table pointer taken" : bit == 26 ? "queued invalidation on" : "translation on");
}

static void descriptor(struct test *t, uint64_t low, uint64_t high)
{
	must(t, iommusim_store(t->sim, QUEUE + t->tail, 8, low));
	must(t, iommusim_store(t->sim, QUEUE + t->tail + 8, 8, high));
	t->tail = (t->tail + 16) % 4096;
}

/* Give the unit what is in the queue, and wait as a driver does: a status write. */
static void wait_descriptor(struct test *t)
{
	uint32_t seen;

	descriptor(t, 0x5 /* wait */ | 1 << 5 /* status write */ | (uint64_t)++t->status << 32, STATUS);
	set_reg(t, IQT, 8, t->tail);
	must(t, iommusim_settle(t->sim));
	must(t, iommusim_memory_read(t->sim, STATUS, &seen, sizeof(seen)));
	check(seen == t->status, "the wait descriptor wrote its status");
}

static void flush_page(struct test *t, uint64_t iova)
{
	descriptor(t, 0x2 /* IOTLB */ | 3 << 4 /* page */ | UINT64_C(3) << 6 /* drain */ | (uint64_t)DOMAIN << 16, iova);
	wait_descriptor(t);
}

static void map(struct test *t, uint64_t iova, uint64_t page)
{
	must(t, iommusim_store(t->sim, TABLE + 3 * 4096 + (iova >> 12 & 511) * 8, 8, page ? page | 3 : 0)); /* read, write */
}

static void set_up(struct test *t)
{
	must(t, iommusim_store(t->sim, ROOT, 8, CONTEXT | 1)); /* bus 0, present */
	must(t, iommusim_store(t->sim, CONTEXT + 16 * RID, 8, TABLE | 1));
	must(t, iommusim_store(t->sim, CONTEXT + 16 * RID + 8, 8, DOMAIN << 8 | ADDRESS_WIDTH_4_LEVELS));
	for (unsigned level = 0; level < 3; level++)
		must(t, iommusim_store(t->sim, TABLE + level * 4096, 8, (TABLE + (level + 1) * 4096) | 3));
	set_reg(t, RTADDR, 8, ROOT);
	command(t, 30);
	set_reg(t, IQA, 8, QUEUE);
	command(t, 26);
	descriptor(t, 0x1 /* context cache */ | 1 << 4 /* all */, 0);
	descriptor(t, 0x2 /* IOTLB */ | 1 << 4 /* all */ | UINT64_C(3) << 6, 0);
	wait_descriptor(t);
	set_reg(t, FEADDR, 4, 0xfee00000);
	set_reg(t, FEDATA, 4, 0x31);
	set_reg(t, FECTL, 4, 0); /* interrupts on */
	command(t, 31);
}

static void done(void *arg, const struct iommusim_dma *dma, const struct iommusim_completion *c)
{
	(void)dma;
	*(struct iommusim_completion *)arg = *c;
}

static struct iommusim_completion dma(struct test *t, uint64_t address)
{
	struct iommusim_completion c = { 0 };
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);

	d.rid = RID;
	d.pasid = IOMMUSIM_NO_PASID;
	d.address = address;
	d.bytes = 64;
	d.access = IOMMUSIM_WRITE;
	must(t, iommusim_submit(t->sim, &d, done, &c));
	must(t, iommusim_settle(t->sim));
	return c;
}

static void on_interrupt(void *arg, unsigned unit, uint64_t address, uint32_t data)
{
	struct test *t = arg;

	(void)unit;
	t->interrupts += address == 0xfee00000 && data == 0x31;
}

/* What the fault interrupt's handler does: read the first record and clear it. */
static void handle_fault(struct test *t, uint64_t expected)
{
	uint32_t at = (uint32_t)(reg(t, CAP, 8) >> 24 & 0x3ff) * 16;
	uint64_t low = reg(t, at, 8), high = reg(t, at + 8, 8);
	unsigned reason = high >> 32 & 0xff;

	check(t->interrupts == 1 && (reg(t, FSTS, 4) & 2), "one fault interrupt, a record pending");
	printf("fault record: %" PRIx64 " %" PRIx64 ", reason 0x%x (%s): %s\n", high, low, reason, iommusim_fault_name(t->sim, 0, reason),
	       iommusim_fault_text(t->sim, 0, reason));
	check(low == expected && (high & 0xffff) == RID && high >> 63, "the record names the page and the device");
	set_reg(t, at + 8, 8, UINT64_C(1) << 63);
	check(!(reg(t, FSTS, 4) & 2), "nothing is pending any more");
}

/* Called inside the store, register write, or DMA that breaks a rule: a breakpoint here has the driver's function on the stack. */
static void on_ordering(void *arg, const struct iommusim_ordering *f)
{
	(void)arg;
	printf("call %" PRIu64 ", %" PRIu64 " ns: %s, %s: %s\n  %s\n  %s\n  right: %s\n  source: %s\n", f->call, f->time / 1000, f->severity, f->rule,
	       f->title, f->what, f->history, f->right, f->clause);
}

int main(void)
{
	struct test t = { 0 };
	struct iommusim_callbacks cb = IOMMUSIM_INIT(struct iommusim_callbacks);
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	struct iommusim_completion c;
	char text[2000], why[1000];
	double hits;

	cb.arg = &t;
	cb.interrupt = on_interrupt;
	cb.ordering = on_ordering;
	o.config_text = "units: [{arch: vtd, name: vtd0, clock: 1 ns}]\nmemory: {latency: 60 ns}\n";
	o.callbacks = &cb;
	o.oracle = 1;
	o.checker = 1;
	t.sim = iommusim_create(&o, why, sizeof(why));
	if (!t.sim) {
		fprintf(stderr, "driver_test: %s\n", why);
		return 1;
	}
	set_up(&t);

	map(&t, 0x5000, 0xabc000);
	c = dma(&t, 0x5040);
	check(c.ok && c.address == 0xabc040, "a mapped page is reached");
	printf("a miss took %" PRIu64 " ns\n", (c.completed - c.submitted) / 1000);
	c = dma(&t, 0x5080);
	must(&t, iommusim_statistic(t.sim, "vtd0.iotlb.hits", &hits));
	check(c.ok && hits == 1, "the second access hits the IOTLB");

	c = dma(&t, 0x6000);
	check(!c.ok, "a page that is not mapped is refused");
	handle_fault(&t, 0x6000);

	map(&t, 0x5000, 0);
	flush_page(&t, 0x5000);
	check(!dma(&t, 0x5000).ok, "an unmapped page is refused after its invalidation");
	check(iommusim_finding_count(t.sim) == 0, "no device used a translation that was gone");

	map(&t, 0x7000, 0xdef000);
	check(dma(&t, 0x7000).ok, "another page");
	map(&t, 0x7000, 0);
	wait_descriptor(&t); /* but the invalidation was forgotten */
	check(dma(&t, 0x7000).ok && iommusim_finding_count(t.sim) == 1, "the forgotten invalidation was found");
	iommusim_finding(t.sim, 0, text, sizeof(text));
	fputs(text, stdout);

	check(iommusim_ordering_errors(t.sim) == 0, "nothing has been used again yet");
	map(&t, 0x7000, 0x123000);
	check(iommusim_ordering_errors(t.sim) == 1, "the address is used again, and may still be cached");
	must(&t, iommusim_ordering_finish(t.sim));
	iommusim_destroy(t.sim);
	return 0;
}
