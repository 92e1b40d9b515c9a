// Errors of this module that aren't the kernel's.
#pragma once

#include "reference/base/result.h"

namespace sallyport::sim::topology {

enum class TopologyError {
  host_not_there = 1,  // the subject makes it, and hasn't told of it yet
  already_there,       // it was adopted before
  not_the_subjects,    // asked to adopt a host that is made here
  unknown_host,        // a rule or network names a host that isn't one
  no_address,          // a rule is about a host that has no address
};

[[nodiscard]] const boost::system::error_category& topology_category();
[[nodiscard]] base::Error failure(TopologyError error);

}  // namespace sallyport::sim::topology
