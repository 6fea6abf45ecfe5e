/* SPDX-License-Identifier: Apache-2.0 */
/* sysc_host.cpp - modules of `run --host systemc`, and what paces them; see sysc_host.h. */
#include <cstring>
#include <exception>
#include <string>
#include "systemc/tlm_int.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "systemc/sysc_host.h"
#pragma GCC diagnostic pop

using namespace iommusim;

namespace
{

/* ---- memory: the target ---- */

class store : public sc_core::sc_module
{
public:
	tlm_utils::multi_passthrough_target_socket<store> port;
	store(sc_core::sc_module_name name, uint64_t size) : sc_core::sc_module(name), port("port"), m(mem_create(size, false))
	{
		port.register_b_transport(this, &store::b_transport);
		port.register_get_direct_mem_ptr(this, &store::direct);
	}
	~store() override { mem_destroy(m); }
	struct mem *content() { return m; }

private:
	bool move(tlm::tlm_generic_payload &p)
	{
		const uint64_t at = p.get_address();
		const unsigned n = p.get_data_length();
		unsigned char *d = p.get_data_ptr();
		uint64_t w[8], v = 0;

		if (p.is_read()) { /* lines, or parts of one */
			for (unsigned done = 0; done < n;) {
				uint64_t a = at + done;
				unsigned skip = a % 64, part = n - done < 64 - skip ? n - done : 64 - skip;
				unsigned words = (unsigned)((a % 8 + part + 7) / 8);

				if (mem_read(m, a & ~UINT64_C(7), w, words) != MEM_OK)
					return false;
				std::memcpy(d + done, reinterpret_cast<unsigned char *>(w) + a % 8, part);
				done += part;
			}
			return true;
		}
		if (n <= 8 && !(n & (n - 1)) && !(at % n)) {
			std::memcpy(&v, d, n);
			return mem_write_part(m, at, n, v) == MEM_OK;
		}
		if (at % 8 || n % 8 || n > sizeof(w))
			return false;
		std::memcpy(w, d, n);
		return mem_write(m, at, w, n / 8) == MEM_OK;
	}
	void b_transport(int, tlm::tlm_generic_payload &p, sc_core::sc_time &)
	{
		const unsigned char *enable = p.get_byte_enable_ptr();
		bool off = enable && p.get_byte_enable_length() == 1 && *enable == TLM_BYTE_DISABLED;

		p.set_dmi_allowed(true);
		p.set_response_status(enable && !off ? tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE :
				      off || move(p) ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
	}
	bool direct(int, tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi)
	{
		const uint64_t page = p.get_address() & ~UINT64_C(4095);
		uint64_t w;

		if (mem_read(m, page, &w, 1) != MEM_OK || mem_read(m, page + 4088, &w, 1) != MEM_OK || !mem_touch(m, page))
			return false;
		dmi.init();
		dmi.set_dmi_ptr(reinterpret_cast<unsigned char *>(const_cast<uint64_t *>(mem_page(m, page))));
		dmi.set_start_address(page);
		dmi.set_end_address(page + 4095);
		dmi.allow_read_write();
		return true;
	}
	struct mem *m;
};

/* ---- the processor: stores, and registers of every unit ---- */

class processor : public sc_core::sc_module
{
public:
	tlm_utils::simple_initiator_socket<processor> memory;
	std::vector<std::unique_ptr<tlm_utils::simple_initiator_socket<processor>>> mmio;
	processor(sc_core::sc_module_name name, unsigned units) : sc_core::sc_module(name), memory("memory")
	{
		for (unsigned i = 0; i < units; i++)
			mmio.emplace_back(new tlm_utils::simple_initiator_socket<processor>(("mmio" + std::to_string(i)).c_str()));
	}
	uint64_t access(unsigned unit, tlm::tlm_command c, uint32_t off, unsigned bytes, uint64_t v)
	{
		sc_core::sc_time t = clock.ahead();

		p.set_command(c);
		p.set_address(off);
		p.set_data_ptr(reinterpret_cast<unsigned char *>(&v));
		p.set_data_length(bytes);
		p.set_streaming_width(bytes);
		p.set_dmi_allowed(false);
		p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
		(*mmio[unit])->b_transport(p, t);
		if (!p.is_response_ok())
			SC_REPORT_ERROR("/iommusim/mmio", p.get_response_string().c_str());
		return v;
	}

	local_time clock;

private:
	tlm::tlm_generic_payload p;
};

/* ---- the devices behind a unit ---- */

class requester : public sc_core::sc_module, public tlm::tlm_mm_interface
{
public:
	tlm_utils::simple_initiator_socket<requester> dma;
	requester(sc_core::sc_module_name name, const struct sim_kernel *kernel, const uint64_t *sc) : sc_core::sc_module(name), dma("dma")
	{
		clock.k = kernel;
		clock.sc = sc;
		dma.register_nb_transport_bw(this, &requester::answer);
	}
	~requester() override
	{
		for (auto &t : all)
			t->clear_extension(&t->r);
	}
	void send(struct xl *x)
	{
		travel &t = get();
		tlm::tlm_phase phase = tlm::BEGIN_REQ;
		sc_core::sc_time delay = clock.ahead();

		t.done = x->done;
		t.r.rid = x->req.rid;
		t.r.pasid = x->req.has_pasid ? x->req.pasid : no_pasid;
		t.r.type = static_cast<address_type>(x->req.at);
		t.r.privileged = x->req.acc & XL_PRIV;
		t.r.also = x->req.acc & (XL_R | XL_X);
		t.r.atomic = x->req.acc & XL_ATOMIC;
		t.r.speculative = x->req.spec;
		t.r.zero_length = !x->req.len;
		t.c.x = x;
		t.set_command(x->req.acc & XL_W ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
		t.set_address(x->req.iova);
		t.set_data_ptr(&nothing);
		t.set_data_length(x->req.len ? x->req.len : 1);
		t.set_streaming_width(x->req.len ? x->req.len : 1);
		t.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
		t.acquire();
		if (dma->nb_transport_fw(t, phase, delay) != tlm::TLM_UPDATED || phase != tlm::END_REQ)
			SC_REPORT_ERROR("/iommusim/protocol", t.get_response_string().c_str());
	}
	void free(tlm::tlm_generic_payload *p) override
	{
		auto *t = static_cast<travel *>(p);

		t->next = spare;
		spare = t;
	}

private:
	struct travel : tlm::tlm_generic_payload {
		request r;
		carried c;
		void (*done)(struct xl *x);
		travel *next;
		explicit travel(tlm::tlm_mm_interface *mm) : tlm::tlm_generic_payload(mm), c{ nullptr, this, &r, nullptr }, done(nullptr), next(nullptr)
		{
			r.carried = &c;
			set_extension(&r);
		}
	};
	travel &get()
	{
		travel *t = spare;

		if (t) {
			spare = t->next;
			return *t;
		}
		all.emplace_back(new travel(this));
		return *all.back();
	}
	tlm::tlm_sync_enum answer(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase, sc_core::sc_time &)
	{
		auto &t = static_cast<travel &>(p);
		struct xl *x = t.c.x;

		if (phase != tlm::BEGIN_RESP)
			SC_REPORT_ERROR("/iommusim/protocol", "expected BEGIN_RESP");
		x->done = t.done;
		p.release();
		x->done(x);
		return tlm::TLM_COMPLETED;
	}
	local_time clock;
	unsigned char nothing = 0;
	std::vector<std::unique_ptr<travel>> all;
	travel *spare = nullptr;
};

/* ---- time ---- */

class pacer : public sc_core::sc_module
{
public:
	SC_HAS_PROCESS(pacer);
	pacer(sc_core::sc_module_name name, struct plat *platform, uint64_t *sc_now, uint64_t ahead_by)
		: sc_core::sc_module(name), p(platform), sc(sc_now), quantum(ahead_by)
	{
		SC_METHOD(step);
		sensitive << wake;
	}

private:
	void step()
	{
		struct sim_kernel *k = plat_kernel(p);
		sim_time next;

		*sc = sc_core::sc_time_stamp().value();
		sim_run_until(k, *sc + quantum);
		/* A platform that gave up (no progress) leaves events behind, which nobody wants to see. A finished one lets them end. */
		if (plat_stopped(p))
			return;
		if (sim_next(k, &next))
			wake.notify(sc_core::sc_time::from_value(next) - sc_core::sc_time_stamp());
	}
	struct plat *p;
	uint64_t *sc;
	const uint64_t quantum;
	sc_core::sc_event wake;
};

} // namespace

/* ---- the host ---- */

struct sysc {
	store memory;
	memory_side side; /* the processor's */
	struct mem_backend backend;
	std::unique_ptr<processor> cpu;
	std::vector<std::unique_ptr<unit>> units;
	std::vector<std::unique_ptr<requester>> requesters;
	std::unique_ptr<pacer> pace;
	uint64_t size, quantum, sc_now; /* the last: at which the pacer runs the queue */
	sysc(uint64_t bytes, uint64_t quantum_ps) : memory("memory", bytes), backend(), size(bytes), quantum(quantum_ps), sc_now(0)
	{
		side.use([this] { return cpu->memory.operator->(); });
		side.bind(nullptr, nullptr, quantum_ps != 0);
		backend = side.backend();
	}
	void attach(struct plat *p);
	void run(struct plat *p);
};

static void link_request(void *arg, unsigned unit, struct xl *x)
{
	static_cast<sysc *>(arg)->requesters[unit]->send(x);
}

static void link_access(void *arg, unsigned unit, struct xl *x)
{
	static_cast<sysc *>(arg)->units[unit]->inside().data(x);
}

static void link_write(void *arg, unsigned unit, uint32_t off, unsigned bytes, uint64_t v)
{
	auto *s = static_cast<sysc *>(arg);

	s->cpu->access(unit, tlm::TLM_WRITE_COMMAND, off, bytes, v);
}

static uint64_t link_read(void *arg, unsigned unit, uint32_t off, unsigned bytes)
{
	auto *s = static_cast<sysc *>(arg);

	return s->cpu->access(unit, tlm::TLM_READ_COMMAND, off, bytes, 0);
}

void sysc::attach(struct plat *p)
{
	const struct plat_link link = { this, link_request, link_access, link_write, link_read };
	struct sim_kernel *k = plat_kernel(p);
	struct iommu *u;
	unsigned n = 0;

	while (plat_unit(p, n))
		n++;
	side.bind(k, &sc_now, quantum != 0);
	cpu.reset(new processor("processor", n));
	cpu->clock.k = k;
	cpu->clock.sc = &sc_now;
	cpu->memory.bind(memory.port);
	for (unsigned i = 0; (u = plat_unit(p, i)) != nullptr; i++) {
		std::unique_ptr<unit::impl> in(new unit::impl);

		in->give(u, k, &sc_now, size);
		units.emplace_back(new unit(("unit" + std::to_string(i)).c_str(), std::move(in)));
		requesters.emplace_back(new requester(("devices" + std::to_string(i)).c_str(), k, &sc_now));
		requesters.back()->dma.bind(units.back()->dma);
		units.back()->memory.bind(memory.port);
		cpu->mmio[i]->bind(units.back()->mmio);
	}
	plat_set_link(p, &link);
	pace.reset(new pacer("pacer", p, &sc_now, quantum));
}

/* Exceptions of SystemC as struct err. */
template <typename F> static bool guarded(struct err *e, F f)
{
	try {
		f();
		return true;
	} catch (const std::exception &x) {
		return err_set(e, ERR_MACHINE, "SystemC: %s", x.what());
	} catch (...) {
		return err_set(e, ERR_MACHINE, "SystemC: unknown exception");
	}
}

extern "C" struct sysc *sysc_create(struct plat_cfg *c, uint64_t quantum_ps, struct err *e)
{
	struct sysc *s = nullptr;

	if (sc_core::sc_get_status() != sc_core::SC_ELABORATION) {
		err_set(e, ERR_INPUT, "the SystemC host runs once per process");
		return nullptr;
	}
	if (!guarded(e, [&] {
		    if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS))
			    sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
		    tlm::tlm_global_quantum::instance().set(sc_core::sc_time::from_value(quantum_ps));
		    s = new struct sysc(c->mem_size, quantum_ps);
	    }))
		return nullptr;
	c->backend = &s->backend;
	return s;
}

extern "C" bool sysc_run(struct sysc *s, struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e)
{
	if (!guarded(e, [&] { s->attach(p); }) || !plat_start(p, src, arg, verify, e) || !guarded(e, [] { sc_core::sc_start(); }))
		return false;
	return plat_result(p, e);
}

extern "C" void sysc_detach(struct sysc *s)
{
	if (s)
		s->units.clear();
}

extern "C" void sysc_destroy(struct sysc *s)
{
	delete s;
}

/* libsystemc refers to sc_main; the program has a C main and never enters this. */
extern "C" __attribute__((weak)) int sc_main(int, char *[])
{
	return 1;
}
