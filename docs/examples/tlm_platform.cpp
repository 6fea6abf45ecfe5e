/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlm_platform.cpp - iommusim's TLM-2.0 module in a virtual platform of somebody else: a device and a memory that know nothing of iommusim but the
 * extension by which a device says who it is.
 *
 *   processor ---> memory (our own, 40 ns)
 *       |            ^
 *       v mmio       | memory
 *      unit (VT-d) --+
 *       ^ dma
 *       +--- network card 00:03.0 (blocking transport), disk 00:04.0 (non-blocking transport)
 *
 * tlm_platform [QUANTUM_NS]: with a quantum the blocking calls run ahead of SystemC's time.
 */
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iommusim/systemc.h>
#include <vector>

using namespace sc_core;

/* ---- a memory: 16 MiB, 40 ns ---- */

struct my_memory : sc_module {
	tlm_utils::multi_passthrough_target_socket<my_memory> port;
	std::vector<unsigned char> byte;
	unsigned accesses = 0;
	explicit my_memory(sc_module_name name) : sc_module(name), port("port"), byte(16 << 20)
	{
		port.register_b_transport(this, &my_memory::access);
	}
	void access(int, tlm::tlm_generic_payload &p, sc_time &delay)
	{
		const uint64_t at = p.get_address();
		const unsigned n = p.get_data_length();

		if (at == 0xfee00000) { /* where interrupt messages go */
			std::printf("%s: interrupt 0x%02x\n", sc_time_stamp().to_string().c_str(), *p.get_data_ptr());
			p.set_response_status(tlm::TLM_OK_RESPONSE);
			return;
		}
		if (at >= byte.size() || n > byte.size() - at) {
			p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
			return;
		}
		accesses++;
		if (p.is_write())
			std::memcpy(&byte[at], p.get_data_ptr(), n);
		else
			std::memcpy(p.get_data_ptr(), &byte[at], n);
		delay += sc_time(40, SC_NS);
		p.set_response_status(tlm::TLM_OK_RESPONSE);
	}
};

/* ---- a device of the loosely timed kind ---- */

struct network_card : sc_module {
	SC_HAS_PROCESS(network_card);
	tlm_utils::simple_initiator_socket<network_card> dma;
	iommusim::request who;
	unsigned good = 0, refused = 0;
	sc_event start;
	explicit network_card(sc_module_name name) : sc_module(name), dma("dma")
	{
		who.rid = 0x18;
		SC_THREAD(run);
	}
	bool move(tlm::tlm_command command, uint64_t at, void *data, unsigned bytes, sc_time &delay)
	{
		tlm::tlm_generic_payload p;

		p.set_command(command);
		p.set_address(at);
		p.set_data_ptr(static_cast<unsigned char *>(data));
		p.set_data_length(bytes);
		p.set_streaming_width(bytes);
		p.set_extension(&who);
		dma->b_transport(p, delay);
		p.clear_extension(&who);
		return p.is_response_ok();
	}
	void run()
	{
		char sent[64] = "a frame", back[64];
		sc_time delay = SC_ZERO_TIME;

		wait(start);
		for (unsigned i = 0; i < 100; i++) {
			const uint64_t at = 0x10000 + 0x40 * (i % 64);

			if (move(tlm::TLM_WRITE_COMMAND, at, sent, sizeof(sent), delay) && move(tlm::TLM_READ_COMMAND, at, back, sizeof(back), delay))
				good += !std::memcmp(sent, back, sizeof(sent));
			else
				refused++;
		}
		move(tlm::TLM_READ_COMMAND, 0x12000 /* not mapped */, back, sizeof(back), delay);
		wait(delay);
		std::printf("%s: network card: %u frames written and read back, a page that is not mapped: reason 0x%x\n", sc_time_stamp().to_string().c_str(), good,
			    who.fault);
	}
};

/* ---- a device of the approximately timed kind: eight requests in flight ---- */

struct disk : sc_module, tlm::tlm_mm_interface {
	SC_HAS_PROCESS(disk);
	enum { BLOCKS = 64, IN_FLIGHT = 8, BYTES = 512 };
	tlm_utils::simple_initiator_socket<disk> dma;
	struct transfer {
		tlm::tlm_generic_payload p;
		iommusim::request who;
		unsigned char data[BYTES];
	} t[BLOCKS];
	unsigned begun = 0, ended = 0, good = 0;
	sc_event start, more;
	sc_time last;
	explicit disk(sc_module_name name) : sc_module(name), dma("dma")
	{
		dma.register_nb_transport_bw(this, &disk::answer);
		SC_THREAD(run);
	}
	~disk() override
	{
		for (auto &x : t)
			x.p.clear_extension(&x.who);
	}
	void free(tlm::tlm_generic_payload *) override {}
	void run()
	{
		wait(start);
		while (begun < BLOCKS) {
			transfer &x = t[begun++];
			tlm::tlm_phase phase = tlm::BEGIN_REQ;
			sc_time delay = SC_ZERO_TIME;

			std::memset(x.data, (int)begun, BYTES);
			x.who.rid = 0x20;
			x.p.set_mm(this);
			x.p.acquire();
			x.p.set_extension(&x.who);
			x.p.set_command(tlm::TLM_WRITE_COMMAND);
			x.p.set_address(0x11000 + BYTES * (begun % 8));
			x.p.set_data_ptr(x.data);
			x.p.set_data_length(BYTES);
			x.p.set_streaming_width(BYTES);
			if (dma->nb_transport_fw(x.p, phase, delay) != tlm::TLM_UPDATED || phase != tlm::END_REQ)
				std::abort();
			while (begun - ended >= IN_FLIGHT)
				wait(more);
		}
		while (ended < BLOCKS)
			wait(more);
		if (last > sc_time_stamp())
			wait(last - sc_time_stamp());
		std::printf("%s: disk: %u of %u blocks written\n", sc_time_stamp().to_string().c_str(), good, (unsigned)BLOCKS);
	}
	tlm::tlm_sync_enum answer(tlm::tlm_generic_payload &p, tlm::tlm_phase &, sc_time &delay)
	{
		good += p.is_response_ok();
		ended++;
		last = sc_time_stamp() + delay;
		p.release();
		more.notify(delay);
		return tlm::TLM_COMPLETED;
	}
};

/* ---- software: tables, registers, then it lets the devices go ---- */

struct processor : sc_module {
	SC_HAS_PROCESS(processor);
	tlm_utils::simple_initiator_socket<processor> memory, mmio;
	network_card &card;
	disk &blocks;
	processor(sc_module_name name, network_card &c, disk &d) : sc_module(name), memory("memory"), mmio("mmio"), card(c), blocks(d) { SC_THREAD(run); }
	void move(tlm_utils::simple_initiator_socket<processor> &to, tlm::tlm_command command, uint64_t at, uint64_t &v, unsigned bytes)
	{
		tlm::tlm_generic_payload p;
		sc_time delay = SC_ZERO_TIME;

		p.set_command(command);
		p.set_address(at);
		p.set_data_ptr(reinterpret_cast<unsigned char *>(&v));
		p.set_data_length(bytes);
		p.set_streaming_width(bytes);
		to->b_transport(p, delay);
		wait(delay);
		if (!p.is_response_ok())
			SC_REPORT_FATAL("/example", p.get_response_string().c_str());
	}
	void store(uint64_t at, uint64_t v) { move(memory, tlm::TLM_WRITE_COMMAND, at, v, 8); }
	void set(uint64_t at, uint64_t v, unsigned bytes) { move(mmio, tlm::TLM_WRITE_COMMAND, at, v, bytes); }
	uint32_t get(uint64_t at)
	{
		uint64_t v = 0;

		move(mmio, tlm::TLM_READ_COMMAND, at, v, 4);
		return (uint32_t)v;
	}
	void command(unsigned bit)
	{
		set(0x18, (get(0x1c) & 0x96ffffff) | 1u << bit, 4);
		while (!(get(0x1c) >> bit & 1))
			wait(10, SC_NS);
	}
	void run()
	{
		store(0x1000, 0x2001); /* root entry of bus 0 */
		for (unsigned rid : { 0x18, 0x20 }) {
			store(0x2000 + 16 * rid, 0x3001);
			store(0x2000 + 16 * rid + 8, 5 << 8 | 2); /* domain 5, four levels */
		}
		for (unsigned level = 0; level < 3; level++)
			store(0x3000 + 0x1000 * level, (0x4000 + 0x1000 * level) | 3);
		store(0x6000 + 8 * 0x10, 0x800000 | 3);
		store(0x6000 + 8 * 0x11, 0x900000 | 3);
		set(0x20, 0x1000, 8);
		command(30); /* root table pointer */
		set(0x40, 0xfee00000, 4);
		set(0x3c, 0x31, 4);
		set(0x38, 0, 4); /* fault interrupts */
		command(31); /* translation */
		std::printf("%s: translation is on\n", sc_time_stamp().to_string().c_str());
		card.start.notify();
		blocks.start.notify();
	}
};

int sc_main(int argc, char *argv[])
{
	sc_set_time_resolution(1, SC_PS);
	if (argc > 1)
		tlm::tlm_global_quantum::instance().set(sc_time(std::atof(argv[1]), SC_NS));
	my_memory memory("memory");
	iommusim::unit unit("unit", "units: [{arch: vtd, name: vtd0}]\nmemory: {latency: 20 ns}\n");
	network_card card("card");
	disk blocks("disk");
	processor cpu("processor", card, blocks);

	card.dma.bind(unit.dma);
	blocks.dma.bind(unit.dma);
	unit.memory.bind(memory.port);
	cpu.memory.bind(memory.port);
	cpu.mmio.bind(unit.mmio);
	sc_start();
	std::printf("%.0f requests, %.0f of them hits; %.0f reads of tables; memory was accessed %u times\n", unit.statistic("requests"), unit.statistic("hits"),
		    unit.statistic("walk_reads"), memory.accesses);
	return card.good == 100 && blocks.good == disk::BLOCKS && unit.statistic("faults") == 1 ? 0 : 1;
}
