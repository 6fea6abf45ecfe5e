/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_dma.c - the public C library: DMAs. A device takes as many as its configuration says; further ones wait here, in order, and go on when
 * one of the same device completes. Records of calls are kept for use again: no allocation per DMA once the most were in flight.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "api_int.h"

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct api_dev *)a)->key, y = ((const struct api_dev *)b)->key;

	return x < y ? -1 : x > y;
}

static struct api_dev *waiting(const iommusim *s, const struct iommusim_dma *d)
{
	struct api_dev want = { .key = (uint64_t)d->unit << 32 | d->rid }, **at;

	if (!s->n_waiting)
		return NULL;
	at = tfind(&want, &s->waiting, by_key);
	return at ? *at : NULL;
}

static bool put_behind(iommusim *s, struct api_call *c)
{
	struct api_dev *d = calloc(1, sizeof(*d)), **at;

	if (!d)
		return false;
	d->key = (uint64_t)c->dma.unit << 32 | c->dma.rid;
	d->tail = &d->head;
	at = tsearch(d, &s->waiting, by_key);
	if (!at || *at != d)
		free(d);
	if (!at)
		return false;
	d = *at;
	c->next = NULL;
	*d->tail = c;
	d->tail = &c->next;
	s->n_waiting++;
	return true;
}

static void spare(iommusim *s, struct api_call *c)
{
	c->next = s->spare;
	s->spare = c;
}

static plat_dma_fn completed;

static int issue(iommusim *s, struct api_call *c, struct err *e)
{
	const struct iommusim_dma *d = &c->dma;
	struct trc_rec r = { .kind = TRC_DMA, .unit = (uint8_t)d->unit, .at = TRC_NO_TIME, .line = ++s->n_call,
			     .u.dma = { .iova = d->address, .rid = d->rid, .pasid = d->pasid == IOMMUSIM_NO_PASID ? TRC_NO_PASID : d->pasid, .len = d->bytes,
					.dir = (uint8_t)d->access, .at = (uint8_t)d->type, .priv = d->privileged != 0, .expect = TRC_EXP_NONE } };

	c->line = r.line;
	s->started = true;
	return plat_live_dma(s->p, &r, completed, c, e);
}

/* A place in the device of @done is free. */
static void go_on(iommusim *s, const struct iommusim_dma *done)
{
	struct api_dev *d = waiting(s, done);
	struct api_call *c;
	struct err e = { 0 };
	int got;

	while (d && (c = d->head) != NULL) {
		struct api_call *next = c->next;

		got = issue(s, c, &e); /* completes later, never inside */
		if (!got)
			return;
		if (got < 0)
			s->no_memory++;
		d->head = next;
		if (!next)
			d->tail = &d->head;
		s->n_waiting--;
	}
	if (d) {
		tdelete(d, &s->waiting, by_key);
		free(d);
	}
}

static void completed(void *arg, const struct trc_rec *dma, const struct xl_res *res)
{
	struct api_call *c = arg;
	iommusim *s = c->sim;
	struct iommusim_dma d = c->dma;
	struct iommusim_completion out = { .size = sizeof(out), .ok = res->ok, .address = res->ok ? res->spa : 0, .code = res->ok ? 0 : res->code,
					   .submitted = c->submitted, .completed = sim_now(plat_kernel(s->p)) };
	iommusim_dma_done *done = c->done;
	void *done_arg = c->arg;

	(void)dma;
	s->in_flight--;
	api_check_dma(s, &d, c->line, res);
	spare(s, c);
	go_on(s, &d);
	if (done)
		done(done_arg, &d, &out);
}

static int check(iommusim *s, const struct iommusim_dma *d)
{
	if (d->size < sizeof(*d))
		return api_invalid(s, "the size in struct iommusim_dma is not set: initialise it with IOMMUSIM_INIT()");
	if (d->unit >= s->c.n_unit)
		return api_invalid(s, "there is no unit %u", d->unit);
	if (!d->bytes)
		return api_invalid(s, "a DMA is of at least 1 byte");
	if (d->address + (d->bytes - 1) < d->address)
		return api_invalid(s, "a DMA of 0x%x bytes at 0x%llx goes beyond the last address", d->bytes, (unsigned long long)d->address);
	if (d->access != IOMMUSIM_READ && d->access != IOMMUSIM_WRITE && d->access != IOMMUSIM_EXECUTE && d->access != IOMMUSIM_ATOMIC)
		return api_invalid(s, "unknown access %d", d->access);
	if ((unsigned)d->type > IOMMUSIM_TRANSLATED)
		return api_invalid(s, "unknown address type %d", d->type);
	if (d->pasid != IOMMUSIM_NO_PASID && d->pasid >> 20)
		return api_invalid(s, "a PASID has 20 bits, 0x%x has more", d->pasid);
	return IOMMUSIM_OK;
}

static struct api_call *new_call(iommusim *s)
{
	struct api_call *c = s->spare;

	if (c) {
		s->spare = c->next;
		return c;
	}
	c = malloc(sizeof(*c));
	if (c) {
		c->made = s->made;
		s->made = c;
	}
	return c;
}

static int no_room(iommusim *s)
{
	const struct err e = { .code = ERR_MACHINE, .msg = "out of memory for DMAs" };

	return api_fail(s, &e);
}

int iommusim_submit(iommusim *s, const struct iommusim_dma *dma, iommusim_dma_done *done, void *arg)
{
	struct err e = { 0 };
	struct api_call *c;
	int got, st = check(s, dma);

	if (st)
		return st;
	c = new_call(s);
	if (!c)
		return no_room(s);
	*c = (struct api_call){ .dma = *dma, .done = done, .arg = arg, .sim = s, .submitted = sim_now(plat_kernel(s->p)), .made = c->made };
	c->dma.size = sizeof(c->dma);
	got = waiting(s, dma) ? 0 : issue(s, c, &e);
	if (got < 0 || (!got && !put_behind(s, c))) {
		spare(s, c);
		return got < 0 ? api_fail(s, &e) : no_room(s);
	}
	s->in_flight++;
	return IOMMUSIM_OK;
}

uint64_t iommusim_in_flight(const iommusim *s)
{
	return s->in_flight;
}

void api_dma_fini(iommusim *s)
{
	for (struct api_call *c = s->made, *next; c; c = next) {
		next = c->made;
		free(c);
	}
	tdestroy(s->waiting, free);
}
