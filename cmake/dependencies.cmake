# All are Debian 12 packages; ci/packages.txt lists them.
#
# What Debian has as an archive is linked as one: a daemon that loads a dozen shared objects at its
# start pays 3 to 4 ms for it (docs/adr/0010-grpc-is-linked-statically.md).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL 3 REQUIRED)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(ZLIB REQUIRED)

# sallyport_package(TARGET MODULE ARCHIVES...): an interface target for a package's headers, its
# archives, and what its pkg-config file (MODULE) says of versions.
function(sallyport_package target module)
  pkg_check_modules(${target} REQUIRED ${module})
  set(found "")
  foreach(name IN LISTS ARGN)
    find_library(SALLYPORT_ARCHIVE_${name} "lib${name}.a" REQUIRED)
    list(APPEND found "${SALLYPORT_ARCHIVE_${name}}")
  endforeach()
  add_library(sallyport_${target} INTERFACE)
  target_include_directories(sallyport_${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIRS})
  target_link_libraries(sallyport_${target} INTERFACE ${found} Threads::Threads)
endfunction()

sallyport_package(yaml_cpp yaml-cpp yaml-cpp)
sallyport_package(cares libcares cares)
sallyport_package(nl_route libnl-route-3.0 nl-route-3 nl-3)
sallyport_package(cap_ng libcap-ng cap-ng)
sallyport_package(re2 re2 re2)
sallyport_package(brotli "libbrotlienc;libbrotlidec" brotlienc brotlidec brotlicommon)
sallyport_package(zstd libzstd zstd)
sallyport_package(sqlite sqlite3 sqlite3)
target_link_libraries(sallyport_sqlite INTERFACE m ${CMAKE_DL_LIBS})
# There is no archive of this one.
pkg_check_modules(NFTABLES REQUIRED IMPORTED_TARGET libnftables)

# Debian has fmt as a shared object and as headers. What is shipped has its code from one unit of
# ours; the sanitizers' builds, whose start costs more anyway, take the shared object.
find_package(fmt REQUIRED)
if(SALLYPORT_SANITIZE)
  add_library(sallyport_fmt INTERFACE)
  target_link_libraries(sallyport_fmt INTERFACE fmt::fmt)
else()
  add_library(sallyport_fmt STATIC "${CMAKE_SOURCE_DIR}/cmake/fmt.cc")
endif()

if(SALLYPORT_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SALLYPORT_BENCHES)
  find_package(benchmark REQUIRED)
endif()
