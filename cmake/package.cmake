# `cpack` in the build folder makes three packages for Debian: noneq, the program; noneq-mpi, with which it trains on several
# machines; and noneq-dev, for those who build plugins or programs that embed runs. dpkg-shlibdeps finds the packages of the
# libraries they are linked to.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the tests are no part of them
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The developers of noneq <noneq@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program mpi development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME noneq)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "${PROJECT_DESCRIPTION}
 A YAML pipeline connects loaders, models, trainers, samplers, metrics and writers; each is a plugin.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
# Programs and libraries that no file is linked to: the BLAS whose threads are safe, and what draws figures.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "libopenblas0-pthread, gnuplot-nox")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "graphviz")

set(CPACK_DEBIAN_MPI_PACKAGE_NAME noneq-mpi)
set(CPACK_COMPONENT_MPI_DESCRIPTION "training of noneq on several machines
 The library that the program opens when mpirun or srun starts it as several processes.")
set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "noneq (= ${PROJECT_VERSION}), openmpi-bin")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME noneq-dev)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "headers and CMake package of noneq
 For plugins outside of the source tree, and for programs that draw from trained runs in their own process.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "noneq (= ${PROJECT_VERSION}), g++, cmake, libtorch-dev, libboost-dev, doctest-dev")
include(CPack)
