# Everything comes from Debian; packages.txt says why each is needed.
include(cmake/torch.cmake)
find_package(TBB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C HL)
target_compile_definitions(hdf5::hdf5 INTERFACE H5_USE_110_API)  # later versions give these names to other functions
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_library(CSV_LIBRARY csv REQUIRED)
find_library(DEFLATE_LIBRARY deflate REQUIRED)
find_library(LZF_LIBRARY lzf REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)  # its own CMake package asks for OpenCL, which nothing here uses
find_package(hwy CONFIG REQUIRED)
find_package(Boost REQUIRED COMPONENTS filesystem)
find_package(Protobuf REQUIRED)
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)
find_library(CMARK_LIBRARY cmark-gfm REQUIRED)
find_library(CMARK_EXTENSIONS_LIBRARY cmark-gfm-extensions REQUIRED)
find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js REQUIRED)
find_program(CCACHE ccache)
if(CCACHE)
  # With a precompiled header, ccache finds its way only by dependency files and with these checks relaxed.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
