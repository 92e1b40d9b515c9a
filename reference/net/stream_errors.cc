#include <string>

#include "reference/net/byte_stream.h"
#include "reference/net/ports.h"

// Boost's base class has no virtual destructor on purpose: categories are never deleted.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::net {
namespace {

class StreamCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.stream"; }
  std::string message(int value) const override {
    switch (static_cast<StreamErrc>(value)) {
      case StreamErrc::would_block:
        return "nothing can be moved now";
      case StreamErrc::end_of_stream:
        return "the peer ended the stream";
      case StreamErrc::truncated:
        return "the connection ended without close_notify";
      case StreamErrc::protocol:
        return "the TLS protocol was violated";
    }
    return "unknown stream error";
  }
};

class ResolveCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "sallyport.resolve"; }
  std::string message(int value) const override {
    switch (static_cast<ResolveErrc>(value)) {
      case ResolveErrc::not_found:
        return "the name has no address";
      case ResolveErrc::server_failed:
        return "the name server failed";
      case ResolveErrc::timed_out:
        return "no name server answered in time";
      case ResolveErrc::malformed:
        return "the name can't be asked for";
    }
    return "unknown resolve error";
  }
};

}  // namespace

const boost::system::error_category& stream_category() {
  static const StreamCategory category;
  return category;
}

base::Error make_error_code(StreamErrc errc) { return {static_cast<int>(errc), stream_category()}; }

const boost::system::error_category& resolve_category() {
  static const ResolveCategory category;
  return category;
}

base::Error make_error_code(ResolveErrc errc) {
  return {static_cast<int>(errc), resolve_category()};
}

}  // namespace sallyport::net
