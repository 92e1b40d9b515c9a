#include "reference/policy/glob.h"

#include <utility>

#include "reference/policy/glob_program.h"

namespace sallyport::policy {
namespace {

constexpr std::string_view kMeta = "*?[]{}\\";

bool is_plain(std::string_view text) { return text.find_first_of(kMeta) == std::string_view::npos; }

}  // namespace

std::optional<std::string> Glob::fault(std::string_view pattern) {
  Program::Compiled compiled = Program::compile(pattern, '/');
  if (compiled.fault.empty()) return std::nullopt;
  return std::move(compiled.fault);
}

std::optional<Glob> Glob::parse(std::string_view pattern, char separator) {
  Program::Compiled compiled = Program::compile(pattern, separator);
  if (!compiled.fault.empty()) return std::nullopt;
  Glob glob;
  glob.text_ = pattern;
  const std::string tail = {separator, '*', '*'};
  if (pattern == "**") {
    glob.form_ = Form::all;
  } else if (is_plain(pattern)) {
    glob.form_ = Form::literal;
    glob.literal_ = pattern;
  } else if (pattern.ends_with(tail) && is_plain(pattern.substr(0, pattern.size() - 2))) {
    glob.form_ = Form::below;
    glob.literal_ = pattern.substr(0, pattern.size() - 2);
  } else {
    glob.form_ = Form::program;
    glob.program_ = std::make_shared<const Program>(std::move(compiled.program));
  }
  return glob;
}

Glob Glob::never(std::string_view text) {
  Glob glob;
  glob.text_ = text;
  return glob;
}

bool Glob::matches(std::string_view text) const {
  if (text.find('\0') != std::string_view::npos) return false;
  switch (form_) {
    case Form::never:
      return false;
    case Form::all:
      return true;
    case Form::literal:
      return text == literal_;
    case Form::below:
      return text.starts_with(literal_);
    case Form::program:
      break;
  }
  return program_ != nullptr && program_->matches(text);
}

}  // namespace sallyport::policy
