/* SPDX-License-Identifier: Apache-2.0 */
/* tlm_unit.cpp - the TLM module of a unit: its making, registers, time, debug and DMI. The way of a DMA is in tlm_dma.cpp. */
#include <cstring>
#include <stdexcept>
#include "systemc/tlm_int.h"

namespace iommusim
{

/* ---- what is outside the unit ---- */

static void send_msi(void *arg, uint64_t addr, uint32_t data)
{
	auto *in = static_cast<unit::impl *>(arg);
	unsigned char b[4] = { (unsigned char)data, (unsigned char)(data >> 8), (unsigned char)(data >> 16), (unsigned char)(data >> 24) };

	if (!in->side.transport(tlm::TLM_WRITE_COMMAND, addr, b, 4, nullptr, 0))
		SC_REPORT_WARNING("/iommusim/interrupt", "the write of an interrupt message was refused");
}

static void send_invalidation(void *arg, const struct ats_inv *q)
{
	auto *in = static_cast<unit::impl *>(arg);

	if (in->m->on_invalidation)
		in->m->on_invalidation({ q->rid, q->has_pasid ? q->pasid : no_pasid, q->global, q->first, q->last, q->itag });
}

static void send_response(void *arg, const struct page_resp *r)
{
	auto *in = static_cast<unit::impl *>(arg);

	if (in->m->on_page_response)
		in->m->on_page_response({ r->rid, r->has_pasid ? r->pasid : no_pasid, r->prgi, r->code });
}

static void count_fault(void *arg, const struct xl_req *, const struct xl_res *)
{
	static_cast<unit::impl *>(arg)->faults++;
}

static void report_note(void *, const char *text)
{
	SC_REPORT_WARNING("/iommusim/note", text);
}

/* ---- life ---- */

/* An error report throws unless somebody has changed that; a module that could not be made must not go on either way. */
[[noreturn]] static void give_up(const char *id, const char *text)
{
	SC_REPORT_ERROR(id, text);
	throw std::runtime_error(text);
}


void unit::impl::create(const std::string &config)
{
	struct err e = {};
	bool file = config.size() > 5 && !config.compare(config.size() - 5, 5, ".yaml");

	side.use([this] { return m->memory.operator->(); });
	side.bind(nullptr, nullptr, quantum != sc_core::SC_ZERO_TIME);
	backend = side.backend();
	hooks.note = report_note;
	if (!(file ? run_cfg_load(&c, config.c_str(), &e) : run_cfg_parse(&c, config.c_str(), "configuration", &e)) ||
	    (c.n_unit != 1 && !err_set(&e, ERR_INPUT, "%zu units: a TLM module is one", c.n_unit)))
		give_up("/iommusim/configuration", e.msg);
	c.plat.backend = &backend;
	p = run_build(&c, &hooks, &reg, &e);
	if (!p)
		give_up("/iommusim/configuration", e.msg);
	u = plat_unit(p, 0);
	k = plat_kernel(p);
	side.bind(k, nullptr, quantum != sc_core::SC_ZERO_TIME);
	u->env = {};
	u->env.arg = this;
	u->env.msi = std::strcmp(u->ops->arch, "smmuv3") ? send_msi : nullptr; /* an SMMUv3 writes its messages itself */
	u->env.ats_inv = send_invalidation;
	u->env.page_resp = send_response;
	u->env.fault = count_fault;
	u->env.late = &side.late;
}

void unit::impl::give(struct iommu *iommu, struct sim_kernel *kernel, const uint64_t *sc, uint64_t size)
{
	sc_now = sc;
	own = false;
	u = iommu;
	k = kernel;
	mem_size = size;
	side.use([this] { return m->memory.operator->(); });
}

unit::impl::~impl()
{
	for (struct op *n; spare; spare = n) {
		n = spare->next;
		delete spare;
	}
	stat_fini(&reg);
	plat_destroy(p);
	run_cfg_free(&c);
	if (mem)
		u->mem = plat_memory;
	mem_destroy(mem);
}

void unit::connect()
{
	dma.register_b_transport(this, &unit::dma_b);
	dma.register_nb_transport_fw(this, &unit::dma_nb);
	dma.register_transport_dbg(this, &unit::dma_dbg);
	dma.register_get_direct_mem_ptr(this, &unit::no_dmi);
	mmio.register_b_transport(this, &unit::mmio_b);
	memory.register_invalidate_direct_mem_ptr(this, &unit::forget_dmi);
	in->m = this;
	in->quantum = tlm::tlm_global_quantum::instance().get();
}

unit::unit(sc_core::sc_module_name name, const std::string &config)
	: sc_core::sc_module(name), dma("dma"), mmio("mmio"), memory("memory"), in(new impl)
{
	if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS))
		give_up("/iommusim/time", "the time resolution must be 1 ps");
	connect();
	in->create(config);
	SC_THREAD(pace);
}

unit::unit(sc_core::sc_module_name name, std::unique_ptr<impl> given)
	: sc_core::sc_module(name), dma("dma"), mmio("mmio"), memory("memory"), in(std::move(given))
{
	connect();
	in->side.bind(in->k, in->sc_now, in->quantum != sc_core::SC_ZERO_TIME);
	in->backend = in->side.backend();
	in->mem = mem_create_backed(in->mem_size, &in->backend);
	if (!in->mem)
		give_up("/iommusim/memory", "out of memory");
	in->plat_memory = in->u->mem;
	in->u->mem = in->mem;
	in->u->env.late = &in->side.late;
}

unit::~unit() = default;

/* ---- time ---- */

void unit::impl::run_to_now()
{
	uint64_t now = sc_core::sc_time_stamp().value();

	if (own && !running && sim_now(k) < now)
		run_until(now);
}

void unit::impl::run_until(uint64_t t)
{
	running = true;
	sim_run_until(k, t);
	running = false;
}

/* Something was scheduled: the thread must look again. */
void unit::impl::kick()
{
	if (own)
		wake.notify(sc_core::SC_ZERO_TIME);
}

void unit::pace()
{
	for (;;) {
		sim_time next;

		in->run_to_now();
		in->run_until(sim_now(in->k)); /* what was scheduled for this instant */
		in->idle = in->u->ops->commands_idle(in->u);
		if (sim_next(in->k, &next))
			wait(sc_core::sc_time::from_value(next) - sc_core::sc_time_stamp(), in->wake);
		else
			wait(in->wake);
	}
}

void unit::trace(sc_core::sc_trace_file *file) const
{
	sc_core::sc_trace(file, in->in_flight, std::string(name()) + ".in_flight");
	sc_core::sc_trace(file, in->faults, std::string(name()) + ".faults");
	sc_core::sc_trace(file, in->idle, std::string(name()) + ".commands_idle");
}

/* ---- registers ---- */

void unit::mmio_b(tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
{
	const unsigned n = p.get_data_length();
	const uint64_t at = p.get_address();
	uint64_t v = 0;

	p.set_dmi_allowed(false);
	if (p.get_byte_enable_ptr()) {
		p.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
		return;
	}
	if ((n != 4 && n != 8) || at % n || p.get_streaming_width() < n || at > UINT32_MAX) {
		p.set_response_status(at > UINT32_MAX ? tlm::TLM_ADDRESS_ERROR_RESPONSE : tlm::TLM_BURST_ERROR_RESPONSE);
		return;
	}
	p.set_response_status(tlm::TLM_OK_RESPONSE);
	if (p.get_command() == tlm::TLM_IGNORE_COMMAND)
		return;
	if (in->own && delay != sc_core::SC_ZERO_TIME) { /* a register access is a point of synchronisation */
		wait(delay);
		delay = sc_core::SC_ZERO_TIME;
	}
	in->run_to_now();
	if (p.is_write()) {
		std::memcpy(&v, p.get_data_ptr(), n);
		in->u->ops->mmio_write(in->u, (uint32_t)at, n, v);
	} else {
		v = in->u->ops->mmio_read(in->u, (uint32_t)at, n);
		std::memcpy(p.get_data_ptr(), &v, n);
	}
	in->kick();
}

/* ---- debug and DMI ---- */

unsigned unit::dma_dbg(int, tlm::tlm_generic_payload &p)
{
	const request &r = extension(p);
	const uint64_t address = p.get_address();
	unsigned char *const data = p.get_data_ptr();
	const unsigned all = p.get_data_length();
	unsigned n = 0;

	if (p.get_command() == tlm::TLM_IGNORE_COMMAND)
		return 0;
	while (n < all) {
		struct xl x = {};
		struct xl_res res;
		tlm::tlm_generic_payload part;
		unsigned got;

		ask(x, p, r, n);
		iommu_walk_now(in->u, &x.req, &res, nullptr, nullptr);
		if (!res.ok)
			break;
		part.set_command(p.get_command());
		part.set_address(res.spa);
		part.set_data_ptr(data + n);
		part.set_data_length(x.req.len);
		got = memory->transport_dbg(part);
		n += got;
		if (got < x.req.len)
			break;
	}
	p.set_address(address);
	return n;
}

bool unit::no_dmi(int, tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi)
{
	dmi.init();
	dmi.allow_none();
	dmi.set_start_address(0);
	dmi.set_end_address(UINT64_MAX);
	p.set_dmi_allowed(false);
	return false;
}

void unit::forget_dmi(sc_dt::uint64, sc_dt::uint64)
{
	mem_forget(in->u->mem);
}

/* ---- the device's other messages, and statistics ---- */

void unit::invalidation_done(uint32_t rid, uint32_t itags, unsigned expected)
{
	in->run_to_now();
	in->u->ops->ats_cpl(in->u, rid, itags, expected & 7);
	in->kick();
}

void unit::send_page_request(const page_request &q)
{
	struct page_req m = {};

	m.rid = q.rid;
	m.has_pasid = q.pasid != no_pasid;
	m.pasid = m.has_pasid ? q.pasid : 0;
	m.r = q.read;
	m.w = q.write;
	m.x = q.execute;
	m.priv = q.privileged;
	m.last = q.last;
	m.prgi = (uint16_t)q.group;
	m.addr = q.address;
	in->run_to_now();
	if (in->u->ops->page_request)
		in->u->ops->page_request(in->u, &m);
	in->kick();
}

double unit::statistic(const std::string &what) const
{
	struct err e = {};
	double v = 0;

	if (!stat_find(&in->reg, (std::string(in->u->name) + "." + what).c_str(), &v, &e))
		SC_REPORT_ERROR("/iommusim/statistic", e.msg);
	return v;
}

std::string unit::statistics_json() const
{
	char *text = nullptr;
	size_t n = 0;
	struct err e = {};
	FILE *o = open_memstream(&text, &n);
	bool ok = o && report_json(&in->reg, o, &e);
	std::string s;

	if ((o && fclose(o)) || !ok)
		SC_REPORT_ERROR("/iommusim/statistic", e.code ? e.msg : "out of memory");
	else
		s.assign(text, n);
	free(text);
	return s;
}

} // namespace iommusim
