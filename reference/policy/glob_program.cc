#include "reference/policy/glob_program.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sallyport::policy {
namespace {

using Op = Glob::Program::Op;
using Kind = Op::Kind;

// The code point at `at`, which moves behind it. A byte that isn't UTF-8 is a code of its own.
char32_t next_code(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 1) return byte(at++);
  bool whole = length != 0 && at + length <= text.size();
  for (std::size_t i = 1; whole && i < length; ++i) whole = (byte(at + i) & 0xC0U) == 0x80U;
  if (!whole) return 0x110000U + byte(at++);
  char32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6U | (byte(at + i) & 0x3FU);
  at += length;
  return code;
}

// What stands on both sides of a stretch of pattern: whether a `**` there is a whole segment.
struct Edges {
  bool left = true, right = true;
};

}  // namespace

// Emits ops in the order of the pattern; an op leads to the next one unless it says otherwise.
class GlobCompiler {
 public:
  GlobCompiler(std::string_view pattern, char separator) : text_(pattern), separator_(separator) {
    program_.separator_ = static_cast<unsigned char>(separator);
  }

  Glob::Program::Compiled run() {
    if (text_.size() > kGlobBytesMax) fault_ = "a pattern has at most 1024 bytes";
    if (fault_.empty()) sequence(0, text_.size(), Edges{}, 0);
    emit(Kind::done);
    return {std::move(fault_), std::move(program_)};
  }

 private:
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.ops_.size()); }
  bool is_separator(std::size_t at) const { return text_[at] == separator_; }

  std::uint32_t emit(Kind kind, char32_t code = 0, std::uint32_t first = 0) {
    Op op;
    op.kind = kind;
    op.code = code;
    op.first = first;
    program_.ops_.push_back(op);
    return here() - 1;
  }

  // Any number of what `kind` takes.
  void many(Kind kind) {
    const std::uint32_t loop = emit(Kind::split);
    emit(kind);
    emit(Kind::jump, 0, loop);
    program_.ops_[loop].first = loop + 1;
    program_.ops_[loop].second = here();
  }

  // Any number of segments with their separators, none too.
  void segments() {
    const std::uint32_t skip = emit(Kind::split);
    many(Kind::any);
    emit(Kind::literal, program_.separator_);
    program_.ops_[skip].first = skip + 1;
    program_.ops_[skip].second = here();
  }

  void sequence(std::size_t begin, std::size_t end, Edges edges, int depth) {
    std::size_t at = begin;
    while (at < end && fault_.empty()) {
      switch (text_[at]) {
        case '*':
          at = stars(begin, at, end, edges);
          break;
        case '?':
          emit(Kind::segment);
          ++at;
          break;
        case '[':
          at = set(at);
          break;
        case '{':
          at = alternatives(begin, at, end, edges, depth);
          break;
        case '}':
          fault_ = "a `}` that no `{` opens";
          break;
        case '\\':
          if (++at == text_.size()) {
            fault_ = "a `\\` at the end";
            break;
          }
          [[fallthrough]];
        default:
          emit(Kind::literal, next_code(text_, at));
      }
    }
  }

  std::size_t stars(std::size_t begin, std::size_t at, std::size_t end, Edges edges) {
    std::size_t after = at;
    while (after < end && text_[after] == '*') ++after;
    const bool opens = at == begin ? edges.left : is_separator(at - 1);
    const bool closes = after == end ? edges.right : is_separator(after);
    if (after - at != 2 || !opens || !closes) {
      many(Kind::segment);
      return after;
    }
    if (after == end) {
      many(Kind::any);
      return after;
    }
    segments();
    return after + 1;  // the separator is part of it
  }

  std::size_t set(std::size_t open) {
    Glob::Program::Set set;
    std::size_t at = open + 1;
    if (at < text_.size() && (text_[at] == '!' || text_[at] == '^')) {
      set.negated = true;
      ++at;
    }
    for (bool first = true;; first = false) {
      if (at >= text_.size()) break;
      if (text_[at] == ']' && !first) {
        emit(Kind::set, 0, static_cast<std::uint32_t>(program_.sets_.size()));
        program_.sets_.push_back(std::move(set));
        return at + 1;
      }
      const char32_t low = next_code(text_, at);
      char32_t high = low;
      if (at + 1 < text_.size() && text_[at] == '-' && text_[at + 1] != ']') {
        ++at;
        high = next_code(text_, at);
      }
      if (high < low) {
        fault_ = "a range in `[]` that runs backwards";
        return at;
      }
      set.ranges.emplace_back(low, high);
    }
    fault_ = "an unclosed `[`";
    return at;
  }

  // Where the set that opens at `at` ends; npos when nowhere.
  std::size_t past_set(std::size_t at) const {
    ++at;
    if (at < text_.size() && (text_[at] == '!' || text_[at] == '^')) ++at;
    const std::size_t close = text_.find(']', at + 1);
    return close == std::string_view::npos ? close : close + 1;
  }

  // The commas and the `}` of the group that opens at `open`; empty: it is never closed.
  std::vector<std::size_t> marks(std::size_t open, std::size_t end) const {
    std::vector<std::size_t> found;
    int depth = 0;
    std::size_t at = open;
    while (at < end) {
      const char c = text_[at];
      if (c == '[') {
        at = past_set(at);
        continue;
      }
      if (c == '\\') ++at;
      if (c == '{') ++depth;
      if (c == ',' && depth == 1) found.push_back(at);
      if (c == '}' && --depth == 0) {
        found.push_back(at);
        return found;
      }
      ++at;
    }
    return {};
  }

  std::size_t alternatives(std::size_t begin, std::size_t open, std::size_t end, Edges edges,
                           int depth) {
    const std::vector<std::size_t> ends = marks(open, end);
    if (ends.empty() || depth == kGlobDepthMax) {
      fault_ = ends.empty() ? "an unclosed `{`" : "`{` nested deeper than 8";
      return end;
    }
    const std::size_t close = ends.back();
    Edges inner;
    inner.left = open == begin ? edges.left : is_separator(open - 1);
    inner.right = close + 1 == end ? edges.right : is_separator(close + 1);
    std::vector<std::uint32_t> leave;
    std::size_t from = open + 1;
    for (const std::size_t to : ends) {
      const bool last = to == close;
      const std::uint32_t fork = last ? 0 : emit(Kind::split);
      if (!last) program_.ops_[fork].first = fork + 1;
      sequence(from, to, inner, depth + 1);
      if (!last) {
        leave.push_back(emit(Kind::jump));
        program_.ops_[fork].second = here();
      }
      from = to + 1;
    }
    for (const std::uint32_t jump : leave) program_.ops_[jump].first = here();
    return close + 1;
  }

  std::string_view text_;
  char separator_;
  std::string fault_;
  Glob::Program program_;
};

namespace {

// States to visit at one place of the text, each once.
class States {
 public:
  explicit States(const std::vector<Op>& ops) : ops_(ops), seen_(ops.size(), false) {}

  // Adds a state and all that lead on from it without a character.
  void add(std::uint32_t state) {
    pending_.push_back(state);
    while (!pending_.empty()) {
      const std::uint32_t next = pending_.back();
      pending_.pop_back();
      if (seen_[next]) continue;
      seen_[next] = true;
      all_.push_back(next);
      const Op& op = ops_[next];
      if (op.kind == Kind::split || op.kind == Kind::jump) pending_.push_back(op.first);
      if (op.kind == Kind::split) pending_.push_back(op.second);
    }
  }
  void clear() {
    for (const std::uint32_t state : all_) seen_[state] = false;
    all_.clear();
  }
  const std::vector<std::uint32_t>& all() const { return all_; }

 private:
  const std::vector<Op>& ops_;
  std::vector<bool> seen_;
  std::vector<std::uint32_t> all_, pending_;
};

}  // namespace

Glob::Program::Compiled Glob::Program::compile(std::string_view pattern, char separator) {
  return GlobCompiler(pattern, separator).run();
}

bool Glob::Program::Set::holds(char32_t code) const {
  const bool found = std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return range.first <= code && code <= range.second;
  });
  return found != negated;
}

bool Glob::Program::takes(const Op& op, char32_t code) const {
  switch (op.kind) {
    case Kind::literal:
      return op.code == code;
    case Kind::segment:
      return code != separator_;
    case Kind::any:
      return true;
    case Kind::set:
      return code != separator_ && sets_[op.first].holds(code);
    case Kind::split:
    case Kind::jump:
    case Kind::done:
      break;
  }
  return false;
}

bool Glob::Program::matches(std::string_view text) const {
  States now(ops_);
  States next(ops_);
  now.add(0);
  States* from = &now;
  States* into = &next;
  std::size_t at = 0;
  while (at < text.size() && !from->all().empty()) {
    const char32_t code = next_code(text, at);
    for (const std::uint32_t state : from->all()) {
      if (takes(ops_[state], code)) into->add(state + 1);
    }
    std::swap(from, into);
    into->clear();
  }
  const auto& last = from->all();
  return at == text.size() && std::any_of(last.begin(), last.end(), [&](std::uint32_t state) {
           return ops_[state].kind == Kind::done;
         });
}

}  // namespace sallyport::policy
