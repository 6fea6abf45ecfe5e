# SPDX-License-Identifier: Apache-2.0
# cmake --install: the command, the library, the headers a user includes (include/iommusim/core/..., vtd/vtd.h, smmuv3/smmuv3.h, amdvi/amdvi.h,
# pcie/..., software/...) and a pkg-config file. Headers that are private to a folder stay here.
include(GNUInstallDirs)
install(TARGETS iommusim iommusim_core RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY sim/core sim/pcie sim/import DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/iommusim FILES_MATCHING PATTERN "*.h" PATTERN "*_int.h" EXCLUDE
  PATTERN "trc_scan.h" EXCLUDE)
foreach(h vtd/vtd.h smmuv3/smmuv3.h amdvi/amdvi.h software/platform.h software/drv.h software/gen.h software/thread.h check/oracle.h systemc/sysc_host.h)
  get_filename_component(d ${h} DIRECTORY)
  install(FILES sim/${h} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/iommusim/${d})
endforeach()
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/iommusim/configs FILES_MATCHING PATTERN "*.yaml")
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/iommusim.pc.in ${CMAKE_BINARY_DIR}/iommusim.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/iommusim.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
