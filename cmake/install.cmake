# SPDX-License-Identifier: Apache-2.0
# cmake --install: the command, the library, its headers (include/iommusim/core/..., pcie/..., vtd/..., software/...) and a pkg-config file.
include(GNUInstallDirs)
install(TARGETS iommusim iommusim_core RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY sim/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/iommusim FILES_MATCHING PATTERN "*.h"
  PATTERN "*_int.h" EXCLUDE PATTERN "vtd_walk.h" EXCLUDE)
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/iommusim/configs FILES_MATCHING PATTERN "*.yaml")
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/iommusim.pc.in ${CMAKE_BINARY_DIR}/iommusim.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/iommusim.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
