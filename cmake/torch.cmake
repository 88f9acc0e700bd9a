# noneq_torch_of_prefix(): sets NONEQ_TORCH, where it is not set, to the folder of a `torch` of pip whose prefix for CMake, which
# torch.utils.cmake_prefix_path prints, is in CMAKE_PREFIX_PATH.
function(noneq_torch_of_prefix)
  foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
    get_filename_component(folder "${prefix}/../.." REALPATH)
    if(NOT NONEQ_TORCH AND EXISTS "${prefix}/Torch/TorchConfig.cmake" AND EXISTS "${folder}/include/ATen/ATen.h")
      set(NONEQ_TORCH "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# noneq_torch_of_pip(): the target `torch` from the libraries and headers of the folder NONEQ_TORCH, a `torch` of pip. That is
# built for CUDA, and its CMake package asks for a CUDA toolkit; nothing here needs more of it than torch_cpu, which runs
# without a driver.
function(noneq_torch_of_pip)
  if(TARGET torch)
    return()
  endif()
  if(NOT EXISTS "${NONEQ_TORCH}/lib/libtorch_cpu.so" OR NOT EXISTS "${NONEQ_TORCH}/include/ATen/ATen.h")
    message(FATAL_ERROR "NONEQ_TORCH is '${NONEQ_TORCH}', which has no lib/libtorch_cpu.so or no include/ATen; it must be the folder "
            "that this prints: python3 -c 'import torch; print(torch.__path__[0])'")
  endif()
  # Its folder of headers also holds those of oneDNN, fmt and protobuf, of other versions than the libraries linked here.
  set(headers ${CMAKE_BINARY_DIR}/torch_headers)
  file(MAKE_DIRECTORY ${headers})
  foreach(part ATen c10 torch)
    file(CREATE_LINK "${NONEQ_TORCH}/include/${part}" ${headers}/${part} SYMBOLIC)
  endforeach()
  foreach(library torch_cpu c10)
    add_library(noneq_torch_${library} SHARED IMPORTED)
    set_target_properties(noneq_torch_${library} PROPERTIES IMPORTED_LOCATION "${NONEQ_TORCH}/lib/lib${library}.so"
                          INTERFACE_INCLUDE_DIRECTORIES "${headers};${headers}/torch/csrc/api/include")
  endforeach()
  add_library(torch INTERFACE IMPORTED)
  target_link_libraries(torch INTERFACE noneq_torch_torch_cpu noneq_torch_c10)
endfunction()

# noneq_need_torch(version): ends the configuration, with the folder named, when the headers are of an earlier version.
function(noneq_need_torch version)
  if(NONEQ_TORCH)
    set(headers "${NONEQ_TORCH}/include")
  else()
    set(headers ${TORCH_INCLUDE_DIRS})
  endif()
  find_file(header NAMES torch/headeronly/version.h torch/version.h  # since 2.9, and before
            PATHS ${headers} PATH_SUFFIXES torch/csrc/api/include NO_DEFAULT_PATH NO_CACHE)
  set(found "of an unknown version")
  if(header)
    file(STRINGS "${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR) ")
    string(REGEX REPLACE "[^0-9]+([0-9]+)[^0-9]+([0-9]+)" "\\1.\\2" found "${lines}")
  endif()
  if(NOT found VERSION_GREATER_EQUAL version)
    message(FATAL_ERROR "got libtorch ${found} in ${headers}, need ${version} or later")
  endif()
endfunction()
