// Patterns over text with a separator: the one engine for paths and programs (`/`) and query values
// (`.`). Pure; time is at most the product of pattern and text, whatever they hold.
//
//   *  ?    within a segment           **    as a whole segment: any number of segments (at the end
//   [a-z]   one character (`!`, `^`)         only after a separator); elsewhere it is `*`
//   {a,b}   alternatives               \x    that character itself
//
// Follows what OpenShell's policies are evaluated by (regorus glob.match on globset).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::policy {

inline constexpr std::size_t kGlobBytesMax = 1024;
inline constexpr int kGlobDepthMax = 8;  // of alternatives within alternatives

class Glob {
 public:
  // Why it isn't a pattern (an unclosed `[` or `{`, too long, nested too deep), or nothing.
  [[nodiscard]] static std::optional<std::string> fault(std::string_view pattern);
  // Nothing when fault() has something to say. `separator`: what `*` doesn't cross.
  [[nodiscard]] static std::optional<Glob> parse(std::string_view pattern, char separator);
  // Has this text and matches nothing: what stands for a pattern that isn't one.
  [[nodiscard]] static Glob never(std::string_view text);

  // False for a text that holds NUL.
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] const std::string& text() const { return text_; }

  class Program;

 private:
  enum class Form {
    never,
    all,      // `**`
    literal,  // exactly literal_
    below,    // literal_ and whatever follows: `/v1/**`
    program,
  };

  std::string text_;
  std::string literal_;
  Form form_ = Form::never;
  std::shared_ptr<const Program> program_;  // shared by copies; immutable
};

}  // namespace sallyport::policy
