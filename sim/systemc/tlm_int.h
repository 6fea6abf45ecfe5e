/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlm_int.h - private to sim/systemc: what a TLM unit holds, and the memory side that units and the processor of `run` have in common.
 * Two uses. A unit of its own (include/iommusim/systemc.h): it has its platform, event queue and thread. A unit of `run --host systemc`: those
 * are given, requests carry the struct xl of our devices, and the host's pacer runs the queue.
 */
#ifndef IOMMUSIM_TLM_INT_H
#define IOMMUSIM_TLM_INT_H
#include <deque>
#include <vector>
#include <iommusim/systemc.h>
/* The seams are C: their inline functions leave members out of initialisers on purpose. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
extern "C" {
#include "report.h"
#include "run_build.h"
}
#pragma GCC diagnostic pop

namespace iommusim
{

/* How far the queue is ahead of SystemC's time: the delay that every call annotates. */
class local_time
{
public:
	const struct sim_kernel *k = nullptr;
	const uint64_t *sc = nullptr; /* SystemC's time if its owner keeps it; NULL: ask SystemC */
	const sc_core::sc_time &ahead()
	{
		const uint64_t now = k ? sim_now(k) : 0, at = sc ? *sc : sc_core::sc_time_stamp().value(), d = now > at ? now - at : 0;

		if (d != last) {
			last = d;
			time = sc_core::sc_time::from_value(d);
		}
		return time;
	}

private:
	uint64_t last = 0;
	sc_core::sc_time time;
};

/* An initiator's view of memory: as struct mem_backend, by blocking transport, or by DMI where the target grants it. */
class memory_side
{
public:
	using initiator = tlm_utils::simple_initiator_socket<unit>;
	memory_side() { byte.set_streaming_width(8); }
	void bind(const struct sim_kernel *kernel, const uint64_t *sc, bool direct) { clock.k = kernel, clock.sc = sc, dmi = direct; }
	void use(std::function<tlm::tlm_fw_transport_if<> *()> socket) { find = std::move(socket); }
	const sc_core::sc_time &ahead() { return clock.ahead(); }
	bool transport(tlm::tlm_command c, uint64_t at, unsigned char *data, unsigned bytes, unsigned char *enable, unsigned n_enable);
	struct mem_backend backend();
	uint64_t late = 0; /* ps that the target annotated to the last access */

private:
	static bool read(void *arg, uint64_t spa, void *data, unsigned bytes);
	static bool write(void *arg, uint64_t spa, const void *data, unsigned bytes);
	static uint64_t *page(void *arg, uint64_t spa);
	tlm::tlm_fw_transport_if<> *fw = nullptr;
	std::function<tlm::tlm_fw_transport_if<> *()> find;
	local_time clock;
	bool dmi = false;
	tlm::tlm_generic_payload byte;
};

/* What a request of our own devices carries (request::carried): theirs to make, the unit's while it has it. */
struct carried {
	struct xl *x;
	tlm::tlm_generic_payload *p;
	request *r;
	unit::impl *in;
};

/* A request on its way through a unit of its own. */
struct op {
	struct xl x; /* of the present piece: a payload that crosses pages is translated page by page */
	struct sim_event ev; /* arrival, then the end of the memory access */
	unit::impl *in;
	tlm::tlm_generic_payload *p;
	request *r;
	sc_core::sc_event *wake; /* blocking: who waits */
	unsigned done; /* bytes */
	int id;
	bool answered; /* blocking: the unit has answered the present piece */
	bool refused;
	struct op *next; /* spare */
};

struct unit::impl {
	unit *m = nullptr;
	struct iommu *u = nullptr;
	struct sim_kernel *k = nullptr;
	bool own = true;
	/* its own platform */
	struct run_cfg c = {};
	struct stat_reg reg = {};
	struct plat *p = nullptr;
	struct mem_backend backend = {};
	struct plat_hooks hooks = {};
	/* given */
	struct mem *mem = nullptr, *plat_memory = nullptr;
	uint64_t mem_size = 0;
	const uint64_t *sc_now = nullptr;

	memory_side side;
	sc_core::sc_event wake;
	sc_core::sc_time quantum;
	struct op *spare = nullptr;
	struct port { /* of one initiator */
		tlm::tlm_generic_payload *outstanding = nullptr; /* between BEGIN_RESP and END_RESP */
		std::deque<tlm::tlm_generic_payload *> answers; /* behind it */
	};
	std::vector<port> ports;
	unsigned in_flight = 0;
	uint64_t faults = 0;
	bool idle = true; /* commands */
	bool running = false; /* its own queue, which then nobody else may run: a memory that waits may let them in */
	unsigned char scratch[4096] = {};
	unsigned char none = 0; /* byte enable of a write whose data nobody knows */

	~impl();
	void create(const std::string &config);
	void give(struct iommu *iommu, struct sim_kernel *kernel, const uint64_t *sc, uint64_t size);
	struct op *get(int id, tlm::tlm_generic_payload &p, request &r);
	void put(struct op *o);
	void arrive(struct op *o);
	void translated(struct op *o);
	void forward(struct op *o);
	void end_piece(struct op *o);
	void finish(struct op *o);
	void answer(int id, tlm::tlm_generic_payload &p);
	bool begin_response(int id, tlm::tlm_generic_payload &p);
	void send_answers(int id);
	void carried_done(const carried &c);
	void data(struct xl *x);
	void run_to_now();
	void run_until(uint64_t t);
	void kick();
};

/* extension() - a payload without one is of requester 0, no PASID. */
const request &extension(const tlm::tlm_generic_payload &p);
/* payload_error() - what the base protocol calls it, TLM_OK_RESPONSE if there is none. */
tlm::tlm_response_status payload_error(const tlm::tlm_generic_payload &p);
void ask(struct xl &x, const tlm::tlm_generic_payload &p, const request &r, unsigned from);

} // namespace iommusim
#endif
