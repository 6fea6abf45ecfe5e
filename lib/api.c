/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.c - the public C library: life of an instance, units, memory, time. iommusim.h says what each function does.
 * A program's structure may be shorter or longer than ours: what it has is copied, the rest is zero.
 */
#include "api_int.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report.h"

#define STR2(x) #x
#define STR(x) STR2(x)

const char *iommusim_version(void)
{
	return STR(IOMMUSIM_VERSION_MAJOR) "." STR(IOMMUSIM_VERSION_MINOR) "." STR(IOMMUSIM_VERSION_PATCH);
}

/* ---- errors ---- */

int api_fail(iommusim *s, const struct err *e)
{
	if (e != &s->err)
		s->err = *e;
	return s->err.code == ERR_MACHINE ? IOMMUSIM_MACHINE : IOMMUSIM_INVALID;
}

int api_invalid(iommusim *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err.msg, sizeof(s->err.msg), fmt, ap);
	va_end(ap);
	s->err.code = ERR_INPUT;
	return IOMMUSIM_INVALID;
}

const char *iommusim_message(const iommusim *s)
{
	return s->err.msg;
}

/* ---- memory of the program ---- */

static bool mem_reads(void *arg, uint64_t spa, void *data, unsigned bytes)
{
	const iommusim *s = arg;

	return !s->mem.read(s->mem.arg, spa, data, bytes);
}

static bool mem_writes(void *arg, uint64_t spa, const void *data, unsigned bytes)
{
	const iommusim *s = arg;

	return !s->mem.write(s->mem.arg, spa, data, bytes);
}

static bool mem_swaps(void *arg, uint64_t spa, uint64_t old, uint64_t new_, uint64_t *seen)
{
	const iommusim *s = arg;

	return !s->mem.compare_swap(s->mem.arg, spa, old, new_, seen);
}

static uint64_t *mem_page_of(void *arg, uint64_t spa)
{
	const iommusim *s = arg;

	return s->mem.page(s->mem.arg, spa);
}

/* ---- callbacks ---- */

static void on_msi(void *arg, unsigned unit, uint64_t addr, uint32_t data)
{
	iommusim *s = arg;

	if (s->cb.interrupt)
		s->cb.interrupt(s->cb.arg, unit, addr, data);
}

static void on_fault(void *arg, unsigned unit, const struct xl_req *q, const struct xl_res *r)
{
	iommusim *s = arg;
	struct iommusim_fault f = { .size = sizeof(f), .unit = unit, .rid = q->rid, .pasid = q->has_pasid ? q->pasid : IOMMUSIM_NO_PASID,
				    .address = q->iova, .code = r->code, .write = (q->acc & XL_W) != 0, .time = sim_now(plat_kernel(s->p)) };

	if (s->cb.fault)
		s->cb.fault(s->cb.arg, &f);
}

static void on_note(void *arg, const char *text)
{
	iommusim *s = arg;

	if (s->cb.note)
		s->cb.note(s->cb.arg, text);
}

/* ---- life ---- */

/* @to, of @size bytes that begin with a size_t, is @from as far as @from goes. */
static bool take(void *to, size_t size, const void *from, const char *what, struct err *e)
{
	size_t n = *(const size_t *)from;

	if (n < sizeof(size_t))
		return err_set(e, ERR_INPUT, "the size in struct %s is not set: initialise it with IOMMUSIM_INIT()", what);
	memset(to, 0, size);
	memcpy(to, from, n < size ? n : size);
	return true;
}

static bool configure(iommusim *s, const struct iommusim_options *o, struct err *e)
{
	if (o->config_file && o->config_text)
		return err_set(e, ERR_INPUT, "a configuration is a file or a text, not both");
	if (o->config_file) {
		if (!run_cfg_load(&s->c, o->config_file, e))
			return false;
	} else if (o->config_text) {
		if (!run_cfg_parse(&s->c, o->config_text, "configuration", e))
			return false;
	} else {
		run_cfg_init(&s->c);
	}
	if (!s->c.n_unit || !s->c.plat.dev_default.name)
		return err_set(e, ERR_MACHINE, "out of memory");
	for (size_t i = 0; o->set && o->set[i]; i++)
		if (!run_cfg_set(&s->c, o->set[i], e))
			return false;
	return true;
}

static bool back(iommusim *s, const struct iommusim_options *o, struct err *e)
{
	if (!o->memory)
		return true;
	if (!take(&s->mem, sizeof(s->mem), o->memory, "iommusim_memory", e))
		return false;
	if (!s->mem.read || !s->mem.write)
		return err_set(e, ERR_INPUT, "struct iommusim_memory needs read and write");
	s->backend = (struct mem_backend){ s, mem_reads, mem_writes, s->mem.compare_swap ? mem_swaps : NULL, s->mem.page ? mem_page_of : NULL };
	s->c.plat.backend = &s->backend;
	return true;
}

static bool build(iommusim *s, const struct iommusim_options *options, struct err *e)
{
	const struct plat_hooks hooks = { .arg = s, .msi = on_msi, .fault = on_fault, .note = on_note };
	struct iommusim_options o = { 0 };

	if (options && !take(&o, sizeof(o), options, "iommusim_options", e))
		return false;
	if (o.callbacks && !take(&s->cb, sizeof(s->cb), o.callbacks, "iommusim_callbacks", e))
		return false;
	if (!configure(s, &o, e) || !back(s, &o, e))
		return false;
	s->p = run_build(&s->c, &hooks, &s->reg, e);
	return s->p && (!o.oracle || api_start_oracle(s, e)) && (!o.checker || api_check_start(s, o.checker_knobs, e));
}

iommusim *iommusim_create(const struct iommusim_options *options, char *message, size_t message_size)
{
	iommusim *s = calloc(1, sizeof(*s));
	struct err e = { .code = ERR_MACHINE, .msg = "out of memory" };

	if (s && build(s, options, &e))
		return s;
	if (message && message_size)
		snprintf(message, message_size, "%s", e.msg);
	iommusim_destroy(s);
	return NULL;
}

void iommusim_destroy(iommusim *s)
{
	if (!s)
		return;
	stat_fini(&s->reg);
	oracle_destroy(s->oracle);
	api_check_free(s);
	plat_destroy(s->p);
	api_dma_fini(s);
	run_cfg_free(&s->c);
	free(s);
}

/* ---- units ---- */

unsigned iommusim_unit_count(const iommusim *s)
{
	return (unsigned)s->c.n_unit;
}

const char *iommusim_unit_name(const iommusim *s, unsigned unit)
{
	return unit < s->c.n_unit ? s->c.unit[unit].name : NULL;
}

const char *iommusim_unit_architecture(const iommusim *s, unsigned unit)
{
	return unit < s->c.n_unit ? s->c.unit[unit].arch->name : NULL;
}

const char *iommusim_fault_name(const iommusim *s, unsigned unit, unsigned code)
{
	return unit < s->c.n_unit ? s->c.unit[unit].arch->fault_name(code) : NULL;
}

const char *iommusim_fault_text(const iommusim *s, unsigned unit, unsigned code)
{
	return unit < s->c.n_unit ? s->c.unit[unit].arch->fault_text(code) : NULL;
}

static int live(iommusim *s, struct trc_rec *r, uint64_t *value)
{
	struct err e = { 0 };

	if (!api_check_before(s))
		return api_fail(s, &s->err);
	r->line = ++s->n_call;
	r->at = TRC_NO_TIME;
	s->started |= r->kind == TRC_MMIO_WRITE || r->kind == TRC_DEVICE;
	if (!plat_live(s->p, r, value, &e))
		return api_fail(s, &e);
	return api_check_take(s, r) ? IOMMUSIM_OK : api_fail(s, &s->err);
}

static int check_register(iommusim *s, unsigned unit, uint32_t offset, unsigned bytes)
{
	if (unit >= s->c.n_unit)
		return api_invalid(s, "there is no unit %u", unit);
	if ((bytes != 4 && bytes != 8) || offset % bytes)
		return api_invalid(s, "a register access is of 4 or 8 bytes, aligned; not of %u at 0x%x", bytes, offset);
	return IOMMUSIM_OK;
}

int iommusim_mmio_write(iommusim *s, unsigned unit, uint32_t offset, unsigned bytes, uint64_t value)
{
	struct trc_rec r = { .kind = TRC_MMIO_WRITE, .unit = (uint8_t)unit, .u.mmio = { .off = offset, .bytes = (uint8_t)bytes, .val = value, .has_val = true } };
	int st = check_register(s, unit, offset, bytes);

	return st ? st : live(s, &r, NULL);
}

int iommusim_mmio_read(iommusim *s, unsigned unit, uint32_t offset, unsigned bytes, uint64_t *value)
{
	struct trc_rec r = { .kind = TRC_MMIO_READ, .unit = (uint8_t)unit, .u.mmio = { .off = offset, .bytes = (uint8_t)bytes } };
	int st = check_register(s, unit, offset, bytes);

	return st ? st : live(s, &r, value);
}

int iommusim_restore_register(iommusim *s, unsigned unit, uint32_t offset, unsigned bytes, uint64_t value)
{
	struct trc_rec r = { .kind = TRC_REGSTATE, .unit = (uint8_t)unit, .u.reg = { .off = offset, .bytes = (uint8_t)bytes, .val = value } };
	int st = check_register(s, unit, offset, bytes);

	if (!st && s->started)
		return api_invalid(s, "registers are restored before the first register write, DMA and device event");
	return st ? st : live(s, &r, NULL);
}

int iommusim_device_event(iommusim *s, unsigned unit, uint32_t rid, const char *event)
{
	struct trc_rec r = { .kind = TRC_DEVICE, .unit = (uint8_t)unit, .u.dev.rid = rid };
	const char *near;

	if (unit >= s->c.n_unit)
		return api_invalid(s, "there is no unit %u", unit);
	for (unsigned i = 0; event && i < TRC_DEV_EVENTS; i++)
		if (!strcmp(event, trc_dev_name[i])) {
			r.u.dev.event = (uint8_t)i;
			return live(s, &r, NULL);
		}
	near = event ? err_nearest(event, trc_dev_name, TRC_DEV_EVENTS) : NULL;
	return api_invalid(s, "unknown device event \"%.100s\"%s%s", event ? event : "", near ? "; nearest: " : "", near ? near : "");
}

/* ---- memory, as a processor sees it ---- */

int iommusim_store(iommusim *s, uint64_t address, unsigned bytes, uint64_t value)
{
	struct trc_rec r = { .kind = TRC_STORE, .u.store = { .pa = address, .val = value, .bytes = (uint8_t)bytes } };

	if ((bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) || address % bytes)
		return api_invalid(s, "a store is of 1, 2, 4 or 8 bytes, aligned; not of %u at 0x%llx", bytes, (unsigned long long)address);
	return live(s, &r, NULL);
}

int iommusim_memory_write(iommusim *s, uint64_t address, const void *data, size_t bytes)
{
	const unsigned char *d = data;

	while (bytes) {
		unsigned n = 8;
		uint64_t v = 0;
		int st;

		while (n > 1 && (address % n || n > bytes))
			n /= 2;
		for (unsigned i = 0; i < n; i++)
			v |= (uint64_t)d[i] << 8 * i;
		st = iommusim_store(s, address, n, v);
		if (st)
			return st;
		address += n;
		d += n;
		bytes -= n;
	}
	return IOMMUSIM_OK;
}

void iommusim_forget_pages(iommusim *s)
{
	mem_forget(plat_mem(s->p));
}

int iommusim_memory_read(iommusim *s, uint64_t address, void *data, size_t bytes)
{
	unsigned char *d = data;

	while (bytes) {
		unsigned skip = address % 8, n = 8 - skip;
		uint64_t w;

		if (mem_read(plat_mem(s->p), address - skip, &w, 1) != MEM_OK)
			return api_invalid(s, "read of 0x%llx: bus error", (unsigned long long)address);
		for (unsigned i = n = n < bytes ? n : (unsigned)bytes; i--;)
			d[i] = (unsigned char)(w >> 8 * (skip + i));
		address += n;
		d += n;
		bytes -= n;
	}
	return IOMMUSIM_OK;
}

/* ---- time ---- */

uint64_t iommusim_now(const iommusim *s)
{
	return sim_now(plat_kernel(s->p));
}

uint64_t iommusim_next_event(const iommusim *s)
{
	sim_time t;

	return sim_next(plat_kernel(s->p), &t) ? t : IOMMUSIM_NEVER;
}

static int after_run(iommusim *s)
{
	s->running = false;
	if (plat_oom(s->p) || s->no_memory || (s->oracle && oracle_oom(s->oracle))) {
		const struct err e = { .code = ERR_MACHINE, .msg = "out of memory: results are void from here on" };

		return api_fail(s, &e);
	}
	return IOMMUSIM_OK;
}

int iommusim_advance(iommusim *s, uint64_t time)
{
	if (s->running)
		return api_invalid(s, "a callback may not move time");
	if (time < iommusim_now(s))
		return api_invalid(s, "time %llu ps is in the past: it is %llu ps", (unsigned long long)time, (unsigned long long)iommusim_now(s));
	s->running = true;
	sim_run_until(plat_kernel(s->p), time);
	return after_run(s);
}

int iommusim_settle(iommusim *s)
{
	int st;

	if (s->running)
		return api_invalid(s, "a callback may not move time");
	s->running = true;
	sim_run(plat_kernel(s->p));
	st = after_run(s);
	if (st || !s->in_flight)
		return st;
	plat_dump(s->p);
	api_invalid(s, "nothing moves any more, and %llu DMAs are in flight", (unsigned long long)s->in_flight);
	return IOMMUSIM_BUSY;
}
