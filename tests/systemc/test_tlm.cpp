/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tlm.cpp - the TLM-2.0 module: base protocol, data through translation, time, quantum, ATS, and what is refused. docs/systemc.md has the
 * list. One scenario per process, named by the argument.
 * The unit is an SMMUv3 with a stage 2 of three levels: pages 5 and 6 lie at 0x9000 and 0x7000, page 8 is not mapped.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iommusim/systemc.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace sc_core;
using tlm::tlm_generic_payload;

#define CHECK(c) ((c) ? (void)++checks : fail(__LINE__, #c))
static unsigned checks, failures;

static void fail(int line, const char *what)
{
	std::fprintf(stderr, "test_tlm.cpp:%d: %s\n", line, what);
	failures++;
}

struct ram : sc_module {
	tlm_utils::multi_passthrough_target_socket<ram> port;
	std::vector<unsigned char> byte;
	sc_time annotated, waited;
	unsigned messages = 0, direct = 0;
	bool grants = false;
	explicit ram(sc_module_name name) : sc_module(name), port("port"), byte(1 << 20)
	{
		port.register_b_transport(this, &ram::access);
		port.register_transport_dbg(this, &ram::debug);
		port.register_get_direct_mem_ptr(this, &ram::pointer);
	}
	bool move(tlm_generic_payload &p)
	{
		const uint64_t at = p.get_address();
		const unsigned n = p.get_data_length();
		const unsigned char *e = p.get_byte_enable_ptr();

		if (at == 0xfee00000) {
			messages++;
			return true;
		}
		if (at >= byte.size() || n > byte.size() - at)
			return false;
		for (unsigned i = 0; i < n; i++)
			if (!e || e[i % p.get_byte_enable_length()] == TLM_BYTE_ENABLED)
				(p.is_write() ? byte[at + i] : p.get_data_ptr()[i]) = p.is_write() ? p.get_data_ptr()[i] : byte[at + i];
		return true;
	}
	void access(int, tlm_generic_payload &p, sc_time &delay)
	{
		delay += annotated;
		if (waited != SC_ZERO_TIME)
			wait(waited);
		p.set_response_status(move(p) ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
	}
	unsigned debug(int, tlm_generic_payload &p) { return move(p) ? p.get_data_length() : 0; }
	bool pointer(int, tlm_generic_payload &, tlm::tlm_dmi &d)
	{
		if (!grants)
			return false;
		direct++;
		d.set_dmi_ptr(byte.data());
		d.set_start_address(0);
		d.set_end_address(byte.size() - 1);
		d.allow_read_write();
		return true;
	}
	void put(uint64_t at, uint64_t v) { std::memcpy(&byte[at], &v, 8); }
};

enum { STREAMS = 0x4000, COMMANDS = 0x5000, EVENTS = 0x6000, TABLE = 0xa000, STREAM = 3 };

/* One of each kind of initiator, and who plays the scenario. */
struct rig : sc_module, tlm::tlm_mm_interface {
	SC_HAS_PROCESS(rig);
	tlm_utils::simple_initiator_socket_tagged<rig> a, b;
	tlm_utils::simple_initiator_socket<rig> mmio;
	ram &memory;
	iommusim::unit &u;
	void (rig::*play)();
	struct answered {
		tlm_generic_payload *p;
		sc_time at;
		int socket;
	};
	std::vector<answered> answers;
	bool hold = false; /* the responses: END_RESP is sent by the scenario */
	unsigned freed = 0;
	std::vector<iommusim::invalidation> invalidations;

	rig(sc_module_name name, ram &m, iommusim::unit &unit, void (rig::*p)()) : sc_module(name), a("a"), b("b"), mmio("mmio"), memory(m), u(unit), play(p)
	{
		a.register_nb_transport_bw(this, &rig::answer, 0);
		b.register_nb_transport_bw(this, &rig::answer, 1);
		u.on_invalidation = [this](const iommusim::invalidation &i) { invalidations.push_back(i); };
		SC_THREAD(run);
	}
	void free(tlm_generic_payload *) override { freed++; }
	tlm::tlm_sync_enum answer(int socket, tlm_generic_payload &p, tlm::tlm_phase &phase, sc_time &delay)
	{
		CHECK(phase == tlm::BEGIN_RESP);
		answers.push_back({ &p, sc_time_stamp() + delay, socket });
		return hold ? tlm::TLM_ACCEPTED : tlm::TLM_COMPLETED;
	}
	void set(uint64_t at, uint64_t v, unsigned bytes) { CHECK(reg(tlm::TLM_WRITE_COMMAND, at, v, bytes) == tlm::TLM_OK_RESPONSE); }
	tlm::tlm_response_status reg(tlm::tlm_command c, uint64_t at, uint64_t &v, unsigned bytes)
	{
		tlm_generic_payload p;
		sc_time delay;

		p.set_command(c);
		p.set_address(at);
		p.set_data_ptr(reinterpret_cast<unsigned char *>(&v));
		p.set_data_length(bytes);
		p.set_streaming_width(bytes);
		mmio->b_transport(p, delay);
		wait(delay);
		return p.get_response_status();
	}
	void set_up()
	{
		memory.put(STREAMS + 64 * STREAM, 1 | 6 << 1);
		memory.put(STREAMS + 64 * STREAM + 8, uint64_t(1) << 28); /* EATS: full ATS */
		memory.put(STREAMS + 64 * STREAM + 16, 1 | uint64_t(25) << 32 | uint64_t(1) << 38 | uint64_t(5) << 48 | uint64_t(1) << 51 | uint64_t(1) << 53 | uint64_t(1) << 58);
		memory.put(STREAMS + 64 * STREAM + 24, TABLE);
		memory.put(TABLE, (TABLE + 0x1000) | 3);
		memory.put(TABLE + 0x1000, (TABLE + 0x2000) | 3);
		memory.put(TABLE + 0x2000 + 8 * 5, 0x9000 | 0x7ff);
		memory.put(TABLE + 0x2000 + 8 * 6, 0x7000 | 0x7ff);
		set(0x80, STREAMS, 8);
		set(0x88, 4, 4);
		set(0x90, COMMANDS | 4, 8);
		set(0xa0, EVENTS | 4, 8);
		set(0xb0, 0xfee00000, 8);
		set(0xb8, 0x42, 4);
		set(0x50, 4, 4); /* event queue interrupts */
		set(0x20, 1 | 1 << 2 | 1 << 3, 4);
		wait(1, SC_US);
	}
	void run()
	{
		set_up();
		(this->*play)();
		sc_stop();
	}
	static void fill(tlm_generic_payload &p, iommusim::request *r, tlm::tlm_command c, uint64_t at, void *data, unsigned n)
	{
		p.set_command(c);
		p.set_address(at);
		p.set_data_ptr(static_cast<unsigned char *>(data));
		p.set_data_length(n);
		p.set_streaming_width(n);
		p.set_byte_enable_ptr(nullptr);
		p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
		if (r)
			p.set_extension(r);
	}
	/* A blocking call, with all that must not change. */
	tlm::tlm_response_status call(iommusim::request &r, tlm::tlm_command c, uint64_t at, void *data, unsigned n, sc_time *took = nullptr)
	{
		tlm_generic_payload p;
		sc_time delay, start = sc_time_stamp();

		r.rid = STREAM;
		fill(p, &r, c, at, data, n);
		a->b_transport(p, delay);
		CHECK(p.get_address() == at && p.get_data_length() == n && p.get_command() == c && p.get_data_ptr() == data && !p.is_dmi_allowed());
		if (took)
			*took = sc_time_stamp() + delay - start;
		wait(delay);
		p.clear_extension(&r);
		return p.get_response_status();
	}

	void protocol();
	void time();
	void quantum();
	void ats();
	void slow_memory();
	void waiting_memory();
	void errors();
};

/* Four phases, one response outstanding per socket, reference counts, data, debug, DMI. */
void rig::protocol()
{
	unsigned char w[300], back[300], enable[3] = { TLM_BYTE_ENABLED, TLM_BYTE_DISABLED, TLM_BYTE_ENABLED };
	tlm_generic_payload p[3] = { tlm_generic_payload(this), tlm_generic_payload(this), tlm_generic_payload(this) };
	iommusim::request r[3], one;
	const double before_debug = (wait(1, SC_US), u.statistic("requests"));
	tlm::tlm_dmi dmi;

	for (unsigned i = 0; i < sizeof(w); i++)
		w[i] = (unsigned char)(i * 5 + 3);
	/* through two pages that do not lie beside each other */
	CHECK(call(one, tlm::TLM_WRITE_COMMAND, 0x5f80, w, 256) == tlm::TLM_OK_RESPONSE);
	CHECK(!std::memcmp(&memory.byte[0x9f80], w, 128) && !std::memcmp(&memory.byte[0x7000], w + 128, 128));
	CHECK(one.translated == 0x9f80 && one.size_lg2 == 12 && one.permissions == (iommusim::readable | iommusim::writable | iommusim::executable));
	CHECK(call(one, tlm::TLM_READ_COMMAND, 0x5f80, back, 256) == tlm::TLM_OK_RESPONSE && !std::memcmp(w, back, 256));
	/* byte enables go on across the page */
	std::memset(&memory.byte[0x9fc0], 0, 64);
	std::memset(&memory.byte[0x7000], 0, 64);
	{
		tlm_generic_payload q;
		sc_time delay;

		fill(q, &one, tlm::TLM_WRITE_COMMAND, 0x5fc0, w, 128);
		q.set_byte_enable_ptr(enable);
		q.set_byte_enable_length(3);
		a->b_transport(q, delay);
		CHECK(q.is_response_ok() && q.get_byte_enable_ptr() == enable && q.get_byte_enable_length() == 3);
		for (unsigned i = 0; i < 128; i++)
			CHECK(memory.byte[i < 64 ? 0x9fc0 + i : 0x7000 + i - 64] == (i % 3 == 1 ? 0 : w[i]));
		/* debug: as the tables say, and nobody counts it; the part that is mapped */
		const double requests = u.statistic("requests");
		fill(q, &one, tlm::TLM_READ_COMMAND, 0x5f80, back, 256);
		CHECK(a->transport_dbg(q) == 256 && !std::memcmp(back + 200, &memory.byte[0x7000 + 72], 56) && q.get_address() == 0x5f80);
		fill(q, &one, tlm::TLM_READ_COMMAND, 0x6ff0, back, 64);
		CHECK(a->transport_dbg(q) == 16);
		CHECK(u.statistic("requests") == requests && requests > before_debug);
		CHECK(!a->get_direct_mem_ptr(q, dmi) && !dmi.is_read_allowed() && !dmi.is_write_allowed());
		CHECK(!mmio->get_direct_mem_ptr(q, dmi));
		q.clear_extension(&one);
	}
	/* non-blocking: END_REQ at once; the second response of a socket waits for END_RESP of the first, another socket's does not */
	hold = true;
	for (unsigned i = 0; i < 3; i++) {
		tlm::tlm_phase phase = tlm::BEGIN_REQ;
		sc_time delay;

		r[i].rid = STREAM;
		fill(p[i], &r[i], tlm::TLM_WRITE_COMMAND, 0x5000 + 64 * i, w + i, 64);
		p[i].acquire();
		CHECK((i < 2 ? a : b)->nb_transport_fw(p[i], phase, delay) == tlm::TLM_UPDATED && phase == tlm::END_REQ);
		CHECK(p[i].get_ref_count() == 2);
	}
	CHECK(answers.empty()); /* never from inside the request */
	wait(2, SC_US);
	CHECK(answers.size() == 2 && answers[0].p == &p[0] && answers[1].p == &p[2]);
	for (unsigned i = 0; i < 3; i++) {
		tlm::tlm_phase phase = tlm::END_RESP;
		sc_time delay;

		CHECK((i < 2 ? a : b)->nb_transport_fw(p[i], phase, delay) == tlm::TLM_COMPLETED);
		CHECK(p[i].is_response_ok() && p[i].get_ref_count() == 1);
		CHECK(answers.size() == 3 && answers[2].p == &p[1]);
	}
	hold = false;
	{ /* an initiator that completes early: END_RESP is implied */
		tlm::tlm_phase phase = tlm::BEGIN_REQ;
		sc_time delay;

		CHECK(a->nb_transport_fw(p[0], phase, delay) == tlm::TLM_UPDATED);
		wait(1, SC_US);
		CHECK(answers.size() == 4 && p[0].get_ref_count() == 1);
	}
	for (unsigned i = 0; i < 3; i++) {
		p[i].release();
		p[i].clear_extension(&r[i]);
	}
	CHECK(freed == 3);
	/* nothing to do is done at once */
	CHECK(call(one, tlm::TLM_IGNORE_COMMAND, 0x8000, w, 8) == tlm::TLM_OK_RESPONSE);
	/* a refusal: reason, event record, interrupt as a write */
	CHECK(call(one, tlm::TLM_READ_COMMAND, 0x8000, back, 64) == tlm::TLM_ADDRESS_ERROR_RESPONSE && one.fault == 0x10);
	wait(1, SC_US);
	CHECK(memory.messages == 1 && memory.byte[EVENTS] == 0x10);
	/* a target that refuses */
	memory.put(TABLE + 0x2000 + 8 * 7, 0x700000 | 0x7ff);
	CHECK(call(one, tlm::TLM_READ_COMMAND, 0x7000, back, 64) == tlm::TLM_ADDRESS_ERROR_RESPONSE && one.fault == 0);
	/* registers: aligned words, no byte enables */
	uint64_t v = 0;
	CHECK(reg(tlm::TLM_READ_COMMAND, 0x20, v, 4) == tlm::TLM_OK_RESPONSE && v == 13);
	CHECK(reg(tlm::TLM_READ_COMMAND, 0x21, v, 4) == tlm::TLM_BURST_ERROR_RESPONSE);
	CHECK(reg(tlm::TLM_READ_COMMAND, 0x20, v, 2) == tlm::TLM_BURST_ERROR_RESPONSE);
	CHECK(reg(tlm::TLM_READ_COMMAND, uint64_t(1) << 32, v, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
	/* payloads that are no memory access */
	tlm_generic_payload q;
	sc_time delay;
	fill(q, &one, tlm::TLM_READ_COMMAND, 0x5000, back, 64);
	q.set_streaming_width(8);
	a->b_transport(q, delay);
	CHECK(q.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
	fill(q, &one, tlm::TLM_READ_COMMAND, UINT64_MAX - 3, back, 64);
	a->b_transport(q, delay);
	CHECK(q.get_response_status() == tlm::TLM_BURST_ERROR_RESPONSE);
	q.clear_extension(&one);
	CHECK(u.statistics_json().find("\"walk_reads\"") != std::string::npos);
}

/* A miss takes its reads, a hit none; a request that begins later by annotation ends later by as much. */
void rig::time()
{
	unsigned char d[64] = {};
	iommusim::request r;
	sc_time miss, hit, t;
	tlm_generic_payload p;
	sc_time delay(123, SC_NS), start;

	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x5000, d, 64, &miss) == tlm::TLM_OK_RESPONSE);
	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x5040, d, 64, &hit) == tlm::TLM_OK_RESPONSE);
	CHECK(miss - hit == 4 * sc_time(50, SC_NS) + sc_time(1, SC_NS)); /* the stream table entry, three levels; a second time through the pipeline */
	CHECK(u.statistic("walk_reads") == 4);
	start = sc_time_stamp();
	fill(p, &r, tlm::TLM_READ_COMMAND, 0x5080, d, 64);
	a->b_transport(p, delay);
	CHECK(sc_time_stamp() + delay - start == hit + sc_time(123, SC_NS));
	p.clear_extension(&r);
}

/* With a quantum of 1 us the answer comes without SystemC's time moving, at the same time as without; DMI is used for tables. */
void rig::quantum()
{
	unsigned char d[64] = {};
	iommusim::request r;
	tlm_generic_payload p;
	sc_time delay, start = sc_time_stamp(), first;

	r.rid = STREAM;
	for (unsigned i = 0; i < 3; i++) {
		fill(p, &r, tlm::TLM_READ_COMMAND, 0x5000 + 64 * i, d, 64);
		a->b_transport(p, delay);
		CHECK(p.is_response_ok());
		if (!i)
			first = delay;
	}
	CHECK(sc_time_stamp() == start && delay > first && first >= 4 * sc_time(50, SC_NS));
	CHECK(memory.direct > 0);
	wait(delay);
	/* beyond the quantum it waits */
	delay = sc_time(5, SC_US);
	start = sc_time_stamp();
	a->b_transport(p, delay);
	CHECK(sc_time_stamp() + delay - start > sc_time(5, SC_US) && sc_time_stamp() > start);
	CHECK(u.statistic("hits") == 3 && u.statistic("misses") == 1);
	/* tables that were used directly change under the unit, and another line of memory is asked for */
	memory.port->invalidate_direct_mem_ptr(0, UINT64_MAX);
	const unsigned direct = memory.direct;
	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x6000, d, 64) == tlm::TLM_OK_RESPONSE && memory.direct > direct);
	p.clear_extension(&r);
}

/* Translation requests, an invalidation that the device answers, one that it does not. */
void rig::ats()
{
	unsigned char d[64] = {};
	iommusim::request r;
	uint64_t v = 0;

	set(0x20, 1 | 1 << 2 | 1 << 3 | 1 << 4, 4); /* ATSCHK: translated requests are checked, too */
	r.type = iommusim::address_type::translation_request;
	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x5008, d, 8) == tlm::TLM_OK_RESPONSE && r.translated == 0x9008 && (r.permissions & iommusim::readable));
	CHECK(memory.byte[0x9008] == 0);
	r.type = iommusim::address_type::translated;
	d[0] = 0x5a;
	CHECK(call(r, tlm::TLM_WRITE_COMMAND, 0x9008, d, 8) == tlm::TLM_OK_RESPONSE && memory.byte[0x9008] == 0x5a);
	/* CMD_ATC_INV of everything, CMD_SYNC */
	memory.put(COMMANDS, 0x40 | uint64_t(STREAM) << 32);
	memory.put(COMMANDS + 8, 52);
	memory.put(COMMANDS + 16, 0x46);
	memory.put(COMMANDS + 24, 0);
	set(0x98, 2, 4);
	wait(2, SC_US);
	CHECK(invalidations.size() == 1 && invalidations[0].rid == STREAM && invalidations[0].pasid == iommusim::no_pasid && !invalidations[0].first &&
	      invalidations[0].last == UINT64_MAX);
	CHECK(reg(tlm::TLM_READ_COMMAND, 0x9c, v, 4) == tlm::TLM_OK_RESPONSE && (v & 15) == 1); /* the sync waits for the device */
	u.invalidation_done(STREAM, 1u << invalidations[0].itag);
	wait(1, SC_US);
	CHECK(reg(tlm::TLM_READ_COMMAND, 0x9c, v, 4) == tlm::TLM_OK_RESPONSE && (v & 15) == 2);
}

/* A memory that annotates 100 ns: each read of a table takes that longer, and the data. */
void rig::slow_memory()
{
	unsigned char d[64] = {};
	iommusim::request r;
	sc_time miss, hit;

	memory.annotated = sc_time(100, SC_NS);
	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x5000, d, 64, &miss) == tlm::TLM_OK_RESPONSE);
	CHECK(call(r, tlm::TLM_READ_COMMAND, 0x5040, d, 64, &hit) == tlm::TLM_OK_RESPONSE);
	CHECK(miss - hit == 4 * sc_time(150, SC_NS) + sc_time(1, SC_NS)); /* and a second time through the pipeline */
	CHECK(hit >= sc_time(100, SC_NS));
}

/* A memory that waits, in several initiators at once, must neither deadlock nor lose a request. */
void rig::waiting_memory()
{
	enum { N = 20 };
	unsigned char d[64] = {};
	std::deque<tlm_generic_payload> p;
	iommusim::request r[N], one;
	sc_time t;

	memory.waited = sc_time(30, SC_NS);
	for (unsigned i = 0; i < N; i++)
		p.emplace_back(this);
	for (unsigned i = 0; i < N; i++) {
		tlm::tlm_phase phase = tlm::BEGIN_REQ;

		r[i].rid = STREAM;
		fill(p[i], &r[i], tlm::TLM_WRITE_COMMAND, 0x5000 + 64 * i, d, 64);
		p[i].acquire();
		t = SC_ZERO_TIME;
		CHECK((i % 2 ? a : b)->nb_transport_fw(p[i], phase, t) == tlm::TLM_UPDATED);
	}
	for (unsigned i = 0; i < N; i++)
		CHECK(call(one, tlm::TLM_READ_COMMAND, 0x6000 + 64 * i, d, 64) == tlm::TLM_OK_RESPONSE);
	wait(10, SC_US);
	CHECK(answers.size() == N);
	for (unsigned i = 0; i < N; i++) {
		p[i].release();
		p[i].clear_extension(&r[i]);
	}
	CHECK(u.statistic("requests") == 2 * N && u.statistic("hits") + u.statistic("misses") == 2 * N);
}

template <typename F> static bool reported(const char *id, F f)
{
	try {
		f();
	} catch (const sc_report &r) {
		return !std::strcmp(r.get_msg_type(), id);
	}
	return false;
}

/* What is wrong is reported by sc_report, with an id. */
void rig::errors()
{
	tlm_generic_payload p(this), plain;
	iommusim::request r;
	unsigned char d[8] = {};
	tlm::tlm_phase phase = tlm::END_RESP;
	sc_time t;

	fill(p, &r, tlm::TLM_READ_COMMAND, 0x5000, d, 8);
	CHECK(reported("/iommusim/protocol", [&] { a->nb_transport_fw(p, phase, t); })); /* nothing is outstanding */
	phase = tlm::END_REQ;
	CHECK(reported("/iommusim/protocol", [&] { a->nb_transport_fw(p, phase, t); })); /* the target's */
	phase = tlm::BEGIN_REQ;
	fill(plain, &r, tlm::TLM_READ_COMMAND, 0x5000, d, 8);
	CHECK(reported("/iommusim/protocol", [&] { a->nb_transport_fw(plain, phase, t); })); /* no memory manager */
	p.clear_extension(&r);
	CHECK(reported("/iommusim/protocol", [&] { a->nb_transport_fw(p, phase, t); })); /* who is it? */
	CHECK(reported("/iommusim/statistic", [&] { (void)u.statistic("iotlb.hit"); }));
	plain.clear_extension(&r);
}

static const struct {
	const char *name;
	void (rig::*play)();
} rows[] = { { "protocol", &rig::protocol }, { "time", &rig::time },   { "quantum", &rig::quantum }, { "ats", &rig::ats },
	     { "slow_memory", &rig::slow_memory }, { "waiting_memory", &rig::waiting_memory }, { "errors", &rig::errors } };

/* The wave form of a whole scenario has the three signals, and shows requests in flight if there were any. */
static bool wave_is_right(const std::string &path, bool busy)
{
	std::ifstream f(path);
	const std::string s((std::istreambuf_iterator<char>(f)), std::istreambuf_iterator<char>());

	return s.find("in_flight") != std::string::npos && s.find("faults") != std::string::npos && s.find("commands_idle") != std::string::npos &&
	       (!busy || s.find("b1 ") != std::string::npos);
}

int sc_main(int argc, char *argv[])
{
	for (auto &row : rows) {
		if (argc != 2 || std::strcmp(argv[1], row.name))
			continue;
		sc_set_time_resolution(1, SC_PS);
		if (!std::strcmp(row.name, "quantum"))
			tlm::tlm_global_quantum::instance().set(sc_time(1, SC_US));
		CHECK(reported("/iommusim/configuration", [] { iommusim::unit bad("bad", "units: [{arch: smmuv4, name: s}]"); }));
		ram memory("memory");
		iommusim::unit unit("unit", "units: [{arch: smmuv3, name: s, clock: 1 ns}]\nmemory: {latency: 50 ns}\n");
		rig r("rig", memory, unit, row.play);

		memory.grants = row.play == &rig::quantum;
		r.a.bind(unit.dma);
		r.b.bind(unit.dma);
		r.mmio.bind(unit.mmio);
		unit.memory.bind(memory.port);
		char dir[] = "/tmp/iommusim-tlm-XXXXXX";
		CHECK(mkdtemp(dir) != nullptr);
		const std::string wave = std::string(dir) + "/wave";
		sc_trace_file *tf = sc_create_vcd_trace_file(wave.c_str());
		unit.trace(tf);
		sc_start();
		sc_close_vcd_trace_file(tf);
		CHECK(wave_is_right(wave + ".vcd", unit.statistic("requests") > 0));
		std::remove((wave + ".vcd").c_str());
		rmdir(dir);
		std::printf("%s: %u checks, %u failures\n", row.name, checks, failures);
		return failures != 0 || checks < 5;
	}
	std::fprintf(stderr, "usage: test_tlm SCENARIO\n");
	return 2;
}
