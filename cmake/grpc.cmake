# Protobuf and gRPC as static archives: a daemon that loads grpc++ and its fifty libraries at its
# start pays 3 to 8 ms for it (docs/adr/0010-grpc-is-linked-statically.md).
pkg_check_modules(GRPCPP REQUIRED grpc++)
pkg_check_modules(PROTOBUF REQUIRED protobuf)
find_program(SALLYPORT_PROTOC protoc REQUIRED)
find_program(SALLYPORT_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

function(sallyport_archives result)
  set(found "")
  foreach(name IN LISTS ARGN)
    if(name MATCHES "^(grpc|grpc\\+\\+|gpr|upb|address_sorting|protobuf|absl_.*|ssl|crypto|z|cares|re2)$")
      find_library(SALLYPORT_ARCHIVE_${name} "lib${name}.a" REQUIRED)
      list(APPEND found "${SALLYPORT_ARCHIVE_${name}}")
    else()
      list(APPEND found "${name}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

sallyport_archives(protobuf_archives ${PROTOBUF_STATIC_LIBRARIES})
add_library(sallyport_protobuf INTERFACE)
target_link_libraries(sallyport_protobuf INTERFACE ${protobuf_archives} Threads::Threads)

sallyport_archives(grpc_archives ${GRPCPP_STATIC_LIBRARIES})
add_library(sallyport_grpc INTERFACE)
target_link_libraries(sallyport_grpc INTERFACE
  -Wl,--start-group ${grpc_archives} -Wl,--end-group sallyport_protobuf)
