# SPDX-License-Identifier: Apache-2.0
# cmake --install: the command, the library with its header, what pkg-config and find_package(iommusim) read, example configurations.
# cpack -G DEB: the same as a Debian package.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(IOMMUSIM_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/iommusim)
install(TARGETS iommusim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET iommusim_tlm)
  install(TARGETS iommusim_tlm EXPORT iommusim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(TARGETS iommusim_lib EXPORT iommusim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT iommusim NAMESPACE iommusim:: FILE iommusim-targets.cmake DESTINATION ${IOMMUSIM_CMAKE})
configure_package_config_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/iommusim-config.cmake.in ${CMAKE_BINARY_DIR}/iommusim-config.cmake
  INSTALL_DESTINATION ${IOMMUSIM_CMAKE})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/iommusim-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/iommusim-config.cmake ${CMAKE_BINARY_DIR}/iommusim-config-version.cmake DESTINATION ${IOMMUSIM_CMAKE})
install(DIRECTORY include/iommusim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/iommusim/configs FILES_MATCHING PATTERN "*.yaml")
file(RELATIVE_PATH IOMMUSIM_PC_UP /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p) # from the .pc file: it works wherever the tree was installed
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/cmake/iommusim.pc.in ${CMAKE_BINARY_DIR}/iommusim.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/iommusim.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME iommusim)
set(CPACK_PACKAGE_CONTACT "iommusim maintainers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "IOMMU hardware simulator (Intel VT-d, Arm SMMUv3, AMD-Vi)")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gnuplot-nox, sqlite3")
include(CPack)
