# Every package this project uses, with the lowest version it is built against: Debian 12's.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
set(Protobuf_USE_STATIC_LIBS ${INTERACTION_STATIC_RPC})
find_package(Protobuf 3.21 REQUIRED)
find_package(gRPC 1.51 CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
if(INTERACTION_STATIC_RPC)
  include(StaticRpcLibraries)
endif()
find_package(CURL 7.88.1 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: Beast's parser
find_package(simdjson 3.0 CONFIG REQUIRED)
find_package(pugixml 1.13 CONFIG REQUIRED)
find_package(yaml-cpp 0.7 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
find_package(ZLIB REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
if(INTERACTION_JEMALLOC)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc>=5.3)
endif()
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/writer.h REQUIRED)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(NLOHMANN_JSON_INCLUDE_DIR nlohmann/json.hpp REQUIRED)
if(INTERACTION_BUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()

# Protos that packages bring: google.rpc (golang-github-gogo-googleapis-dev) and the gRPC health and
# reflection services (grpc-proto). Nothing is vendored.
find_path(GOOGLEAPIS_PROTO_DIR google/rpc/error_details.proto
          PATHS /usr/share/gocode/src/github.com/gogo/googleapis REQUIRED
          DOC "Folder that holds google/rpc/*.proto")
find_path(GRPC_PROTO_DIR grpc/health/v1/health.proto PATHS /usr/share/grpc-proto REQUIRED
          DOC "Folder that holds grpc/health and grpc/reflection")
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
