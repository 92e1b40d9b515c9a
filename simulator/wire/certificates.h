// The world's certificate authority and the leaves of its providers, with any defect that a
// scenario wants. Made anew for each world (P-256: well under a millisecond), never written to a
// disk by this module. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/base/clock.h"
#include "reference/base/result.h"

namespace sallyport::sim::wire {

enum class Defect { none, expired, not_yet_valid, wrong_name, unknown_issuer, self_signed };

struct Leaf {
  std::string chain_pem;  // the leaf, then its issuer
  std::string key_pem;
};

class Authority {
 public:
  // `wall_ms`: now, by the world's clock.
  [[nodiscard]] static std::unique_ptr<Authority> make(std::int64_t wall_ms);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // What clients and the subject are given to trust.
  [[nodiscard]] const std::string& ca_pem() const { return ca_pem_; }
  // For host names and IP literals, put into the subjectAltName each as what it is. `wrong_name`
  // gives a leaf for another name; `unknown_issuer` is signed by an authority nobody is told of.
  [[nodiscard]] Leaf leaf(const std::vector<std::string>& names, Defect defect) const;

 private:
  struct Keys;
  Authority(std::unique_ptr<Keys> keys, std::string ca_pem, std::int64_t wall_ms);
  std::unique_ptr<Keys> keys_;
  std::string ca_pem_;
  std::int64_t wall_ms_;
};

}  // namespace sallyport::sim::wire
