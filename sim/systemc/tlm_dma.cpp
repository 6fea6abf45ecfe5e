/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlm_dma.cpp - the way of a DMA through the TLM module: payload, translation, memory, answer.
 * A payload that crosses 4 KiB pages is translated and moved page by page, one after the other, as a PCIe device would have cut it; the first refusal ends it.
 * Blocking: the initiator's own thread does the memory access, so a memory that waits holds nobody else. Non-blocking: the unit's thread does.
 */
#include <cstring>
#include "systemc/tlm_int.h"

namespace iommusim
{

const request &extension(const tlm::tlm_generic_payload &p)
{
	static const request none;
	const auto *r = p.get_extension<request>();

	return r ? *r : none;
}

tlm::tlm_response_status payload_error(const tlm::tlm_generic_payload &p)
{
	if (!p.get_data_length() || p.get_address() + (p.get_data_length() - 1) < p.get_address())
		return tlm::TLM_BURST_ERROR_RESPONSE;
	if (p.get_streaming_width() < p.get_data_length())
		return tlm::TLM_BURST_ERROR_RESPONSE; /* an address that stands still is no memory */
	if (!p.get_data_ptr())
		return tlm::TLM_GENERIC_ERROR_RESPONSE;
	return p.get_byte_enable_ptr() && !p.get_byte_enable_length() ? tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

/* The piece of @p from byte @from up to the end of its page. */
void ask(struct xl &x, const tlm::tlm_generic_payload &p, const request &r, unsigned from)
{
	const uint64_t at = p.get_address() + from, page = 4096 - (at & 4095), left = p.get_data_length() - from;

	x.req = {};
	x.req.iova = at;
	x.req.len = r.zero_length ? 0 : (uint32_t)(left < page ? left : page);
	x.req.rid = r.rid;
	x.req.has_pasid = r.pasid != no_pasid;
	x.req.pasid = x.req.has_pasid ? r.pasid : 0;
	x.req.acc = (uint8_t)((p.is_write() ? XL_W : XL_R) | (r.also & (XL_R | XL_W | XL_X)) | (r.atomic ? XL_ATOMIC : 0) | (r.privileged ? XL_PRIV : 0));
	x.req.spec = r.speculative;
	x.req.at = (uint8_t)r.type;
}

/* ---- from our own devices: the request is theirs ---- */

static void carried_answered(struct xl *x)
{
	const auto *c = static_cast<const carried *>(x->host);

	c->in->carried_done(*c);
}

void unit::impl::carried_done(const carried &c)
{
	const struct xl_res &res = c.x->res;

	in_flight--;
	c.r->fault = res.ok ? 0 : res.code;
	c.r->translated = res.spa;
	c.r->size_lg2 = res.size_lg2;
	c.r->permissions = res.perm;
	c.p->set_response_status(res.ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
	answer(0, *c.p);
}

/*
 * The data of a request that was translated. What a write carries no trace says: every byte is disabled, and with a quantum it is not sent at all.
 * With DMI what is read is read from the page.
 */
void unit::impl::data(struct xl *x)
{
	const bool write = x->req.acc & XL_W;
	const uint64_t *page = quantum == sc_core::SC_ZERO_TIME ? nullptr : mem_page(u->mem, x->res.spa);

	if (page || (write && quantum != sc_core::SC_ZERO_TIME)) {
		if (!write)
			std::memcpy(scratch, reinterpret_cast<const unsigned char *>(page) + (x->res.spa & 4095), x->req.len);
		return;
	}
	(void)side.transport(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, x->res.spa, scratch, x->req.len ? x->req.len : 1, write ? &none : nullptr,
			     write ? 1 : 0); /* a bus error of data is the memory's to report */
}

/* ---- requests of anybody ---- */

static void op_event(struct sim_event *e)
{
	struct op *o = container_of(e, struct op, ev);

	if (o->answered)
		o->in->end_piece(o);
	else
		o->in->arrive(o);
}

static void op_translated(struct xl *x)
{
	struct op *o = container_of(x, struct op, x);

	o->in->translated(o);
}

struct op *unit::impl::get(int id, tlm::tlm_generic_payload &p, request &r)
{
	struct op *o = spare;

	if (o)
		spare = o->next;
	else
		o = new struct op;
	std::memset(&o->x, 0, sizeof(o->x));
	sim_event_init(&o->ev, op_event);
	o->in = this;
	o->p = &p;
	o->r = &r;
	o->wake = nullptr;
	o->done = 0;
	o->id = id;
	o->answered = o->refused = false;
	in_flight++;
	return o;
}

void unit::impl::put(struct op *o)
{
	in_flight--;
	o->next = spare;
	spare = o;
}

/* A translation request wants the address only. */
static bool moves(const struct op *o)
{
	return o->r->type != address_type::translation_request && !o->r->zero_length;
}

void unit::impl::arrive(struct op *o)
{
	ask(o->x, *o->p, *o->r, o->done);
	o->x.done = op_translated;
	o->answered = false;
	iommu_translate(u, &o->x);
}

void unit::impl::translated(struct op *o)
{
	const struct xl_res &res = o->x.res;

	o->answered = true;
	if (!o->done) {
		o->r->translated = res.spa;
		o->r->size_lg2 = res.size_lg2;
		o->r->permissions = res.perm;
	}
	if (!res.ok) {
		o->r->fault = res.code;
		o->refused = true;
		o->p->set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
	}
	if (!res.ok || !moves(o))
		end_piece(o);
	else if (o->wake)
		o->wake->notify(side.ahead());
	else
		forward(o);
}

/* The data, at the translated address; ends when the memory's delay is over. */
void unit::impl::forward(struct op *o)
{
	tlm::tlm_generic_payload &p = *o->p;
	unsigned char *enable = p.get_byte_enable_ptr();
	unsigned n_enable = enable ? p.get_byte_enable_length() : 0;
	std::vector<unsigned char> turned;

	if (n_enable && o->done % n_enable) { /* the pattern goes on in the middle */
		for (unsigned i = 0; i < n_enable; i++)
			turned.push_back(enable[(o->done + i) % n_enable]);
		enable = turned.data();
	}
	if (!side.transport(p.get_command(), o->x.res.spa, p.get_data_ptr() + o->done, o->x.req.len, enable, n_enable)) {
		o->refused = true;
		p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
	}
	run_to_now(); /* the memory may have waited */
	sim_at(k, sim_now(k) + side.late, &o->ev);
	side.late = 0;
	kick();
}

void unit::impl::end_piece(struct op *o)
{
	iommu_retire(u, &o->x);
	o->done += o->x.req.len;
	if (o->refused || !moves(o) || o->done >= o->p->get_data_length())
		finish(o);
	else
		arrive(o);
}

void unit::impl::finish(struct op *o)
{
	if (!o->refused)
		o->p->set_response_status(tlm::TLM_OK_RESPONSE);
	if (o->wake) {
		o->done = UINT32_MAX;
		o->wake->notify(side.ahead());
		return;
	}
	tlm::tlm_generic_payload &p = *o->p;
	int id = o->id;

	put(o);
	answer(id, p);
}

/* ---- blocking transport ---- */

void unit::dma_b(int id, tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
{
	tlm::tlm_response_status bad = payload_error(p);
	sc_core::sc_event wake;
	request given = extension(p), &r = p.get_extension<request>() ? *p.get_extension<request>() : given;

	p.set_dmi_allowed(false);
	p.set_response_status(p.get_command() == tlm::TLM_IGNORE_COMMAND ? tlm::TLM_OK_RESPONSE : bad);
	if (p.get_command() == tlm::TLM_IGNORE_COMMAND || bad != tlm::TLM_OK_RESPONSE)
		return;
	const uint64_t start = sc_core::sc_time_stamp().value() + delay.value(), limit = sc_core::sc_time_stamp().value() + in->quantum.value();
	struct op *o = in->get(id, p, r);

	r.fault = 0;
	o->wake = &wake;
	sim_at(in->k, start > sim_now(in->k) ? start : sim_now(in->k), &o->ev);
	delay = sc_core::SC_ZERO_TIME;
	while (o->done != UINT32_MAX) {
		sim_time next;

		/* Within the quantum the queue may run ahead of SystemC's time; else it is the thread's, and this one waits. */
		if (o->answered && !o->refused && moves(o) && !sim_pending(&o->ev)) {
			in->forward(o);
		} else if (!in->running && in->quantum != sc_core::SC_ZERO_TIME && sim_next(in->k, &next) && next <= limit) {
			in->run_until(next);
		} else {
			in->kick();
			wait(wake);
		}
	}
	delay = in->side.ahead();
	in->put(o);
	in->kick();
}

/* ---- non-blocking transport ---- */

tlm::tlm_sync_enum unit::dma_nb(int id, tlm::tlm_generic_payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
	if ((size_t)id >= in->ports.size())
		in->ports.resize((size_t)id + 1);
	if (phase == tlm::END_RESP) {
		impl::port &port = in->ports[(size_t)id];

		if (port.outstanding != &p) {
			SC_REPORT_ERROR("/iommusim/protocol", "END_RESP for a payload that has no response outstanding");
			return tlm::TLM_ACCEPTED;
		}
		port.outstanding = nullptr;
		p.release();
		in->send_answers(id);
		return tlm::TLM_COMPLETED;
	}
	if (phase != tlm::BEGIN_REQ) {
		SC_REPORT_ERROR("/iommusim/protocol", "expected BEGIN_REQ or END_RESP");
		return tlm::TLM_ACCEPTED;
	}
	tlm::tlm_response_status bad = payload_error(p);

	p.set_dmi_allowed(false);
	if (p.get_command() == tlm::TLM_IGNORE_COMMAND || bad != tlm::TLM_OK_RESPONSE) {
		p.set_response_status(p.get_command() == tlm::TLM_IGNORE_COMMAND ? tlm::TLM_OK_RESPONSE : bad);
		return tlm::TLM_COMPLETED;
	}
	auto *r = p.get_extension<request>();
	if (!p.has_mm() || !r) {
		SC_REPORT_ERROR("/iommusim/protocol", "a payload of non-blocking transport needs a memory manager and an iommusim::request");
		p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
		return tlm::TLM_COMPLETED;
	}
	p.acquire();
	if (r->carried) { /* at the present time, inside the queue */
		auto *c = static_cast<carried *>(r->carried);

		ask(*c->x, p, *r, 0); /* what the sockets say, not what the device knows */
		c->in = in.get();
		c->x->host = c;
		c->x->done = carried_answered;
		in->in_flight++;
		iommu_translate(in->u, c->x);
	} else {
		struct op *o = in->get(id, p, *r);
		const uint64_t start = sc_core::sc_time_stamp().value() + delay.value();

		r->fault = 0;
		sim_at(in->k, start > sim_now(in->k) ? start : sim_now(in->k), &o->ev);
		in->kick();
	}
	phase = tlm::END_REQ;
	return tlm::TLM_UPDATED;
}

/* BEGIN_RESP. Returns: the initiator is through with it. While the call runs, others may want to answer, or END_RESP may come. */
bool unit::impl::begin_response(int id, tlm::tlm_generic_payload &p)
{
	tlm::tlm_phase phase = tlm::BEGIN_RESP;
	sc_core::sc_time t = side.ahead();
	tlm::tlm_sync_enum got;

	ports[(size_t)id].outstanding = &p;
	got = m->dma[id]->nb_transport_bw(p, phase, t);
	if (got == tlm::TLM_ACCEPTED || (got == tlm::TLM_UPDATED && phase != tlm::END_RESP) || ports[(size_t)id].outstanding != &p)
		return false;
	ports[(size_t)id].outstanding = nullptr;
	p.release();
	return true;
}

/* At most one response is outstanding per initiator. */
void unit::impl::answer(int id, tlm::tlm_generic_payload &p)
{
	if ((size_t)id >= ports.size())
		ports.resize((size_t)id + 1);
	if (ports[(size_t)id].outstanding || !ports[(size_t)id].answers.empty())
		ports[(size_t)id].answers.push_back(&p);
	else if (begin_response(id, p))
		send_answers(id);
}

void unit::impl::send_answers(int id)
{
	while (!ports[(size_t)id].outstanding && !ports[(size_t)id].answers.empty()) {
		tlm::tlm_generic_payload *p = ports[(size_t)id].answers.front();

		ports[(size_t)id].answers.pop_front();
		if (!begin_response(id, *p))
			return;
	}
}

} // namespace iommusim
