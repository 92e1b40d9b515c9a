// Tells whoever holds a connection for long that another generation decides now, so that what it
// stands on can be judged again. Owned by the source of the generations; on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

namespace sallyport::relay {

class GenerationNews {
 public:
  // Told until it goes. The news must outlive it.
  class Watch {
   public:
    // `changed` may end any watch, its own too.
    Watch(GenerationNews& news, std::function<void()> changed);
    ~Watch() { news_.watches_.erase(number_); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    GenerationNews& news_;
    std::uint64_t number_;
  };

  // After the change: current() is the new one already.
  void tell();

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::function<void()>> watches_;
};

}  // namespace sallyport::relay
