# Compiler, warnings, sanitizers, cache. What holds for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

option(SALLYPORT_TESTS "Build the unit tests" ON)
option(SALLYPORT_BENCHES "Build the micro-benchmarks" OFF)
option(SALLYPORT_FUZZ "Build the libFuzzer programs; needs clang" OFF)
set(SALLYPORT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them; empty for none")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual)
# GCC 12 decides; clang, which the fuzzers are built with, only says what it thinks.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(sallyport_gcc ON)
  add_compile_options(-Werror)
endif()
add_compile_definitions(
  BOOST_ASIO_SEPARATE_COMPILATION  # Asio's own code is compiled once, in reference/net
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE
  FMT_ENFORCE_COMPILE_STRING=0)

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-g1 -fno-omit-frame-pointer)
  if(sallyport_gcc)
    # GCC 12 reports values as perhaps uninitialised that a sanitizer's own checks introduce.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
else()
  add_compile_options(-g0)
  if(sallyport_gcc)
    # False alarms of GCC 12 at -O2 inside libstdc++ and coroutine frames.
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-dangling-pointer)
  endif()
endif()

if(SALLYPORT_SANITIZE)
  add_compile_options("-fsanitize=${SALLYPORT_SANITIZE}" -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # What that check puts before functions clang 14 can't assemble for coroutines.
    add_compile_options(-fno-sanitize=function)
  endif()
  # A sanitizer's own runtime from the archive: it must come before every shared object. With clang
  # it comes from there anyway.
  if(SALLYPORT_SANITIZE MATCHES "address" AND sallyport_gcc)
    set(sanitizer_runtime -static-libasan)
  elseif(SALLYPORT_SANITIZE MATCHES "thread" AND sallyport_gcc)
    set(sanitizer_runtime -static-libtsan)
    # It doesn't follow fences; Asio's stand beside locks that it does follow.
    add_compile_options(-Wno-tsan)
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  add_link_options("-fsanitize=${SALLYPORT_SANITIZE}" ${sanitizer_runtime})
  add_compile_definitions(SALLYPORT_SANITIZED=1)
else()
  add_link_options(-static-libstdc++ -static-libgcc)
endif()

if(SALLYPORT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SALLYPORT_FUZZ needs clang: cmake --preset clang")
  endif()
  add_compile_options(-O1 -fsanitize=fuzzer-no-link)
endif()

find_program(SALLYPORT_CCACHE ccache)
if(SALLYPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${SALLYPORT_CCACHE}")
endif()
