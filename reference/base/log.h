// Lines for people on stderr: `LEVEL component: message`. Never a contract: readiness and events
// have descriptors of their own. Secrets can't be logged, since Secret formats as ***.
#pragma once

#include <string_view>

namespace sallyport::base {

enum class LogLevel { error, warning, info, debug };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view component, std::string_view message) = 0;
};

// To a descriptor, one write(2) a line, control bytes escaped; lines above `most` are dropped.
class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel most) : most_(most) {}
  void write(LogLevel level, std::string_view component, std::string_view message) override;

 private:
  LogLevel most_;
};

}  // namespace sallyport::base
