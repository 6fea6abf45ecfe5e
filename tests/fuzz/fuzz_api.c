/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_api.c - libFuzzer harness: any bytes as a sequence of calls of the public library: stores of table bytes and ring words, register accesses, DMAs,
 * device events, time, statistics. The first byte chooses the units, the oracle and the ordering checker. Afterwards every DMA that was taken has
 * completed once, or is still in flight, refused calls left a sentence, and as many findings were told as are counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <iommusim/iommusim.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CALLS = 2000, DMAS = 256 };
struct in {
	const uint8_t *p, *end;
	iommusim *s;
	uint64_t taken, done, found;
};
static uint64_t take(struct in *i, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned k = 0; k < bytes && i->p < i->end; k++)
		v |= (uint64_t)*i->p++ << 8 * k;
	return v;
}
/* Addresses of few pages, with now and then any. */
static uint64_t address(struct in *i)
{
	uint64_t b = take(i, 2);

	return b & 1 ? (b >> 1 & 0x1f) << 12 | (b & 0xffc0) >> 4 : b & 2 ? take(i, 8) : (b & 0x7c) << 10;
}
static void completed(void *arg, const struct iommusim_dma *d, const struct iommusim_completion *c)
{
	struct in *i = arg;

	if (d->size != sizeof(*d) || c->completed < c->submitted)
		abort();
	i->done++;
}
static void say(struct in *i, int status)
{
	if (status && !*iommusim_message(i->s))
		abort();
}
static void submit(struct in *i)
{
	struct iommusim_dma d = IOMMUSIM_INIT(struct iommusim_dma);
	uint64_t b = take(i, 1);
	int st;

	if (i->taken >= DMAS)
		return;
	d.unit = (unsigned)(b & 1);
	d.rid = (uint32_t)(b >> 1 & 7);
	d.pasid = b & 0x10 ? (uint32_t)take(i, 1) : IOMMUSIM_NO_PASID;
	d.access = (enum iommusim_access)"rwxa"[b >> 5 & 3];
	d.type = (enum iommusim_address_type)(take(i, 1) % 4);
	d.address = address(i);
	d.bytes = (uint32_t)take(i, 2) & 0x1fff;
	d.privileged = b >> 7;
	st = iommusim_submit(i->s, &d, completed, i);
	i->taken += st == IOMMUSIM_OK;
	say(i, st);
}
static void device(struct in *i)
{
	static const char *const ev[] = { "ats-on", "ats-off", "reset", "silent", "pri-on", "pri-off", "alive", "removed", "ur", "nonsense" };

	say(i, iommusim_device_event(i->s, (unsigned)take(i, 1) & 1, (uint32_t)take(i, 1) & 7, ev[take(i, 1) % 10]));
}
static void on_finding(void *arg, const struct iommusim_ordering *f)
{
	struct in *i = arg;

	if (f->size != sizeof(*f) || !*f->rule || !*f->what || f->call > iommusim_calls(i->s))
		abort();
	i->found++;
}
static void checker(struct in *i, unsigned op)
{
	struct iommusim_ordering f = IOMMUSIM_INIT(struct iommusim_ordering);
	char text[300];
	uint64_t a;

	switch (op) {
	case 0: iommusim_statistics_reset(i->s); break;
	case 1:
	case 2: say(i, iommusim_restore_register(i->s, op & 1, (uint32_t)(take(i, 2) & 0x3ff8), 8, take(i, 8))); break;
	case 3:
		a = address(i);
		say(i, iommusim_stored(i->s, a, (size_t)take(i, 1)));
		break;
	case 4: say(i, iommusim_ordering_get(i->s, (size_t)take(i, 1), &f)); break;
	case 5: (void)iommusim_ordering_text(i->s, (size_t)take(i, 1), text, (size_t)take(i, 1)); break;
	case 6: say(i, iommusim_ordering_finish(i->s)); break;
	}
}
static void one(struct in *i)
{
	uint64_t v, op = take(i, 1), a;
	uint8_t buf[64];
	double x;

	switch (op % 12) {
	case 0:
	case 1: /* a table entry or a command, with bits that point into the few pages */
		a = address(i);
		say(i, iommusim_store(i->s, a & ~UINT64_C(7), 8, op & 0x10 ? take(i, 8) : (take(i, 1) & 0x1f) << 12 | (take(i, 2) & 0xfff)));
		break;
	case 2: say(i, iommusim_store(i->s, address(i), (unsigned)take(i, 1), take(i, 8))); break;
	case 3:
	case 4:
		a = take(i, 2);
		say(i, iommusim_mmio_write(i->s, op >> 7, (uint32_t)(op & 0x10 ? a : a & 0x1f8), op & 0x20 ? 8 : 4, op & 0x40 ? take(i, 8) : take(i, 4)));
		break;
	case 5: say(i, iommusim_mmio_read(i->s, op >> 7, (uint32_t)take(i, 3), op & 0x20 ? 8 : 4, &v)); break;
	case 6: submit(i); break;
	case 7: device(i); break;
	case 8: say(i, iommusim_advance(i->s, iommusim_now(i->s) + take(i, 3))); break;
	case 9:
		for (size_t k = 0; k < sizeof(buf); k++)
			buf[k] = (uint8_t)take(i, 1);
		say(i, iommusim_memory_write(i->s, address(i), buf, op >> 4 ? sizeof(buf) : 3));
		say(i, iommusim_memory_read(i->s, address(i), buf, sizeof(buf)));
		break;
	case 10: say(i, iommusim_statistic(i->s, op & 0x10 ? "vtd0.iotlb.hits" : "nothing", &x)); break;
	case 11: checker(i, (unsigned)(op / 12)); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const text[] = {
		"units: [{name: a, arch: vtd}]\n",
		"units: [{name: a, arch: smmuv3}]\n",
		"units: [{name: a, arch: amdvi}]\n",
		"units: [{name: a, arch: vtd}, {name: b, arch: amdvi}]\n",
	};
	struct iommusim_options o = IOMMUSIM_INIT(struct iommusim_options);
	struct iommusim_callbacks cb = IOMMUSIM_INIT(struct iommusim_callbacks);
	struct in i = { .p = data, .end = data + n };
	char message[512], *json;
	uint64_t b = take(&i, 1);

	o.config_text = text[b & 3];
	o.oracle = b >> 2 & 1;
	o.checker = b >> 3 & 1;
	cb.arg = &i;
	cb.ordering = on_finding;
	o.callbacks = &cb;
	i.s = iommusim_create(&o, message, sizeof(message));
	if (!i.s) {
		fprintf(stderr, "%s\n", message);
		abort();
	}
	for (unsigned k = 0; k < CALLS && i.p < i.end; k++)
		one(&i);
	say(&i, iommusim_advance(i.s, iommusim_now(i.s) + UINT64_C(1000000000)));
	if (i.taken != i.done + iommusim_in_flight(i.s))
		abort();
	say(&i, iommusim_ordering_finish(i.s));
	if (i.found != iommusim_ordering_count(i.s) || i.found < iommusim_ordering_errors(i.s))
		abort();
	json = iommusim_statistics_json(i.s);
	if (!json)
		abort();
	iommusim_free(json);
	(void)iommusim_finding(i.s, 0, message, sizeof(message));
	iommusim_destroy(i.s);
	return 0;
}
