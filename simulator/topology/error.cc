#include "simulator/topology/error.h"

#include <string>

namespace sallyport::sim::topology {
namespace {

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "topology"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<TopologyError>(value)) {
      case TopologyError::host_not_there:
        return "the subject makes this host, and hasn't told of it yet";
      case TopologyError::already_there:
        return "the host is there already";
      case TopologyError::not_the_subjects:
        return "the host isn't made by the subject";
      case TopologyError::unknown_host:
        return "there is no such host";
      case TopologyError::no_address:
        return "the host has no address that a packet could have";
    }
    return "an unknown error";
  }
};

}  // namespace

const boost::system::error_category& topology_category() {
  static const Category category;
  return category;
}

base::Error failure(TopologyError error) { return {static_cast<int>(error), topology_category()}; }

}  // namespace sallyport::sim::topology
