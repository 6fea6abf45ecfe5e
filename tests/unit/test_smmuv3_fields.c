/* SPDX-License-Identifier: Apache-2.0 */
/* test_smmuv3_fields.c - SMMUv3 field tables against words encoded by hand and words that Linux and QEMU really wrote. */
#include "fields_hand.h"
#include "smmuv3/smmuv3_fields.h"

static const struct hand hand[] = {
	/* written by Linux 6.12 and QEMU's SMMUv3, from one memory image */
	{ "idr0", { 0xd44101b }, "S2P=1 S1P=1 TTF=2 COHACC=1 ASID16=1 VMID16=1 TTENDIAN=2 STALL_MODEL=1 TERM_MODEL=1 ST_LEVEL=1" },
	{ "idr1", { 0x2730010 }, "SIDSIZE=10 EVENTQS=13 CMDQS=13" },
	{ "idr3", { 0x1414 }, "HAD=1 XNX=1 RIL=1 BBML=2" },
	{ "idr5", { 0x74 }, "OAS=4 GRAN4K=1 GRAN16K=1 GRAN64K=1" },
	{ "cr0", { 0xd }, "SMMUEN=1 EVENTQEN=1 CMDQEN=1" },
	{ "cr1", { 0xd75 }, "QUEUE_IC=1 QUEUE_OC=1 QUEUE_SH=3 TABLE_IC=1 TABLE_OC=1 TABLE_SH=3" },
	{ "cr2", { 6 }, "RECINVSID=1 PTM=1" },
	{ "gbpa", { 0x1000 }, "SHCFG=1" },
	{ "irq_ctrl", { 5 }, "GERROR_IRQEN=1 EVENTQ_IRQEN=1" },
	{ "strtab_base", { 0x4000000043a79000 }, "ADDR=10e9e40 RA=1" },
	{ "strtab_base_cfg", { 0x10210 }, "LOG2SIZE=10 SPLIT=8 FMT=1" },
	{ "cmdq_base", { 0x400000006b300010 }, "LOG2SIZE=10 ADDR=3598000 RA=1" },
	{ "eventq_base", { 0x400000006b40000f }, "LOG2SIZE=f ADDR=35a0000 WA=1" },
	{ "l1std", { 0x6b260009 }, "Span=9 L2Ptr=1ac9800" },
	{ "ste", { 1 }, "V=1" },
	{ "ste", { 0x43b8700b, 0xd6 }, "V=1 Config=5 S1ContextPtr=10ee1c0 S1DSS=2 S1CIR=1 S1COR=1 S1CSH=3" },
	{ "cd",
	  { 0x5e204c0003510, 0x44092000, 0, 0xfffffffff404ff44 },
	  "T0SZ=10 IR0=1 OR0=1 SH0=3 EPD1=1 V=1 IPS=4 AA64=1 R=1 A=1 ASET=1 ASID=5 TTB0=4409200 MAIR0=f404ff44 MAIR1=ffffffff" },
	{ "s1_table", { 0x44061003 }, "TYPE=3 ADDR=44061" },
	{ "s1_leaf", { 0x6ac83fc7 }, "TYPE=3 AttrIndx=1 AP=3 SH=3 AF=1 nG=1 ADDR=6ac83" },
	{ "s1_block", { 0x47200f45 }, "TYPE=1 AttrIndx=1 AP=1 SH=3 AF=1 nG=1 ADDR=239" },
	{ "cmd_prefetch_config", { 0x800000001 }, "opcode=1 StreamID=8" },
	{ "cmd_cfgi_ste", { 0x800000003, 1 }, "opcode=3 StreamID=8 Leaf=1" },
	{ "cmd_cfgi_ste_range", { 4, 0x1f }, "opcode=4 Range=1f" },
	{ "cmd_cfgi_cd", { 0x800000005, 1 }, "opcode=5 StreamID=8 Leaf=1" },
	{ "cmd_tlbi_nh_va", { 0x1000000000012, 0xffffc701 }, "opcode=12 ASID=1 Leaf=1 TTL=3 TG=1 Address=ffffc" },
	{ "cmd_tlbi_nsnh_all", { 0x30 }, "opcode=30" },
	{ "cmd_sync", { 0xfc02046 }, "opcode=46 CS=2 MSH=3 MSIAttr=f" },
	{ "ev_f_translation", { 0x800000010, 0x20800000000, 0x330036000c }, "EventNumber=10 StreamID=8 RnW=1 CLASS=2 InputAddr=330036000c" },
	/* encoded by hand */
	{ "cmd_sync", { 0x2046 }, "opcode=46 CS=2" },
	{ "cmd_sync", { 0x123456780fc01046, 0x8090040 }, "opcode=46 CS=1 MSH=3 MSIAttr=f MSIData=12345678 MSIAddress=2024010" },
	{ "cmd_tlbi_nh_asid", { 0x0009000500000011 }, "opcode=11 VMID=5 ASID=9" },
	{ "cmd_tlbi_nh_va", { 0x0009000503f1f012, 0x1701 }, "opcode=12 NUM=1f SCALE=3f VMID=5 ASID=9 Leaf=1 TTL=3 TG=1 Address=1" },
	{ "cmd_tlbi_s2_ipa", { 0x50011002a, 0x00fffffffffff680 }, "opcode=2a NUM=10 SCALE=1 VMID=5 TTL128=1 TTL=2 TG=1 IPA=fffffffffff" },
	{ "cmd_tlbi_el2_va", { 0x0009000000000022, 0x2000 }, "opcode=22 ASID=9 Address=2" },
	{ "cmd_tlbi_s12_vmall", { 0x500000028 }, "opcode=28 VMID=5" },
	{ "cmd_atc_inv", { 0x0000010000000040, 52 }, "opcode=40 StreamID=100 Size=34" },
	{ "cmd_atc_inv", { 0x0000010000abca40, 0x3003 }, "opcode=40 Global=1 SSV=1 SubstreamID=abc StreamID=100 Size=3 Address=3" },
	{ "cmd_resume", { 0x0000000300001044, 7 }, "opcode=44 Ac=1 StreamID=3 STAG=7" },
	{ "cmd_resume", { 0x0000000300002044, 7 }, "opcode=44 Ab=1 StreamID=3 STAG=7" },
	{ "cmd_stall_term", { 0x300000045 }, "opcode=45 StreamID=3" },
	{ "cmd_pri_resp", { 0x0000010000abc841, 0x21ff }, "opcode=41 SSV=1 SubstreamID=abc StreamID=100 PRGIndex=1ff Resp=2" },
	{ "cmd_prefetch_addr", { 0xc02, 0x12a5 }, "opcode=2 SSec=1 SSV=1 Size=5 Stride=15 Addr=1" },
	{ "cmd_cfgi_cd_all", { 0x300000006 }, "opcode=6 StreamID=3" },
	{ "cmd_cfgi_vms_pidm", { 0x500000007 }, "opcode=7 VMID=5" },
	{ "cmd_dpti_pa", { 0x73, 0x7a01 }, "opcode=73 Leaf=1 SIZE=a Address=7" },
	{ "l1cd", { 0x00ffffffffff3001 }, "V=1 L2Ptr=ffffffffff3" },
	{ "ste",
	  { 0x500000001234003f, 0x18000000, 0x04040009, 0x56780004, 0, 0x9abc001ff },
	  "V=1 Config=7 S1Fmt=3 S1ContextPtr=48d000 S1CDMax=a S1STALLD=1 EATS=1 S2VMID=9 IMPDEF2=404 S2SL0_2=1 S2TTB=5678000 PMG=ff MPAM_NS=1 "
	  "VMSPtr=9abc00" },
	{ "ste",
	  { 0xd, 0, 0x064db55900000007 },
	  "V=1 Config=6 S2VMID=7 S2T0SZ=19 S2SL0=1 S2IR0=1 S2OR0=1 S2SH0=3 S2TG=2 S2PS=5 S2AA64=1 S2PTW=1 S2S=1 S2R=1" },
	{ "ste",
	  { 0, 0xf00ff110f0000000 },
	  "EATS=3 STRW=3 MTCFG=1 ALLOCCFG=8 SHCFG=3 NSCFG=3 PRIVCFG=3 INSTCFG=3 IMPDEF1=f00" },
	{ "ste", { 0, 0, 0, 0, 0xabcd00000012ffff }, "IMPDEF4=ffff PARTID=12 MECID=abcd" },
	{ "ste", { 0, 0, 0, 0, 0, 0, 0x6000000000001005, 0xf000000000000021 },
	  "S2SW=1 S_S2SL0_2=1 S_S2TTB=100 S_S2SKL=3 S2POI0=1 S2POI1=2 S2POI15=f" },
	{ "cd",
	  { 0x00001d0000590000, 0, 0x9400000000000013 },
	  "T1SZ=19 TG1=1 PAN=1 HD=1 HA=1 S=1 NSCFG1=1 HAD1=1 TTB1=1 DS=1 HWU159=1 HWU162=1" },
	{ "cd", { 0, 0x0c0000000000000e, 0, 0, 0x0000000200000001, 0x007f0009ffffffff },
	  "HAD0=1 E0PD0=1 HAFT=1 PnCH=1 EPAN=1 AMAIR0=1 AMAIR1=2 IMPDEF5=ffffffff PARTID=9 PMG=7f" },
	{ "cd", { 0, 0, 0, 0, 0, 0, 0x0000e00000000011, 0x38 }, "PIIU0=1 PIIU1=2 PIIU15=7 PIIP1=7" },
	{ "s1_leaf", { 0x78f8000000001063 }, "TYPE=3 NS=1 AP=1 ADDR=1 DBM=1 Contiguous=1 PXN=1 UXN=1 SW=1 PBHA=f" },
	{ "s1_table", { 0xf800000000001003 }, "TYPE=3 ADDR=1 PXNTable=1 UXNTable=1 APTable=3 NSTable=1" },
	{ "s2_leaf", { 0x00600000000017ff }, "TYPE=3 MemAttr=f S2AP=3 SH=3 AF=1 ADDR=1 XN=3" },
	{ "s2_block", { 0x00400000002107fd }, "TYPE=1 MemAttr=f S2AP=3 SH=3 AF=1 nT=1 ADDR=1 XN=2" },
	{ "s2_table", { 0x1003 }, "TYPE=3 ADDR=1" },
	{ "ev_c_bad_streamid", { 0x3123456709abc802 }, "EventNumber=2 SSV=1 SubstreamID=9abc StreamID=31234567" },
	{ "ev_f_ste_fetch", { 0x800000003, 0x15555, 0, 0x00ffffffffffffc0 },
	  "EventNumber=3 StreamID=8 Reason=5555 GPCF=1 FetchAddr=1ffffffffffff8" },
	{ "ev_f_bad_ats_treq", { 0x800000005, 0xe000000f, 0x1000 }, "EventNumber=5 StreamID=8 Span=f X=1 W=1 R=1 InputAddr=1" },
	{ "ev_c_bad_substreamid", { 0x8fffff008 }, "EventNumber=8 SubstreamID=fffff StreamID=8" },
	{ "ev_f_walk_eabt", { 0x80000000b, 0x10e00000001, 0xffff800000001234, 0x1008 },
	  "EventNumber=b StreamID=8 Reason=1 PnU=1 InD=1 RnW=1 CLASS=1 InputAddr=ffff800000001234 FetchAddr=201" },
	{ "ev_f_permission", { 0x800000013, 0x0000118080000042, 0x1234, 0x5000 },
	  "EventNumber=13 StreamID=8 STAG=42 Stall=1 S2=1 CLASS=1 TTRnW=1 InputAddr=1234 IPA=5" },
	{ "ev_e_page_request", { 0x800000024, 0x000120ce00000000, 0x7000 },
	  "EventNumber=24 StreamID=8 uX=1 uW=1 uR=1 pW=1 pR=1 Span=12 InputAddr=7" },
	{ "ev_f_stream_disabled", { 0x800000006 }, "EventNumber=6 StreamID=8" },
	{ "ev_f_transl_forbidden", { 0x800000007, 0x800000000, 0x1234 }, "EventNumber=7 StreamID=8 RnW=1 InputAddr=1234" },
	{ "pri", { 0xfc0abcde00000300, 0x70001ff }, "StreamID=300 SubstreamID=abcde Priv=1 X=1 R=1 W=1 Last=1 SSV=1 PRGIndex=1ff Addr=7000" },
	{ "gerror", { 0x7fd },
	  "CMDQ_ERR=1 EVENTQ_ABT_ERR=1 PRIQ_ABT_ERR=1 MSI_CMDQ_ABT_ERR=1 MSI_EVENTQ_ABT_ERR=1 MSI_PRIQ_ABT_ERR=1 MSI_GERROR_ABT_ERR=1 SFM_ERR=1 "
	  "CMDQP_ERR=1 DPT_ERR=1" },
	{ "gerrorn", { 1 }, "CMDQ_ERR=1" },
	{ "cmdq_cons", { 0x030fffff }, "RD=fffff ERR=3" },
	{ "cmdq_prod", { 0x2f8 }, "WR=2f8" },
	{ "eventq_prod", { 0x800001a8 }, "WR=1a8 OVFLG=1" },
	{ "priq_cons", { 0x80000001 }, "RD=1 OVACKFLG=1" },
	{ "priq_irq_cfg2", { 0x8000003f }, "MemAttr=f SH=3 LO=1" },
	{ "gerror_irq_cfg0", { 0x8090040 }, "ADDR=2024010" },
	{ "eventq_irq_cfg1", { 0x1234 }, "DATA=1234" },
	{ "gbpa", { 0x801e301f }, "MemAttr=f MTCFG=1 SHCFG=3 PRIVCFG=2 INSTCFG=3 ABORT=1 Update=1" },
	{ "idr6", { 0x08030000 }, "CMDQ_CONTROL_PAGE_LOG2NUMQ=3 CMDQ_CONTROL_PAGE_LOG2NUMP=8" },
	{ "iidr", { 0x4870043b }, "Implementer=43b ProductID=487" },
	{ "aidr", { 3 }, "ArchMinorRev=3" },
	{ "gatos_sid", { 0x0010000200000003 }, "STREAMID=3 SUBSTREAMID=2 SSID_VALID=1" },
	{ "gatos_addr", { 0x1fc0 }, "HTTUI=1 InD=1 RnW=1 PnU=1 TYPE=3 ADDR=1" },
	{ "gatos_par", { 0xff00000000001b00 }, "SH=3 Size=1 ADDR=1 ATTR=ff" },
	{ "gatos_par_fault", { 0x1105 }, "FAULT=1 REASON=2 FAULTCODE=10 FADDR=1" },
	{ "cmdq_control_page_base", { 0x50003 }, "PRESET=1 CMDQGS=1 ADDR=5" },
	{ "ecmdq_base", { 0x4000000000000028 }, "LOG2SIZE=8 ADDR=1 RA=1" },
	{ "ecmdq_prod", { 0x80800007 }, "WR=7 ERRACK=1 EN=1" },
	{ "ecmdq_cons", { 0x81800007 }, "RD=7 ERR=1 ERR_REASON=1 ENACK=1" },
	{ "pmcg_evtyper", { 0xf00f0002 },
	  "EVENT=2 FILTER_PARTID=1 FILTER_PMG=1 FILTER_MPAM_SP=3 FILTER_REALM_SID=1 FILTER_SID_SPAN=1 FILTER_SEC_SID=1 OVFCAP=1" },
	{ "pmcg_cfgr", { 0x03f01f07 }, "NCTR=7 SIZE=1f RELOC_CTRS=1 MSI=1 CAPTURE=1 SID_FILTER_TYPE=1 MPAM=1 FILTER_PARTID_PMG=1" },
	{ "cmdqv_param", { 0x670 }, "NUM_VCMDQ_LOG2=7 NUM_VINTF_LOG2=6" },
	{ "cmdqv_cmdq_alloc", { 0x1f80ff }, "ALLOCATED=1 LVCMDQ=7f VINTF=3f" },
	{ "vintf_config", { 0x2000b }, "EN=1 VMID=5 HYP_OWN=1" },
	{ "vcmdq_base", { 0xffffffffffe8 }, "LOG2SIZE=8 ADDR=7ffffffffff" },
	{ "vcmdq_cons", { 0x01000007 }, "RD=7 ERR=1" },
	/* by hand, neighbours apart: what one row sets the other leaves clear */
	{ "ste", { 0, 0x20a0500, 0x2890000000000000, 0x4000000000000009, 0x409900000000, 0xa00 },
	  "S2HWU59=1 S2HWU61=1 DCP=1 MEV=1 S2FWB=1 S2ENDI=1 S2HD=1 S2HAFT=1 S2POE=1 S2NSW=1 S2DS=1 S2SKL=2 S_S2T0SZ=19 S_S2SL0=2 S_S2TG=1 "
	  "AssuredOnly=1 TL1=1" },
	{ "ste", { 0, 0x90534ba00, 0x9120000000000000, 0x2000000000000002, 0, 0x400, 2, 0xfedcba9876543210 },
	  "S2HWU60=1 S2HWU62=1 DRE=1 CONT=5 PPAR=1 SW_RESERVED=3 S1PIE=1 S1MPAM=1 MemAttr=9 S2AFFD=1 S2HA=1 S2PIE=1 DPT_VMATCH=2 S2NSA=1 S2SKL=1 "
	  "TL0=1 S2SA=1 S2POI1=1 S2POI2=2 S2POI3=3 S2POI4=4 S2POI5=5 S2POI6=6 S2POI7=7 S2POI8=8 S2POI9=9 S2POI10=a S2POI11=b S2POI12=c S2POI13=d "
	  "S2POI14=e S2POI15=f" },
	{ "cd", { 0xa809008080, 0x5000000000000001, 0x2800000000000004, 0, 0, 0, 07654321076543210 },
	  "TG0=2 ENDI=1 IR1=1 OR1=2 AFFD=1 UWXN=1 TBI1=1 NSCFG0=1 HWU059=1 HWU061=1 E0PD1=1 PIE=1 HWU160=1 PIIU1=1 PIIU2=2 PIIU3=3 PIIU4=4 "
	  "PIIU5=5 PIIU6=6 PIIU7=7 PIIU9=1 PIIU10=2 PIIU11=3 PIIU12=4 PIIU13=5 PIIU14=6 PIIU15=7" },
	{ "cd", { 0x5020004000, 0xa000000000000000, 0x4000000000000008, 0, 0, 0, 0, 0123456701234567 },
	  "EPD0=1 SH1=2 WXN=1 TBI0=1 HWU060=1 HWU062=1 AIE=1 HWU161=1 PIIP0=7 PIIP1=6 PIIP2=5 PIIP3=4 PIIP4=3 PIIP5=2 PIIP6=1 PIIP8=7 PIIP9=6 "
	  "PIIP10=5 PIIP11=4 PIIP12=3 PIIP13=2 PIIP14=1" },
	{ "idr0", { 0x8aa520 }, "BTM=1 DORMHINT=1 ATS=1 MSI=1 ATOS=1 VMW=1 CD2L=1 ATSRECERR=1" },
	{ "idr0", { 0x40114a80 }, "HTTU=2 Hyp=1 NS1ATS=1 SEV=1 PRI=1 VATOS=1 RME_IMPL=1" },
	{ "idr1", { 0xa8004d00 }, "SSIDSIZE=14 PRIQS=9 ATTR_TYPES_OVR=1 QUEUES_PRESET=1 ECMDQ=1" },
	{ "idr1", { 0x54000000 }, "ATTR_PERMS_OVR=1 REL=1 TABLES_PRESET=1" },
	{ "idr2", { 0x3ff }, "BA_VATOS=3ff" },
	{ "idr3", { 0xaaa288 }, "PBHA=1 MPAM=1 STT=1 E0PD=1 DPT=1 EPAN=1 S2PI=1 THE=1 AIE=1" },
	{ "idr3", { 0x554120 }, "PPS=1 FWB=1 PTWNNC=1 PASIDTT=1 S1PI=1 S2PO=1 MTEPERM=1" },
	{ "idr5", { 0x400480 }, "DS=1 VAX=1 STALL_MAX=40" },
	{ "idr5", { 0x100 }, "D128=1" },
	{ "iidr", { 0x12000 }, "Revision=2 Variant=1" },
	{ "cr0", { 0x102 }, "PRIQEN=1 VMW=4" },
	{ "cr0", { 0x410 }, "ATSCHK=1 DPT_WALK_EN=1" },
	{ "cr2", { 8 }, "REC_CFG_ATS=1" },
	{ "cr2", { 1 }, "E2H=1" },
	{ "statusr", { 1 }, "DORMANT=1" },
	{ "gbpa", { 0x900 }, "ALLOCCFG=9" },
	{ "irq_ctrl", { 2 }, "PRIQ_IRQEN=1" },
	{ "gerror", { 0x555 }, "CMDQ_ERR=1 EVENTQ_ABT_ERR=1 MSI_CMDQ_ABT_ERR=1 MSI_PRIQ_ABT_ERR=1 SFM_ERR=1 DPT_ERR=1" },
	{ "gerror", { 0x88 }, "PRIQ_ABT_ERR=1 MSI_GERROR_ABT_ERR=1" },
	{ "gerror", { 0x28 }, "PRIQ_ABT_ERR=1 MSI_EVENTQ_ABT_ERR=1" },
	{ "eventq_cons", { 0x80000001 }, "RD=1 OVACKFLG=1" },
	{ "gatos_ctrl", { 1 }, "RUN=1" },
	{ "pmcg_evtyper", { 0xa0060000 }, "FILTER_PMG=1 FILTER_MPAM_SP=1 FILTER_SID_SPAN=1 OVFCAP=1" },
	{ "pmcg_cfgr", { 0x1500000 }, "RELOC_CTRS=1 CAPTURE=1 MPAM=1" },
	{ "vintf_status", { 7 }, "ENABLED=1 STATUS=3" },
	{ "s1_block", { 0x08ba00000021f021 }, "TYPE=1 NS=1 OA_51_48=f nT=1 ADDR=1 OA_49_48=2 DBM=1 Contiguous=1 PXN=1 SW=1 PBHA=1" },
	{ "s2_leaf", { 0x2109000000000003 }, "TYPE=3 OA_49_48=1 DBM=1 SW=2 PBHA=4" },
	{ "s2_leaf", { 0x0030000000000003 }, "TYPE=3 Contiguous=1 XN=1" },
	{ "s1_table", { 0x5000000000001303 }, "TYPE=3 OA_51_50=3 ADDR=1 UXNTable=1 APTable=2" },
	{ "cmd_cfgi_cd", { 0x800abc405 }, "opcode=5 SSec=1 SubstreamID=abc StreamID=8" },
	{ "ev_f_uut", { 0x80abcd801, 0xa00000007, 0x1234 },
	  "EventNumber=1 SSV=1 SubstreamID=abcd StreamID=8 Reason=7 PnU=1 RnW=1 InputAddr=1234" },
	{ "ev_f_translation", { 0x80abcd810, 0x1c480000042, 0, 0x5000 },
	  "EventNumber=10 SSV=1 SubstreamID=abcd StreamID=8 STAG=42 Stall=1 InD=1 NSIPA=1 S2=1 CLASS=1 IPA=5" },
	{ "ev_f_bad_ats_treq", { 0x800000005, 0x90000000 }, "EventNumber=5 StreamID=8 Priv=1 R=1" },
	{ "ev_f_bad_ats_treq", { 0x800000005, 0x20000000 }, "EventNumber=5 StreamID=8 X=1" },
	{ "ev_e_page_request", { 0x800000024, 0xaa00000000 }, "EventNumber=24 StreamID=8 uX=1 uR=1 pX=1 pR=1" },
	{ "pri", { 0xa800000000000300 }, "StreamID=300 X=1 W=1 SSV=1" },
};

/* Every bit that has a name, written down from the text. */
static const struct named named[] = {
	{ "idr0", { 0x5fffffff } }, { "idr1", { 0xffffffff } }, { "idr2", { 0x3ff } }, { "idr4", { 0xffffffff } },
	{ "idr5", { 0xffff0df7 } }, { "idr6", { 0x0f0f0000 } }, { "iidr", { 0xffffffff } }, { "aidr", { 0xff } },
	{ "cr0", { 0x5df } }, { "cr1", { 0xfff } }, { "cr2", { 0xf } }, { "statusr", { 1 } }, { "gbpa", { 0x801f3f1f } },
	{ "agbpa", { 0xffffffff } }, { "irq_ctrl", { 7 } }, { "gerror", { 0x7fd } }, { "strtab_base", { 0x40ffffffffffffc0 } },
	{ "strtab_base_cfg", { 0x307ff } }, { "cmdq_base", { 0x40ffffffffffffff } }, { "eventq_base", { 0x40ffffffffffffff } },
	{ "cmdq_prod", { 0xfffff } }, { "cmdq_cons", { 0x7f0fffff } }, { "eventq_prod", { 0x800fffff } },
	{ "priq_cons", { 0x800fffff } }, { "gerror_irq_cfg0", { 0x00fffffffffffffc } }, { "gerror_irq_cfg1", { 0xffffffff } },
	{ "gerror_irq_cfg2", { 0x3f } }, { "priq_irq_cfg2", { 0x8000003f } }, { "gatos_ctrl", { 1 } },
	{ "gatos_sid", { 0x001fffffffffffff } }, { "gatos_addr", { 0xffffffffffffffc0 } }, { "gatos_par", { 0xfffffffffffffb01 } },
	{ "gatos_par_fault", { 0x00fffffffffffff7 } }, { "cmdq_control_page_base", { 0x00ffffffffff0007 } },
	{ "cmdq_control_page_cfg", { 1 } }, { "cmdq_control_page_status", { 1 } }, { "ecmdq_base", { 0x40ffffffffffffff } },
	{ "ecmdq_prod", { 0x808fffff } }, { "ecmdq_cons", { 0x878fffff } }, { "pmcg_evcntr", { ~UINT64_C(0) } },
	{ "pmcg_evtyper", { 0xf00fffff } }, { "pmcg_smr", { 0xffffffff } }, { "pmcg_cfgr", { 0x03f03f3f } }, { "pmcg_cr", { 1 } },
	{ "pmcg_capr", { 1 } }, { "pmcg_cntenset0", { ~UINT64_C(0) } }, { "pmcg_ceid0", { ~UINT64_C(0) } },
	{ "cmdqv_config", { 1 } }, { "cmdqv_param", { 0xff0 } }, { "cmdqv_status", { 1 } },
	{ "cmdqv_cmdq_err_map", { 0xffffffff } }, { "cmdqv_cmdq_alloc", { 0x1f80ff } }, { "vintf_config", { 0x3ffff } },
	{ "vintf_status", { 0xf } }, { "vcmdq_cons", { 0x7f0fffff } }, { "vcmdq_prod", { 0xfffff } }, { "vcmdq_config", { 1 } },
	{ "vcmdq_gerror", { 1 } }, { "vcmdq_base", { 0xffffffffffff } }, { "vcmdq_cons_indx_base", { ~UINT64_C(0) } },
	{ "s1_table", { 0xfffbffffffffffff } }, { "s2_table", { 0x07fbffffffffffff } }, { "s2_leaf", { ~UINT64_C(0) } },
	{ "s2_block", { 0xffffffffffe1ffff } }, { "cmd_prefetch_config", { 0xfffffffffffffcff } },
	{ "cmd_prefetch_addr", { 0xfffffffffffffcff, 0xfffffffffffff3ff } }, { "cmd_cfgi_ste", { 0xffffffff000004ff, 1 } },
	{ "cmd_cfgi_ste_range", { 0xffffffff000004ff, 0x1f } }, { "cmd_cfgi_cd", { 0xfffffffffffff4ff, 1 } },
	{ "cmd_cfgi_cd_all", { 0xffffffff000004ff } }, { "cmd_cfgi_vms_pidm", { 0xffff000004ff } },
	{ "cmd_tlbi_nh_all", { 0xffff000000ff } }, { "cmd_tlbi_nh_asid", { 0xffffffff000000ff } },
	{ "cmd_tlbi_nh_vaa", { 0xffff03f1f0ff, 0xffffffffffffff81 } }, { "cmd_tlbi_el2_all", { 0xff } },
	{ "cmd_tlbi_el2_asid", { 0xffff0000000000ff } }, { "cmd_tlbi_el2_va", { 0xffff000003f1f0ff, 0xffffffffffffff81 } },
	{ "cmd_tlbi_el2_vaa", { 0x3f1f0ff, 0xffffffffffffff81 } }, { "cmd_tlbi_s12_vmall", { 0xffff000000ff } },
	{ "cmd_tlbi_s2_ipa", { 0xffff03f1f0ff, 0x00ffffffffffff81 } }, { "cmd_tlbi_nsnh_all", { 0xff } },
	{ "cmd_pri_resp", { 0xfffffffffffff8ff, 0x31ff } }, { "cmd_resume", { 0xffffffff000034ff, 0xffff } },
	{ "cmd_stall_term", { 0xffffffff000004ff } }, { "cmd_dpti_all", { 0xff } }, { "cmd_dpti_pa", { 0xff, 0xffffffffffffff01 } },
	{ "ev_f_uut", { 0xfffffffffffff8ff, 0xe0000ffff, ~UINT64_C(0) } }, { "ev_c_bad_streamid", { 0xfffffffffffff8ff } },
	{ "ev_f_ste_fetch", { 0xfffffffffffff8ff, 0x1ffff, 0, 0x00fffffffffffff8 } },
	{ "ev_f_bad_ats_treq", { 0xfffffffffffff8ff, 0xf000000f, 0xfffffffffffff000 } },
	{ "ev_f_stream_disabled", { 0xffffffff000000ff } },
	{ "ev_f_transl_forbidden", { 0xffffffff000000ff, 0x800000000, ~UINT64_C(0) } },
	{ "ev_c_bad_substreamid", { 0xfffffffffffff0ff } },
	{ "ev_f_walk_eabt", { 0xfffffffffffff8ff, 0x38e0001ffff, ~UINT64_C(0), 0x00fffffffffffff8 } },
	{ "ev_f_permission", { 0xfffffffffffff8ff, 0x13ce8000ffff, ~UINT64_C(0), 0x00fffffffffff000 } },
	{ "ev_f_tlb_conflict", { 0xfffffffffffff8ff, 0x38e0000ffff, ~UINT64_C(0), 0x00fffffffffff000 } },
	{ "ev_f_cfg_conflict", { 0xfffffffffffff8ff, 0xffff } },
	{ "ev_e_page_request", { 0xfffffffffffff8ff, 0x000ff0ee00000000, 0xfffffffffffff000 } },
};

START_TEST(named_bits)
{
	check_named(smmuv3_field_sets, &named[_i]);
}
END_TEST

/* The same name has the same place: commands, records, and registers that are each other's copies. */
static const struct alike alike[] = {
	{ "cmd_tlbi_nh_va", "cmd_tlbi_nh_all", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_nh_asid", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_nh_vaa", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_el3_va", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_el2_asid", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_el2_va", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_el2_vaa", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_s12_vmall", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_s2_ipa", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_s_el2_va", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_s_el2_vaa", NULL },	    { "cmd_tlbi_s2_ipa", "cmd_tlbi_s_s2_ipa", NULL },
	{ "cmd_tlbi_nh_va", "cmd_tlbi_s_el2_asid", NULL },	    { "cmd_tlbi_nh_va", "cmd_tlbi_s_s12_vmall", NULL },
	{ "cmd_cfgi_cd", "cmd_prefetch_config", NULL },	    { "cmd_cfgi_cd", "cmd_prefetch_addr", NULL },
	{ "cmd_cfgi_cd", "cmd_cfgi_ste", NULL },		    { "cmd_cfgi_cd", "cmd_cfgi_ste_range", NULL },
	{ "cmd_cfgi_cd", "cmd_cfgi_cd_all", NULL },	    { "cmd_cfgi_cd", "cmd_resume", NULL },
	{ "cmd_cfgi_cd", "cmd_stall_term", NULL },	    { "cmd_cfgi_cd", "cmd_cfgi_vms_pidm", NULL },
	{ "ev_f_translation", "ev_f_addr_size", NULL },	    { "ev_f_translation", "ev_f_access", NULL },
	{ "ev_f_translation", "ev_f_permission", NULL },	    { "ev_f_translation", "ev_f_tlb_conflict", NULL },
	{ "ev_f_translation", "ev_f_walk_eabt", NULL },	    { "ev_f_translation", "ev_f_uut", NULL },
	{ "ev_f_translation", "ev_f_transl_forbidden", NULL },   { "ev_f_translation", "ev_f_bad_ats_treq", "InputAddr" },
	{ "ev_f_translation", "ev_e_page_request", "InputAddr" }, { "ev_f_translation", "ev_c_bad_streamid", NULL },
	{ "ev_f_translation", "ev_c_bad_ste", NULL },	    { "ev_f_translation", "ev_c_bad_cd", NULL },
	{ "ev_f_ste_fetch", "ev_f_cd_fetch", NULL },	    { "ev_f_ste_fetch", "ev_f_vms_fetch", NULL },
	{ "ev_f_ste_fetch", "ev_f_walk_eabt", NULL },	    { "ev_f_ste_fetch", "ev_f_cfg_conflict", NULL },
	{ "s1_block", "s1_leaf", "ADDR" },		    { "s2_block", "s2_leaf", "ADDR" },
	{ "s1_table", "s2_table", NULL },		    { "cr0", "cr0ack", NULL },
	{ "irq_ctrl", "irq_ctrlack", NULL },		    { "gerror", "gerrorn", NULL },
	{ "eventq_base", "priq_base", NULL },		    { "eventq_prod", "priq_prod", NULL },
	{ "eventq_cons", "priq_cons", NULL },		    { "gerror_irq_cfg0", "priq_irq_cfg0", NULL },
	{ "gerror_irq_cfg0", "eventq_irq_cfg0", NULL },	    { "eventq_irq_cfg1", "priq_irq_cfg1", NULL },
	{ "priq_irq_cfg2", "eventq_irq_cfg2", NULL },	    { "priq_irq_cfg2", "gerror_irq_cfg2", NULL },
};

START_TEST(same_name_same_place)
{
	check_alike(smmuv3_field_sets, &alike[_i]);
}
END_TEST

START_TEST(against_hand_encoding)
{
	check_hand(smmuv3_field_sets, &hand[_i]);
}
END_TEST

START_TEST(accessors_are_the_rows)
{
	uint64_t w[smmuv3_ste_words] = { 0 }, c[smmuv3_cmd_tlbi_nh_asid_words] = { 0 };

	smmuv3_put_ste_V(w, 1);
	smmuv3_put_ste_Config(w, 5);
	smmuv3_put_ste_EATS(w, 1);
	ck_assert_uint_eq(w[0], 0xb);
	ck_assert_uint_eq(w[1], BIT64(28));
	ck_assert_uint_eq(smmuv3_get_ste_Config(w), 5);
	smmuv3_put_cmd_tlbi_nh_asid_opcode(c, 0x11);
	smmuv3_put_cmd_tlbi_nh_asid_VMID(c, 5);
	smmuv3_put_cmd_tlbi_nh_asid_ASID(c, 9);
	ck_assert_uint_eq(c[0], 0x0009000500000011);
}
END_TEST

/* Every opcode of the Non-secure queue, and the gaps between them. */
START_TEST(commands_by_opcode)
{
	static const uint8_t defined[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x18, 0x1a, 0x20, 0x21, 0x22, 0x23,
		0x28, 0x2a, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5a, 0x60, 0x70, 0x73,
	};

	for (unsigned op = 0; op < 256; op++) {
		bool want = memchr(defined, (int)op, sizeof(defined)) != NULL;

		ck_assert_msg((smmuv3_cmd_set(0xff00 | op) != NULL) == want, "opcode 0x%x", op);
	}
	ck_assert_ptr_eq(smmuv3_cmd_set(0x12), &smmuv3_fs_cmd_tlbi_nh_va);
	ck_assert_ptr_eq(smmuv3_cmd_set(0xfc02046), &smmuv3_fs_cmd_sync);
	ck_assert_str_eq(smmuv3_cmd_set(0x2a)->title, "CMD_TLBI_S2_IPA");
}
END_TEST

START_TEST(every_event_has_a_layout_and_a_name)
{
	for (unsigned no = 0; no < 256; no++) {
		const struct fld_set *s = smmuv3_event_set(0xff00 | no);

		ck_assert_msg(!s == !smmuv3_event_name(no), "event 0x%x", no);
		ck_assert_msg(!s == !smmuv3_event_text(no), "event 0x%x", no);
		if (s) {
			ck_assert_str_eq(s->title, smmuv3_event_name(no));
			ck_assert_uint_eq(s->words, 4);
		}
	}
	ck_assert_str_eq(smmuv3_event_name(0x10), "F_TRANSLATION");
	ck_assert_ptr_eq(smmuv3_event_set(0x25), &smmuv3_fs_ev_f_vms_fetch);
	ck_assert_ptr_null(smmuv3_event_name(0x14));
}
END_TEST

/* What remains reserved, written down from the text. */
START_TEST(reserved_masks)
{
	static const struct {
		const struct fld_set *s;
		uint64_t w[8];
	} row[] = {
		{ &smmuv3_fs_l1std, { 0xff00000000000020 } },
		{ &smmuv3_fs_l1cd, { 0xff00000000000ffe } },
		{ &smmuv3_fs_ste,
		  { 0x0700000000000000, 0x00000e0000000000, 0, 0x9ff0000000000000, 0x00003f0000000000, 0xff00000000000000, 0x9ff0000000000008, 0 } },
		{ &smmuv3_fs_cd,
		  { 0, 0x03f0000000000000, 0x03f0000000000000, 0, 0, 0xff00000000000000, 0xffff000000000000, 0xffff000000000000 } },
		{ &smmuv3_fs_pri, { 0x03f0000000000000, 0xe00 } },
		{ &smmuv3_fs_s1_leaf, { 0 } },
		{ &smmuv3_fs_s1_block, { 0x1e0000 } },
		{ &smmuv3_fs_cmd_sync, { 0xf03fcf00, 0xff00000000000003 } },
		{ &smmuv3_fs_cmd_tlbi_nh_va, { 0xfc0e0f00, 0x7e } },
		{ &smmuv3_fs_cmd_atc_inv, { 0x500, 0xfc0 } },
		{ &smmuv3_fs_ev_f_translation, { 0x700, 0xfffffc317fff0000, 0, 0xff00000000000fff } },
		{ &smmuv3_fs_idr3, { 0xffffffffff000043 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		for (unsigned k = 0; k < row[i].s->words; k++)
			ck_assert_msg(fld_reserved(row[i].s, k) == row[i].w[k], "%s word %u: %lx", row[i].s->name, k,
				      (unsigned long)fld_reserved(row[i].s, k));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_fields");
	TCase *t = tcase_create("smmuv3_fields");
	SRunner *r;
	int bad;

	tcase_add_loop_test(t, against_hand_encoding, 0, ARRAY_LEN(hand));
	tcase_add_loop_test(t, named_bits, 0, ARRAY_LEN(named));
	tcase_add_loop_test(t, same_name_same_place, 0, ARRAY_LEN(alike));
	tcase_add_test(t, accessors_are_the_rows);
	tcase_add_test(t, commands_by_opcode);
	tcase_add_test(t, every_event_has_a_layout_and_a_name);
	tcase_add_test(t, reserved_masks);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
