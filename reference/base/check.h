// Invariants that hold in every build: CHECK(condition) prints what was broken, and aborts.
#pragma once

namespace sallyport::base {

// Never returns: one line on stderr, then abort(), so that a core or a sanitizer report exists.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace sallyport::base

#define CHECK(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::sallyport::base::check_failed(#condition, __FILE__, __LINE__))
