/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file systemc.h
 * A TLM-2.0 module: one IOMMU (Intel VT-d, Arm SMMUv3 or AMD-Vi) between the devices and the memory of a SystemC platform.
 *
 * Devices send generic payloads to @a dma, with a request extension that says who they are. The unit reads its tables through @a memory, in time,
 * then forwards the payload there at the translated address, and answers. Software reaches the registers through @a mmio and the tables by
 * whatever way the platform has. Interrupts are writes of 4 bytes through @a memory.
 *
 * Base protocol (docs/systemc.md has the list with its tests): blocking and non-blocking transport on @a dma (four phases, END_REQ at once, one response
 * outstanding per socket); debug transport on @a dma translates without a trace in caches or statistics; no DMI on @a dma and @a mmio, because
 * it would pass by translation; DMI towards memory is used when the global quantum is not 0. Byte enables are passed on; streaming is refused.
 *
 * Time: picosecond resolution (sc_set_time_resolution(1, SC_PS) before anything else). Reads of tables take what the `memory` section of the
 * configuration says, plus the delay that the memory target annotates. With the global quantum at 0 every event happens at its SystemC time. With a
 * quantum blocking calls return early with the remaining time as annotated delay, if the answer is known within the quantum.
 *
 * Not modelled: PCIe (that is the device's), several units in one module.
 */
#ifndef IOMMUSIM_SYSTEMC_H
#define IOMMUSIM_SYSTEMC_H
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

namespace iommusim
{

constexpr uint32_t no_pasid = UINT32_MAX;
enum class address_type { untranslated = 0, translation_request = 1, translated = 2 };
enum permission { readable = 1, writable = 2, executable = 4 };

/** What a generic payload does not say about a DMA, and what the unit says about its answer. Belongs to the initiator. */
struct request : tlm::tlm_extension<request> {
	uint32_t rid = 0; /**< bus << 8 | device << 3 | function; StreamID; DeviceID */
	uint32_t pasid = no_pasid;
	address_type type = address_type::untranslated;
	bool privileged = false;
	unsigned also = 0; /**< enum permission needed beside the command's: executable for a fetch, readable for an atomic or a translation for both */
	bool atomic = false; /**< a fetch-and-op: command write, also readable */
	bool speculative = false; /**< nobody waits: a refusal leaves no trace */
	bool zero_length = false; /**< a read of no byte, by which PCIe flushes; the payload has one, which is not moved */
	/* answers */
	unsigned fault = 0; /**< refused (TLM_ADDRESS_ERROR_RESPONSE): VT-d fault reason, SMMUv3 event number, AMD-Vi event code */
	uint64_t translated = 0; /**< where the first byte is */
	unsigned size_lg2 = 0, permissions = 0; /**< of the translation: log2 of its bytes, enum permission */
	void *carried = nullptr; /**< private to iommusim */

	tlm::tlm_extension_base *clone() const override { return new request(*this); }
	void copy_from(const tlm::tlm_extension_base &from) override { *this = static_cast<const request &>(from); }
};

/** An ATS invalidate request for a device; answer it by unit::invalidation_done(). */
struct invalidation {
	uint32_t rid, pasid;
	bool global;
	uint64_t first, last; /**< inclusive */
	unsigned itag;
};
/** PRI: a page request, and the answer to a group of them. */
struct page_request {
	uint32_t rid, pasid;
	uint64_t address;
	unsigned group;
	bool read, write, execute, privileged, last;
};
struct page_response {
	uint32_t rid, pasid;
	unsigned group, code;
};

class unit : public sc_core::sc_module
{
public:
	tlm_utils::multi_passthrough_target_socket<unit> dma; /**< any number of initiators */
	tlm_utils::simple_target_socket<unit> mmio; /**< addresses from the unit's base; 4 or 8 bytes, aligned */
	tlm_utils::simple_initiator_socket<unit> memory;

	std::function<void(const invalidation &)> on_invalidation; /**< empty: nobody answers, and the unit's time-out says so */
	std::function<void(const page_response &)> on_page_response;

	/**
	 * @param name of the module.
	 * @param config YAML as for `iommusim run`, with exactly one unit; a name that ends in .yaml is a file.
	 * Errors are reported by SC_REPORT_ERROR with the id "/iommusim/configuration".
	 */
	unit(sc_core::sc_module_name name, const std::string &config);
	~unit() override;

	/** A function has invalidated: one of @a expected completions carrying the tags of @a itags (a bit each). */
	void invalidation_done(uint32_t rid, uint32_t itags, unsigned expected = 1);
	void send_page_request(const page_request &request);

	/** A statistic by its flat name, such as "iotlb.hits" or "latency.p99" below the unit's name; reported as error if there is none. */
	double statistic(const std::string &name) const;
	std::string statistics_json() const;

	/** in_flight, faults, commands_idle: for a wave form. */
	void trace(sc_core::sc_trace_file *file) const override;

	struct impl; /**< private to iommusim */
	unit(sc_core::sc_module_name name, std::unique_ptr<impl> given);
	impl &inside() { return *in; }

private:
	SC_HAS_PROCESS(unit);
	void connect();
	void pace();
	void dma_b(int id, tlm::tlm_generic_payload &p, sc_core::sc_time &delay);
	tlm::tlm_sync_enum dma_nb(int id, tlm::tlm_generic_payload &p, tlm::tlm_phase &phase, sc_core::sc_time &delay);
	unsigned dma_dbg(int id, tlm::tlm_generic_payload &p);
	bool no_dmi(int id, tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi);
	void mmio_b(tlm::tlm_generic_payload &p, sc_core::sc_time &delay);
	void forget_dmi(sc_dt::uint64 first, sc_dt::uint64 last);
	std::unique_ptr<impl> in;
};

} // namespace iommusim
#endif
