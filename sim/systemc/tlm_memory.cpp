/* SPDX-License-Identifier: Apache-2.0 */
/* tlm_memory.cpp - a unit's or the processor's side of memory; see tlm_int.h. */
#include "systemc/tlm_int.h"

namespace iommusim
{

bool memory_side::transport(tlm::tlm_command c, uint64_t at, unsigned char *data, unsigned bytes, unsigned char *enable, unsigned n_enable)
{
	const sc_core::sc_time before = ahead();
	sc_core::sc_time t = before;

	if (!fw)
		fw = find();
	byte.set_command(c);
	byte.set_address(at);
	byte.set_data_ptr(data);
	byte.set_data_length(bytes);
	byte.set_streaming_width(bytes);
	byte.set_byte_enable_ptr(enable);
	byte.set_byte_enable_length(n_enable);
	byte.set_dmi_allowed(false);
	byte.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
	fw->b_transport(byte, t);
	late = t > before ? (t - before).value() : 0;
	return byte.is_response_ok();
}

bool memory_side::read(void *arg, uint64_t spa, void *data, unsigned bytes)
{
	return static_cast<memory_side *>(arg)->transport(tlm::TLM_READ_COMMAND, spa, static_cast<unsigned char *>(data), bytes, nullptr, 0);
}

bool memory_side::write(void *arg, uint64_t spa, const void *data, unsigned bytes)
{
	auto *from = static_cast<unsigned char *>(const_cast<void *>(data)); /* a write payload is not written */

	return static_cast<memory_side *>(arg)->transport(tlm::TLM_WRITE_COMMAND, spa, from, bytes, nullptr, 0);
}

/* A whole page that may be both read and written. */
uint64_t *memory_side::page(void *arg, uint64_t spa)
{
	memory_side &m = *static_cast<memory_side *>(arg);
	tlm::tlm_generic_payload p;
	tlm::tlm_dmi d;
	unsigned char *at;

	if (!m.fw)
		m.fw = m.find();
	p.set_command(tlm::TLM_WRITE_COMMAND);
	p.set_address(spa);
	if (!m.fw->get_direct_mem_ptr(p, d) || !d.is_read_write_allowed() || d.get_start_address() > spa || d.get_end_address() - spa < 4095)
		return nullptr;
	at = d.get_dmi_ptr() + (spa - d.get_start_address());
	return reinterpret_cast<uintptr_t>(at) % 8 ? nullptr : reinterpret_cast<uint64_t *>(at);
}

struct mem_backend memory_side::backend()
{
	return { this, read, write, nullptr, dmi ? page : nullptr };
}

} // namespace iommusim
