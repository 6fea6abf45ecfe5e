/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_fields.c - AMD-Vi field tables against words encoded by hand and words that Linux and QEMU really wrote. */
#include "amdvi/amdvi_fields.h"
#include "fields_hand.h"

static const struct hand hand[] = {
	/* written by Linux 6.12 and QEMU's AMD-Vi, from one memory image */
	{ "devtab_base", { 0x41f2001 }, "Size=1 DevTabBase=41f2" },
	{ "cmdbuf_base", { 0x9000000041f4000 }, "ComBase=41f4 ComLen=9" },
	{ "evtlog_base", { 0x9000000041f6000 }, "EventBase=41f6 EventLen=9" },
	{ "control", { 0x3148f }, "IommuEn=1 HtTunEn=1 EventLogEn=1 EventIntEn=1 InvTimeOut=4 Coherent=1 CmdBufEn=1 GTEn=1 GAEn=1" },
	{ "efr", { 0x29d3 }, "PreFSup=1 PPRSup=1 GTSup=1 IASup=1 GASup=1 HESup=1 HATS=2 GATS=2" },
	{ "cmd_head", { 0x1590 }, "Ptr=159" },
	{ "status", { 0x18 }, "EventLogRun=1 CmdBufRun=1" },
	{ "dte", { 0x600000000494a603, 1 }, "V=1 TV=1 Mode=3 HostPTRoot=494a IR=1 IW=1 DomainID=1" },
	{ "dte", { 3 }, "V=1 TV=1" },
	{ "v1_pde", { 0x6000000004be7201 }, "PR=1 NextLevel=1 ADDR=4be7 IR=1 IW=1" },
	{ "v1_pte", { 0x7000000007437e01 }, "PR=1 NextLevel=7 ADDR=7437 FC=1 IR=1 IW=1" },
	{ "cmd_invalidate_iommu_pages", { 0x3000000300000000, 0x7fff9ffffffff003 }, "opcode=3 DomainID=3 S=1 PDE=1 Address=7fff9ffffffff" },
	/* encoded by hand, or values of shipped machines */
	{ "control",
	  { 0x000c22003203f48d },
	  "IommuEn=1 EventLogEn=1 EventIntEn=1 InvTimeOut=4 Coherent=1 CmdBufEn=1 PPRLogEn=1 PPRIntEn=1 PPREn=1 GTEn=1 GAEn=1 GAMEn=1 GALogEn=1 "
	  "GAIntEn=1 BlkStopMrkEn=1 EPHEn=1 XTEn=1 IntCapXTEn=1" },
	{ "control",
	  { 0x34f185d3c1c00b12 },
	  "HtTunEn=1 ComWaitIntEn=1 PassPW=1 ResPassPW=1 Isoc=1 SmiFEn=1 SlfWBDis=1 SmiFLogEn=1 DualPprLogEn=3 DualEventLogEn=3 DevTblSegEn=4 "
	  "PrivAbrtEn=2 PprAutoRspEn=1 MarcEn=1 PprAutoRspAon=1 HADUpdate=2 GDUpdateDis=1 vCmdEn=1 vIommuEn=1 GAUpdateDis=1 GAPPIEn=1 "
	  "GCR3TRPMode=1 GstBufferTRPMode=1 SNPAVICEn=1" },
	{ "efr",
	  { 0x058f77ef22294ade },
	  "PPRSup=1 XTSup=1 NXSup=1 GTSup=1 IASup=1 GASup=1 PCSup=1 HATS=2 GLXSup=1 SmiFSup=1 SmiFRC=2 GAMSup=1 DualPprLogSup=2 DualEventLogSup=2 "
	  "PASmax=f USSup=1 DevTblSegSup=3 PprOvrflwEarlySup=1 PprAutoRspSup=1 MarcSup=1 BlkStopMrkSup=1 PerfOptSup=1 MsiCapMmioSup=1 GIoSup=1 "
	  "HASup=1 EPHSup=1 AttrFWSup=1 vIommuSup=1 VMGuardIoSup=1 VMTableSize=2" },
	{ "efr",
	  { 0x20d753f322209bde },
	  "PPRSup=1 XTSup=1 NXSup=1 GTSup=1 IASup=1 GASup=1 HESup=1 PCSup=1 HATS=2 GATS=1 GLXSup=2 GAMSup=1 DualPprLogSup=2 DualEventLogSup=2 "
	  "PASmax=13 USSup=1 DevTblSegSup=3 PprOvrflwEarlySup=1 PprAutoRspSup=1 BlkStopMrkSup=1 MsiCapMmioSup=1 GIoSup=1 HASup=1 EPHSup=1 HDSup=1 "
	  "InvIotlbTypeSup=1 vIommuSup=1 GAUpdateDisSup=1" },
	{ "efr2", { 0xa3a }, "SEVTIOSup=1 GCR3TRPModeSup=1 GAPPIDisSup=1 SNPAVICSup=1 NumIntRemapSup=2 HTRangeIgnore=1" },
	{ "dte",
	  { 0x7dc0000012345803, 0x0000a80179bd0005, 0, 0x0000000700208000 },
	  "V=1 TV=1 Mode=4 HostPTRoot=12345 GIoV=1 GV=1 GLX=1 GCR3TableRoot_14_12=7 IR=1 IW=1 DomainID=5 GCR3TableRoot_30_15=79bd I=1 "
	  "GCR3TableRoot_51_31=15 vImuEn=1 GDeviceID=20 GuestID=7" },
	{ "dte",
	  { 0x0030000000000181, 0x07fe00000000, 0xef40000012345093, 0xffe0000000000000 },
	  "V=1 HAD=3 PPR=1 GPRP=1 SE=1 SA=1 IoCtl=3 Cache=1 SD=1 EX=1 SysMgt=3 SATS=1 IV=1 IntTabLen=9 IRTRoot=48d142 GuestPagingMode=1 "
	  "InitPass=1 EIntPass=1 NMIPass=1 HPTMode=1 IntCtl=2 Lint0Pass=1 Lint1Pass=1 AVAIL=1 AttrV=1 Mode0FC=1 SnoopAttribute=ff" },
	{ "v1_pte", { 0x6000000000010e01 }, "PR=1 NextLevel=7 ADDR=10 IR=1 IW=1" },
	{ "v1_pte", { 0x7800000000005061 }, "PR=1 A=1 D=1 ADDR=5 U=1 FC=1 IR=1 IW=1" },
	{ "v2_pde", { 0x8027 }, "P=1 RW=1 US=1 A=1 ADDR=8" },
	{ "v2_pte", { 0x80000000002000e7 }, "P=1 RW=1 US=1 A=1 D=1 PS=1 ADDR=200 NX=1" },
	{ "gcr3", { 0x5001 }, "V=1 ADDR=5" },
	{ "irte", { 0x30ff67 }, "RemapEn=1 SupIOPF=1 IntType=1 RqEoi=1 DM=1 Destination=ff Vector=30" },
	{ "irte128", { 0x1234561d, 0xab00000000000030 }, "RemapEn=1 IntType=7 Destination_23_0=123456 Vector=30 Destination_31_24=ab" },
	{ "irte128_guest", { 0x00000042000001e5, 0x7030 },
	  "RemapEn=1 GALogIntr=1 GAPPIDis=1 IsRun=1 GuestMode=1 Destination_23_0=1 GATag=42 Vector=30 BackingPage=7" },
	{ "cmd_completion_wait", { 0x1000000012345679, 17 }, "opcode=1 s=1 StoreAddress=2468acf StoreData=11" },
	{ "cmd_completion_wait", { 0x1000000000000006 }, "opcode=1 i=1 f=1" },
	{ "cmd_invalidate_devtab_entry", { 0x2000000000000100 }, "opcode=2 DevID=100" },
	{ "cmd_invalidate_iommu_pages", { 0x3000000500000000, 0x7ffffffffffff003 }, "opcode=3 DomainID=5 S=1 PDE=1 Address=7ffffffffffff" },
	{ "cmd_invalidate_iommu_pages", { 0x3000001200000005, 0x7ffffffffffff007 },
	  "opcode=3 PASID=5 DomainID=12 S=1 PDE=1 GN=1 Address=7ffffffffffff" },
	{ "cmd_invalidate_iotlb_pages", { 0x4521030020430300 },
	  "opcode=4 DevID=300 PASID_15_8=43 Maxpend=20 QueueID=300 PASID_7_0=21 PASID_19_16=5" },
	{ "cmd_invalidate_iotlb_pages",
	  { 0x4005030020000300, 0x7ffffffffffff025 },
	  "opcode=4 DevID=300 Maxpend=20 QueueID=300 PASID_7_0=5 S=1 GN=1 Type=2 Address=7ffffffffffff" },
	{ "cmd_invalidate_interrupt_table", { 0x5000000000000100 }, "opcode=5 DevID=100" },
	{ "cmd_prefetch_iommu_pages", { 0x6005432110000300, 0x5015 }, "opcode=6 DevID=300 PFCount=10 PASID=54321 S=1 GN=1 Inval=1 Address=5" },
	{ "cmd_complete_ppr_request", { 0x7000000500000300, 0x0000f01a00000004 },
	  "opcode=7 DevID=300 PASID=5 GN=1 CompletionTag=1a Response=f" },
	{ "cmd_invalidate_iommu_all", { 0x8000000000000000 }, "opcode=8" },
	{ "cmd_insert_guest_event", { 0x9000000700000000 }, "opcode=9 GuestID=7" },
	{ "cmd_reset_vmmio", { 0xa000000090000007 }, "opcode=a GuestID=7 All=1 vCmd=1" },
	{ "ev_illegal_dev_table_entry", { 0x11a8123400050300, 0x1004 },
	  "EventCode=1 DevID=300 PASID_19_16=5 PASID_15_0=1234 I=1 RW=1 RZ=1 TR=1 Address=401" },
	{ "ev_io_page_fault", { 0x2020000500000300, 0x1000 }, "EventCode=2 DevID=300 DomainID=5 RW=1 Address=1000" },
	{ "ev_io_page_fault",
	  { 0x21ff1234e8050300, 0x7fffffffffff },
	  "EventCode=2 DevID=300 VNR=1 VEvent=1 VPtr=1 VCmd=1 PASID_19_16=5 DomainID=1234 GN=1 NX=1 US=1 I=1 PR=1 RW=1 PE=1 RZ=1 TR=1 "
	  "Address=7fffffffffff" },
	{ "ev_dev_tab_hardware_error", { 0x3408000000000300, 0x6000 }, "EventCode=3 DevID=300 I=1 Type=2 Address=6000" },
	{ "ev_page_tab_hardware_error", { 0x4620000500000300, 0x6008 }, "EventCode=4 DevID=300 DomainID=5 RW=1 Type=3 Address=6008" },
	{ "ev_illegal_command_error", { 0x5000000000000000, 0x41f4040 }, "EventCode=5 Address=41f404" },
	{ "ev_command_hardware_error", { 0x6600000000000000, 0x1234 }, "EventCode=6 Type=3 Address=1234" },
	{ "ev_iotlb_inv_timeout", { 0x7000000000000300, 0x41f4050 }, "EventCode=7 DevID=300 Address=41f405" },
	{ "ev_invalid_device_request", { 0x8203123400050300, 0x1000 },
	  "EventCode=8 DevID=300 PASID_19_16=5 PASID_15_0=1234 GN=1 US=1 Type=1 Address=1000" },
	{ "ev_invalid_ppr_request", { 0x910015a012340300, 0x1000 },
	  "EventCode=9 DevID=300 PASID_15_0=1234 Tag=1a0 PASID_19_16=5 Flags=100 Address=1000" },
	{ "ev_event_counter_zero", { 0xa000000000000000, 0x89abcdef00012345 }, "EventCode=a CounterNote_51_32=12345 CounterNote_31_0=89abcdef" },
	{ "ev_guest_event_fault", { 0xb000000700000000, 0x1000 }, "EventCode=b GuestID=7 Address=1000" },
	{ "ev_viommu_hardware_error", { 0xc020000000020007, 0x2000380018 }, "EventCode=c GuestID=7 Source=2 Flags=20 Address=2000380018" },
	{ "ev_rmp_page_fault", { 0xd020000900050300, 0x1000 }, "EventCode=d DevID=300 RMPFlags=5 VMGTag=9 Flags=20 Address=1000" },
	{ "ev_rmp_hw_error", { 0xe000000900000000, 0x1008 }, "EventCode=e VMGTag=9 Address=201" },
	{ "ppr", { 0x1124161a12340300, 0x5000 },
	  "DevID=300 PASID_15_0=1234 PRGIndex=1a Last=1 PASID_19_16=5 Read=1 Write=1 GN=1 Code=1 Address=5" },
	{ "galog", { 0x1000030000000042 }, "GATag=42 DevID=300 Type=1" },
	{ "devid_map", { 0xc00001 }, "Valid=1 hDevID=300" },
	{ "domid_map", { 0x114001 }, "Valid=1 hDomID=45" },
	{ "cap_header", { 0x190b400f }, "CapId=f CapPtr=40 CapType=3 CapRev=1 IotlbSup=1 EFRSup=1 CapExt=1" },
	{ "cap_misc0", { 0x08203040 }, "GVAsize=2 PAsize=30 VAsize=40 MsiNumPPR=1" },
	{ "cap_bar_low", { 0xfeb80001 }, "Enable=1 BaseAddress=3fae0" },
	{ "smi_filter", { 0x30300 }, "SmiDID=300 SmiDV=1 SmiFLock=1" },
	{ "galog_base", { 0x0800000000005000 }, "GALogBase=5 GALogLen=8" },
	{ "galog_tail_addr", { 0x12345678 }, "ADDR=2468acf" },
	{ "excl_base", { 0x5003 }, "ExEn=1 Allow=1 Base=5" },
	{ "excl_limit", { 0x5fff }, "Ones=fff Limit=5" },
	{ "hwev_upper", { 0x3000000000000300 }, "FirstOperand=300 EventCode=3" },
	{ "xt_general", { 0xab00013012345604 }, "DestMode=1 Destination_23_0=123456 Vector=30 DeliveryMode=1 Destination_31_24=ab" },
	{ "ga_tail", { 0x18 }, "Ptr=3" },
	{ "ppr_auto_rsp", { 0x1f }, "Code=f MaskGn=1" },
	{ "ppr_ovf_early", { 0xc0000100 }, "Threshold=100 IntEn=1 En=1" },
	{ "counter_cfg", { 0x2200 }, "NCounter=4 NCounterBanks=2" },
	{ "perf_domain", { 0x0000ffff80000005 }, "Value=5 En=1 Mask=ffff" },
	{ "vfcntl_devid_map", { 0x8008000000c00001 }, "Valid=1 hDevID=300 gDevID=20 Go=1" },
	{ "vfcntl_domid_map", { 0x8000c00000114001 }, "Valid=1 hDomID=45 gDomID=3 Go=1" },
	{ "vfcntl_misc", { 0x03000000 }, "TransDevID=300" },
	{ "vfcntl_cmd", { 0x5309 }, "ComLen=9 CmdBufEn=1 ComWaitIntEn=1 Base=5" },
	{ "vfcntl_evt", { 0x5b89 }, "LenA=9 LenB=8 EventLogEn=1 EventIntEn=1 DualEventLogEn=2 Base=5" },
	{ "vfcntl_ppr", { 0x5f789 },
	  "LenA=9 LenB=8 PPRLogEn=1 PPRIntEn=1 PPREn=1 DualPPRLogEn=2 PprAutoRspEn=1 BlkStopMrkEn=1 PprAutoRspAon=1 Base=5" },
	/* by hand, neighbours apart: what one row sets the other leaves clear */
	{ "control", { 0x0900080000240000 }, "CRW=9 NumIntRemapMode=1 TMPMEn=1 IRTCacheDis=1" },
	{ "control", { 0x0050000000000002 }, "HtTunEn=1 vCmdEn=1 GAUpdateDis=1" },
	{ "control", { 0x0000028000800100 }, "PassPW=1 SlfWBDis=1 PprAutoRspEn=1 BlkStopMrkEn=1" },
	{ "efr", { 0xc000000080000020 }, "GAPPISup=1 SATSSup=1 ForcePhyDestSup=1 SNPSup=1" },
	{ "efr", { 0x000a510000000108 }, "NXSup=1 HESup=1 PprOvrflwEarlySup=1 BlkStopMrkSup=1 MsiCapMmioSup=1 HASup=1 AttrFWSup=1" },
	{ "efr2", { 4 }, "TMPMSup=1" },
	{ "status", { 0x18a25 }, "EventOverflow=1 ComWaitInt=1 PprOverflow=1 GALOverflow=1 PprOverflowB=1 EventOverflowB=1 EventLogActive=1" },
	{ "status", { 0x415c2 }, "EventLogInt=1 PprInt=1 PprLogRun=1 GALogRun=1 GAInt=1 PprLogActive=1 PprOverflowEarly=1" },
	{ "dte", { 0, 0x05a200000000, 0x8a00000000000020, 0x0040000000000000 },
	  "SE=1 Cache=1 EX=1 SysMgt=1 SATS=1 IG=1 EIntPass=1 HPTMode=1 Lint1Pass=1 AttrV=1" },
	{ "dte", { 0x0010000000000000, 0x004c00000000, 0x4500000000000000, 0x0080000000000000 },
	  "PPR=1 SA=1 IoCtl=1 SD=1 InitPass=1 NMIPass=1 Lint0Pass=1 Mode0FC=1" },
	{ "hwev_status", { 2 }, "HEO=1" },
	{ "hwev_lower", { 0x1234 }, "SecondOperand=1234" },
	{ "cap_header", { 0x06000000 }, "HtTunnel=1 NpCache=1" },
	{ "cap_range", { 0xff080384 }, "UnitID=4 RngValid=1 BusNumber=3 FirstDevice=8 LastDevice=ff" },
	{ "devtab_seg_base", { 0x50ff }, "Size=ff DevTabBase=5" },
	{ "marc_reloc", { 0x5002 }, "ReadOnly=1 Target=5" },
	{ "perf_source", { 0x0c }, "Source=c" },
	{ "ppr", { 0x10c2000000000300 }, "DevID=300 Exec=1 User=1 RZ=1 Code=1" },
	{ "vf_bar_low", { 0xf0000001 }, "Enable=1 BaseAddress=f" },
	{ "vfcntl_bar_low", { 0xfec00001 }, "Enable=1 BaseAddress=3fb" },
	{ "ev_dev_tab_hardware_error", { 0x3120000000000300 }, "EventCode=3 DevID=300 RW=1 TR=1" },
};

/* Every bit that has a name, written down from the text. */
static const struct named named[] = {
	{ "cap_header", { 0x1fffffff } }, { "cap_bar_low", { 0xffffc001 } }, { "cap_range", { 0xffffff9f } },
	{ "cap_misc0", { 0xf87fffff } }, { "cap_misc1", { 0x1f } }, { "vf_bar_low", { 0xf0000001 } },
	{ "vfcntl_bar_low", { 0xffc00001 } }, { "devtab_base", { 0x000ffffffffff1ff } },
	{ "devtab_seg_base", { 0x000ffffffffff0ff } }, { "cmdbuf_base", { 0x0f0ffffffffff000 } },
	{ "evtlog_base", { 0x0f0ffffffffff000 } }, { "pprlog_base", { 0x0f0ffffffffff000 } },
	{ "galog_base", { 0x0f0ffffffffff000 } }, { "galog_tail_addr", { 0x000ffffffffffff8 } },
	{ "control", { 0xfdfdffffffffffff } }, { "excl_base", { 0x000ffffffffff003 } }, { "excl_limit", { 0x000fffffffffffff } },
	{ "cstore_base", { 0x000ffffffffff000 } }, { "cstore_limit", { 0x000ffffffffff000 } }, { "efr", { 0xffdf7fffb3ffffff } },
	{ "efr2", { 0xbfe } }, { "hwev_upper", { ~UINT64_C(0) } }, { "hwev_lower", { ~UINT64_C(0) } }, { "hwev_status", { 3 } },
	{ "smi_filter", { 0x3ffff } }, { "dsfx", { 0xffffffff } }, { "msi_cap_header", { 0xffffff } },
	{ "msi_addr_low", { 0xfffffffc } }, { "msi_data", { 0xffff } }, { "perf_opt", { 0x2000 } },
	{ "xt_general", { 0xff0001ffffffff04 } }, { "marc_base", { 0x000ffffffffff000 } }, { "marc_reloc", { 0x000ffffffffff003 } },
	{ "marc_length", { 0x000ffffffffff000 } }, { "cmd_head", { 0x7fff0 } }, { "ga_head", { 0xfff8 } },
	{ "ppr_auto_rsp", { 0x1f } }, { "ppr_ovf_early", { 0xc0007fff } }, { "counter_cfg", { 0x3f780 } },
	{ "perf_count", { 0xffffffffffff } }, { "perf_source", { 0xff } }, { "perf_pasid", { 0x000fffff800fffff } },
	{ "perf_domain", { 0xffff8000ffff } }, { "vfcntl_devid_map", { 0xbfffc0003fffc001 } },
	{ "vfcntl_domid_map", { 0xbfffc0003fffc001 } }, { "vfcntl_misc", { 0xffff0000 } }, { "vfcntl_cmd", { 0x000ffffffffff30f } },
	{ "vfcntl_evt", { 0x000fffffffffffff } }, { "vfcntl_ppr", { 0x00ffffffffffffff } },
	{ "vfcntl_evtlogb_base", { 0x000ffffffffff000 } }, { "vfcntl_pprlogb_base", { 0x000ffffffffff000 } },
	{ "gcr3", { 0x000ffffffffff001 } }, { "v2_pde", { ~UINT64_C(0) } }, { "v2_pte", { ~UINT64_C(0) } },
	{ "irte", { 0xffffff } }, { "irte128", { 0xffffffff, 0xff000000000000ff } },
	{ "irte128_guest", { 0xffffffffffffffe7, 0xff0ffffffffff0ff } }, { "cmd_insert_guest_event", { 0xf000ffff00000000 } },
	{ "ev_illegal_dev_table_entry", { 0xf1a9ffffe80fffff, 0xfffffffffffffffc } },
	{ "ev_io_page_fault", { 0xf1ffffffe80fffff, ~UINT64_C(0) } },
	{ "ev_dev_tab_hardware_error", { 0xf7280000e800ffff, ~UINT64_C(0) } },
	{ "ev_page_tab_hardware_error", { 0xf729ffffe80fffff, ~UINT64_C(0) } },
	{ "ev_illegal_command_error", { 0xf000000000000000, 0xfffffffffffffff0 } },
	{ "ev_command_hardware_error", { 0xf600000000000000, ~UINT64_C(0) } },
	{ "ev_iotlb_inv_timeout", { 0xf00000000000ffff, 0xfffffffffffffff0 } },
	{ "ev_invalid_device_request", { 0xff03ffff000fffff, ~UINT64_C(0) } },
	{ "ev_invalid_ppr_request", { 0xffff3fffffffffff, ~UINT64_C(0) } },
	{ "ev_event_counter_zero", { 0xf000000000000000, 0xffffffff000fffff } },
	{ "ev_guest_event_fault", { 0xf000ffffe8000000, ~UINT64_C(0) } },
	{ "ev_viommu_hardware_error", { 0xffff0000e803ffff, ~UINT64_C(0) } },
	{ "ev_rmp_page_fault", { 0xffffffff00ffffff, ~UINT64_C(0) } },
	{ "ev_rmp_hw_error", { 0xf000ffff00000000, 0xfffffffffffffff8 } }, { "ppr", { 0xf1e63fffffffffff, 0xfffffffffffff000 } },
	{ "galog", { 0xf000ffffffffffff } }, { "devid_map", { 0x3fffc001 } }, { "domid_map", { 0x3fffc001 } },
};

START_TEST(named_bits)
{
	check_named(amdvi_field_sets, &named[_i]);
}
END_TEST

/* The same name has the same place: log entries, and registers that are each other's copies. */
static const struct alike alike[] = {
	{ "ev_io_page_fault", "ev_illegal_dev_table_entry", "Address" },
	{ "ev_io_page_fault", "ev_dev_tab_hardware_error", NULL },
	{ "ev_io_page_fault", "ev_page_tab_hardware_error", NULL },
	{ "ev_io_page_fault", "ev_invalid_device_request", "US" },
	{ "ev_io_page_fault", "ev_viommu_hardware_error", NULL },
	{ "ev_io_page_fault", "ev_guest_event_fault", NULL },
	{ "ev_dev_tab_hardware_error", "ev_page_tab_hardware_error", NULL },
	{ "ev_dev_tab_hardware_error", "ev_command_hardware_error", NULL },
	{ "cap_misc0", "msi_vector0", NULL },
	{ "cap_misc1", "msi_vector1", NULL },
	{ "xt_general", "xt_ppr", NULL },
	{ "xt_general", "xt_ga", NULL },
	{ "evtlog_base", "evtlogb_base", NULL },
	{ "pprlog_base", "pprlogb_base", NULL },
	{ "cmd_head", "cmd_tail", NULL },
	{ "cmd_head", "evt_head", NULL },
	{ "cmd_head", "evtb_tail", NULL },
	{ "cmd_head", "ppr_head", NULL },
	{ "cmd_head", "ppr_tail", NULL },
	{ "ga_head", "ga_tail", NULL },
	{ "ppr_ovf_early", "pprb_ovf_early", NULL },
	{ "perf_domain", "perf_device", NULL },
};

START_TEST(same_name_same_place)
{
	check_alike(amdvi_field_sets, &alike[_i]);
}
END_TEST

START_TEST(against_hand_encoding)
{
	check_hand(amdvi_field_sets, &hand[_i]);
}
END_TEST

START_TEST(split_fields)
{
	uint64_t w[amdvi_dte_words] = { 0x7dc0000012345803, 0x0000a80179bd0005 }, c[2] = { 0x4521030020430300 };

	ck_assert_uint_eq(amdvi_get_dte_GCR3TableRoot(w), 0xabcdef000);
	amdvi_put_dte_GCR3TableRoot(w, 0xffffffffff000);
	ck_assert_uint_eq(w[0], 0x7dc0000012345803);
	ck_assert_uint_eq(w[1], 0xfffff801ffff0005);
	amdvi_put_dte_GCR3TableRoot(w, 0);
	ck_assert_uint_eq(w[0], 0x61c0000012345803);
	ck_assert_uint_eq(w[1], 0x0000000100000005);
	ck_assert_uint_eq(amdvi_get_cmd_invalidate_iotlb_pages_PASID(c), 0x54321);
	amdvi_put_cmd_invalidate_iotlb_pages_PASID(c, 0xfedcb);
	ck_assert_uint_eq(c[0], 0x4fcb030020ed0300);
	ck_assert_uint_eq(amdvi_get_cmd_invalidate_iotlb_pages_PASID(c), 0xfedcb);
}
END_TEST

/* The bits that software may set, as the specification's legality checks have them, all optional features present. */
START_TEST(allowed_bits)
{
	static const struct {
		const struct fld_set *s;
		uint64_t w[4];
	} row[] = {
		{ &amdvi_fs_cmd_completion_wait, { 0xf00fffffffffffff, ~UINT64_C(0) } },
		{ &amdvi_fs_cmd_invalidate_devtab_entry, { 0xf00000000000ffff } },
		{ &amdvi_fs_cmd_invalidate_iommu_pages, { 0xf000ffff000fffff, 0xfffffffffffff007 } },
		{ &amdvi_fs_cmd_invalidate_iotlb_pages, { 0xffffffffffffffff, 0xfffffffffffff035 } },
		{ &amdvi_fs_cmd_invalidate_interrupt_table, { 0xf00000000000ffff } },
		{ &amdvi_fs_cmd_prefetch_iommu_pages, { 0xf00fffffff00ffff, 0xfffffffffffff015 } },
		{ &amdvi_fs_cmd_complete_ppr_request, { 0xf00fffff0000ffff, 0x0000ffff00000004 } },
		{ &amdvi_fs_cmd_invalidate_iommu_all, { 0xf000000000000000 } },
		{ &amdvi_fs_cmd_reset_vmmio, { 0xf00000009000ffff } },
		{ &amdvi_fs_dte, { 0x7fffffffffffff83, ~UINT64_C(0), 0xffcfffffffffffff, 0xffe0ffffffff8000 } },
		{ &amdvi_fs_v1_pde, { ~UINT64_C(0x1ff0000000000000) } },
		{ &amdvi_fs_v1_pte, { ~UINT64_C(0x07f0000000000000) } },
		{ &amdvi_fs_status, { 0x79fff } },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		for (unsigned k = 0; k < row[i].s->words; k++)
			ck_assert_msg(~fld_reserved(row[i].s, k) == row[i].w[k], "%s word %u: %lx", row[i].s->name, k,
				      (unsigned long)~fld_reserved(row[i].s, k));
}
END_TEST

START_TEST(status_bits_that_writes_clear)
{
	uint64_t w1c = 0;

	for (size_t i = 0; i < amdvi_fs_status.n; i++)
		if (amdvi_fs_status.f[i].kind == FLD_RW)
			w1c |= BIT64(amdvi_fs_status.f[i].lo);
	ck_assert_uint_eq(w1c, 0x68e67);
}
END_TEST

START_TEST(commands_and_events_by_code)
{
	for (unsigned c = 0; c < 16; c++) {
		uint64_t qw0 = (uint64_t)c << 60 | 0x0123456789abcdef;
		const struct fld_set *s = amdvi_event_set(qw0);

		ck_assert_msg((amdvi_cmd_set(qw0) != NULL) == (c >= 1 && c <= 10), "opcode %u", c);
		ck_assert_msg((s != NULL) == (c >= 1 && c <= 14), "event %u", c);
		ck_assert_msg(!s == !amdvi_event_name(c) && !s == !amdvi_event_text(c), "event %u", c);
		if (s)
			ck_assert_str_eq(s->title, amdvi_event_name(c));
	}
	ck_assert_ptr_eq(amdvi_cmd_set(0x3000000500000000), &amdvi_fs_cmd_invalidate_iommu_pages);
	ck_assert_ptr_eq(amdvi_event_set(0x2020000500000300), &amdvi_fs_ev_io_page_fault);
	ck_assert_str_eq(amdvi_event_name(7), "IOTLB_INV_TIMEOUT");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amdvi_fields");
	TCase *t = tcase_create("amdvi_fields");
	SRunner *r;
	int bad;

	tcase_add_loop_test(t, against_hand_encoding, 0, ARRAY_LEN(hand));
	tcase_add_loop_test(t, named_bits, 0, ARRAY_LEN(named));
	tcase_add_loop_test(t, same_name_same_place, 0, ARRAY_LEN(alike));
	tcase_add_test(t, split_fields);
	tcase_add_test(t, allowed_bits);
	tcase_add_test(t, status_bits_that_writes_clear);
	tcase_add_test(t, commands_and_events_by_code);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
