// One name asked for at the name servers, for both address types, on a c-ares channel of its own:
// the part of the resolver that knows c-ares. Its coroutine owns it; destroying it ends the query.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/net/deadlines.h"
#include "reference/net/ports.h"

namespace sallyport::net {

class CaresLookup {
 public:
  CaresLookup(Executor executor, Deadlines& deadlines, base::Duration bound);
  ~CaresLookup();
  CaresLookup(const CaresLookup&) = delete;
  CaresLookup& operator=(const CaresLookup&) = delete;

  // Once per object. `servers` must not be empty, `name` must be resolvable (resolver.h).
  [[nodiscard]] Task<base::Result<std::vector<IpAddress>>> ask(const std::vector<Endpoint>& servers,
                                                               std::string name);

 private:
  struct Channel;
  std::shared_ptr<Channel> channel_;
};

}  // namespace sallyport::net
