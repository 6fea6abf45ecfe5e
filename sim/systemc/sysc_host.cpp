/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysc_host.cpp - one module at 1 ps resolution: it runs the queue to sc_time_stamp(), then asks to be called again at the time
 * of the next event. See sysc_host.h for the limits.
 */
#include <systemc>
#include <exception>
/* The seams are C: their inline functions leave members out of initialisers on purpose. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "systemc/sysc_host.h"
#pragma GCC diagnostic pop

namespace
{

class pacer : public sc_core::sc_module
{
public:
	SC_HAS_PROCESS(pacer);
	pacer(sc_core::sc_module_name name, struct plat *platform) : sc_core::sc_module(name), p(platform)
	{
		SC_METHOD(step);
		sensitive << wake;
	}

private:
	void step()
	{
		struct sim_kernel *k = plat_kernel(p);
		sim_time next;

		sim_run_until(k, sc_core::sc_time_stamp().value());
		/* A platform that gave up (no progress) leaves events behind, which nobody wants to see. A finished one lets them end. */
		if (plat_stopped(p))
			return;
		if (sim_next(k, &next))
			wake.notify(sc_core::sc_time::from_value(next) - sc_core::sc_time_stamp());
	}
	struct plat *p;
	sc_core::sc_event wake;
};

void pace(struct plat *p)
{
	if (sc_core::sc_get_time_resolution() != sc_core::sc_time(1, sc_core::SC_PS))
		sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
	pacer host("iommusim_host", p);
	sc_core::sc_start();
}

} // namespace

extern "C" bool sysc_run(struct plat *p, plat_source_fn *src, void *arg, bool verify, struct err *e)
{
	if (sc_core::sc_get_status() != sc_core::SC_ELABORATION)
		return err_set(e, ERR_INPUT, "the SystemC host runs once per process");
	if (!plat_start(p, src, arg, verify, e))
		return false;
	try {
		pace(p);
	} catch (const std::exception &x) {
		return err_set(e, ERR_MACHINE, "SystemC: %s", x.what());
	} catch (...) {
		return err_set(e, ERR_MACHINE, "SystemC: unknown exception");
	}
	return plat_result(p, e);
}

/* libsystemc refers to sc_main; the program has a C main and never enters this. */
extern "C" int sc_main(int, char *[])
{
	return 1;
}
