# The three kinds of target in this tree: rooms of the framework, plugins, tests.

# The two exceptions are false alarms of g++ 12 on std::string's operator+ (its bug 105329).
set(NONEQ_WARNINGS -Wall -Wextra -Werror -Wno-restrict -Wno-stringop-overflow)
if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)  # and two of later ones, on std::vector and std::optional
  list(APPEND NONEQ_WARNINGS -Wno-free-nonheap-object -Wno-maybe-uninitialized)
endif()
if(NONEQ_SANITIZE STREQUAL address)
  # Without optimising, and with no more debug information than reports need, this builds in less than half the time;
  # most of the work of the tests is done by libtorch anyway.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -O0 -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(NONEQ_SANITIZE STREQUAL thread)
  list(APPEND NONEQ_WARNINGS -Wno-array-bounds)  # false alarms on std::string
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=thread)
elseif(NONEQ_SANITIZE STREQUAL fuzz)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "NONEQ_SANITIZE is fuzz with ${CMAKE_CXX_COMPILER_ID}; it needs clang, as in the preset 'fuzz'")
  endif()
  # libtorch has no type information that -fsanitize=function and vptr could compare.
  set(sanitizers address,undefined -fno-sanitize=vptr,function)
  add_compile_options(-fsanitize=fuzzer-no-link,${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)  # a vector's capacity hides an index beyond its end from AddressSanitizer
  add_link_options(-fsanitize=${sanitizers})
  set(NONEQ_WARNINGS -w)  # they are those of g++
  set(first <ATen/core/ivalue.h>)  # clang needs the whole type before libtorch's other headers use vectors of it
elseif(NONEQ_SANITIZE STREQUAL coverage)
  add_compile_options(--coverage -fprofile-update=atomic -O0 -g1)
  add_link_options(--coverage)
elseif(NONEQ_SANITIZE)
  message(FATAL_ERROR "NONEQ_SANITIZE is ${NONEQ_SANITIZE}; it must be OFF, address, thread, fuzz or coverage")
endif()
# Under clang a program brings the sanitizers' functions, and the libraries take them from it.
set(NONEQ_NO_UNDEFINED $<$<NOT:$<STREQUAL:${NONEQ_SANITIZE},fuzz>>:-Wl,--no-undefined>)

# One precompiled header for the whole tree: libtorch costs ten to twenty seconds a file without it.
add_library(noneq_pch SHARED ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(noneq_pch PUBLIC torch)
target_compile_options(noneq_pch PRIVATE ${NONEQ_WARNINGS})
target_precompile_headers(noneq_pch PRIVATE ${first} ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
set_target_properties(noneq_pch PROPERTIES DEFINE_SYMBOL "")

# Ten files of a target at a time: half of what one costs is to read what all of them include.
# CMAKE_UNITY_BUILD=OFF compiles each by itself, for a shorter loop while one is worked on.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "compile several files of a target as one")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 10)

# For what is compiled more often than it runs. From g++ 13 on, a file cannot use a header that was precompiled at another
# level, because flags of the processor depend on it.
set(NONEQ_LITTLE_OPTIMISED $<$<AND:$<CONFIG:Release>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-O1>)

# For targets in which g++ 14 sees bounds of std::string and std::vector<bool> passed that are not.
set(NONEQ_NO_BOUNDS $<$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>:-Wno-array-bounds>)

function(noneq_compile target)
  target_compile_options(${target} PRIVATE ${NONEQ_WARNINGS})
  target_precompile_headers(${target} REUSE_FROM noneq_pch)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
endfunction()

# noneq_room(name SEES room... USES library...): a shared library of framework/noneq/<name>.
# NO_TORCH: its files are compiled without libtorch's headers, which cost seconds each. CLOSED: its public headers need
# nothing of the rooms that it sees, so that who links it is given none of them.
# --no-undefined makes an arrow that points the wrong way a link error.
function(noneq_room name)
  cmake_parse_arguments(ROOM "NO_TORCH;CLOSED" "" "SEES;USES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS noneq/${name}/*.cpp)
  add_library(noneq_${name} SHARED ${sources})
  if(ROOM_NO_TORCH)
    target_compile_options(noneq_${name} PRIVATE ${NONEQ_WARNINGS})
  else()
    noneq_compile(noneq_${name})
  endif()
  set_target_properties(noneq_${name} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
                        EXPORT_NAME ${name} INSTALL_RPATH "$ORIGIN")
  target_include_directories(noneq_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/framework>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  list(TRANSFORM ROOM_SEES PREPEND noneq_)
  set(given PUBLIC)
  if(ROOM_CLOSED)
    set(given PRIVATE)
  endif()
  target_link_libraries(noneq_${name} ${given} ${ROOM_SEES} torch PRIVATE ${ROOM_USES})
  target_link_options(noneq_${name} PRIVATE ${NONEQ_NO_UNDEFINED})
  set_property(GLOBAL APPEND PROPERTY NONEQ_ROOMS noneq_${name})
endfunction()

# noneq_plugin_library(name folder source...): a library of the plugins in these files, <folder>/<name>.so.
function(noneq_plugin_library name folder)
  add_library(${name} MODULE ${ARGN})
  noneq_compile(${name})
  target_link_libraries(${name} PRIVATE noneq_plugin)
  target_compile_options(${name} PRIVATE -Wno-array-bounds)  # one more of those, where it compiles for size (105651)
  target_link_options(${name} PRIVATE ${NONEQ_NO_UNDEFINED})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY ${folder})
endfunction()

# noneq_plugins(roles USES library...): all of plugins/<roles>/, as plugins/<roles>.so beside the program.
function(noneq_plugins roles)
  cmake_parse_arguments(PLUGIN "" "" "USES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${roles}/*.cpp)
  noneq_plugin_library(${roles} ${PROJECT_BINARY_DIR}/plugins ${sources})
  target_link_libraries(${roles} PRIVATE ${PLUGIN_USES})
  set_target_properties(${roles} PROPERTIES INSTALL_RPATH "$ORIGIN/../..")
  set_property(GLOBAL APPEND PROPERTY NONEQ_PLUGINS ${roles})
endfunction()

# noneq_remove_old_libraries(folder name...): removes libraries that no target makes any more. The program would still find
# them, and they might hide or repeat what another library holds.
function(noneq_remove_old_libraries folder)
  list(TRANSFORM ARGN APPEND .so OUTPUT_VARIABLE made)
  file(GLOB libraries RELATIVE ${folder} ${folder}/*.so)
  foreach(library IN LISTS libraries)
    if(NOT library IN_LIST made)
      file(REMOVE ${folder}/${library})
    endif()
  endforeach()
endfunction()

# noneq_share(place base file...): copies files to share/noneq/<place> beside the program, under their names from `base` on, and
# installs them there.
function(noneq_share place base)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH name ${base} ${file})
    set(copy ${PROJECT_BINARY_DIR}/share/noneq/${place}/${name})
    add_custom_command(OUTPUT ${copy} COMMAND ${CMAKE_COMMAND} -E copy ${file} ${copy} DEPENDS ${file} VERBATIM)
    set_property(GLOBAL APPEND PROPERTY NONEQ_SHARED_COPIES ${copy})
    get_filename_component(folder share/noneq/${place}/${name} DIRECTORY)
    install(FILES ${file} DESTINATION ${folder})  # where the program looks for them, whatever the prefix
  endforeach()
endfunction()

# noneq_remove_old_shared(): removes copies of files that are shared no more.
function(noneq_remove_old_shared)
  get_property(shared GLOBAL PROPERTY NONEQ_SHARED_COPIES)
  file(GLOB_RECURSE there ${PROJECT_BINARY_DIR}/share/noneq/*)
  foreach(copy IN LISTS there)
    if(NOT copy IN_LIST shared)
      file(REMOVE ${copy})
    endif()
  endforeach()
endfunction()

# Every test runs with these; the sanitizers' options have no effect without them. A report of any sanitizer fails a
# test. AddressSanitizer's quarantine of freed memory is small, because some tests limit their memory.
set(NONEQ_TEST_ENVIRONMENT OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp)

# noneq_test_file(room name [variant VARIABLE=value...]): tests/<room>/<name>_test.cpp as a test of ctest,
# <room>/<name>. A variant is the file once more, as <room>/<name>_<variant>, with variables in its environment.
function(noneq_test_file room name)
  set(environment NONEQ=${PROJECT_BINARY_DIR}/noneq NONEQ_BUILD=${PROJECT_BINARY_DIR} ${NONEQ_TEST_ENVIRONMENT})
  set(test ${room}/${name})
  if(ARGN)
    list(POP_FRONT ARGN variant)
    string(APPEND test _${variant})
    list(APPEND environment ${ARGN})
  endif()
  add_test(NAME ${test} COMMAND test_${room} -sf=*/${room}/${name}_test.cpp WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # A file whose tests doctest does not find must not pass for one whose tests all pass.
  set_tests_properties(${test} PROPERTIES FAIL_REGULAR_EXPRESSION "test cases: +0 " ENVIRONMENT "${environment}")
endfunction()

# noneq_test(room USES target... NEEDS target...): every tests/<room>/*_test.cpp in one doctest program, which links what it
# uses, and loads or starts what it needs. Each file is a test of ctest.
function(noneq_test room)
  cmake_parse_arguments(TEST "" "" "USES;NEEDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${room}/*_test.cpp)
  add_library(test_${room}_objects OBJECT ${sources})  # -fPIC, as the precompiled header was made
  noneq_compile(test_${room}_objects)
  target_compile_options(test_${room}_objects PRIVATE ${NONEQ_LITTLE_OPTIMISED} ${NONEQ_NO_BOUNDS})
  target_include_directories(test_${room}_objects PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${room}_objects PUBLIC ${TEST_USES})
  add_executable(test_${room})
  target_link_libraries(test_${room} PRIVATE test_main test_${room}_objects ${TEST_USES})
  if(NONEQ_SANITIZE STREQUAL thread)
    set_target_properties(test_${room} PROPERTIES ENABLE_EXPORTS ON)  # tsan_onetbb.cpp's stand before libtbb's
  endif()
  if(TEST_NEEDS)
    add_dependencies(test_${room} ${TEST_NEEDS})
  endif()
  set_target_properties(test_${room} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    noneq_test_file(${room} ${name})
  endforeach()
endfunction()
