#include "reference/middleware/headers.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/http/head.h"
#include "reference/http/text.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

namespace pb = openshell::middleware::v1;

constexpr std::array<std::string_view, 13> kProtected{"authorization",
                                                      "proxy-authorization",
                                                      "proxy-authenticate",
                                                      "cookie",
                                                      "host",
                                                      "content-length",
                                                      "transfer-encoding",
                                                      "connection",
                                                      "proxy-connection",
                                                      "keep-alive",
                                                      "te",
                                                      "trailer",
                                                      "upgrade"};
constexpr std::string_view kWriteNamespace = "x-openshell-middleware-";

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void erase_named(HeaderLines& lines, std::string_view name) {
  std::erase_if(lines, [name](const auto& line) { return line.first == name; });
}

bool has(const HeaderLines& lines, std::string_view name) {
  return std::any_of(lines.begin(), lines.end(),
                     [name](const auto& line) { return line.first == name; });
}

void make(const HeaderMutation& mutation, HeaderLines& lines) {
  using Kind = HeaderMutation::Kind;
  if (mutation.kind == Kind::skip && has(lines, mutation.name)) return;
  if (mutation.kind == Kind::overwrite || mutation.kind == Kind::remove) {
    erase_named(lines, mutation.name);
  }
  if (mutation.kind != Kind::remove) lines.emplace_back(mutation.name, mutation.value);
}

std::optional<std::string_view> fault_of_name(std::string_view name,
                                              const std::vector<std::string>& nominated) {
  if (!http::is_token(name)) return "header_mutation_invalid_name";
  const std::string lower = http::lower(name);
  if (is_protected(lower)) return "header_mutation_protected_header";
  if (holds(nominated, lower)) return "header_mutation_hop_by_hop_header";
  return std::nullopt;
}

// What `on_existing` says; an enum of proto3 holds whatever number was sent.
std::optional<std::string_view> read_action(int action, HeaderMutation::Kind& kind) {
  switch (action) {
    case pb::EXISTING_HEADER_ACTION_APPEND:
      kind = HeaderMutation::Kind::append;
      return std::nullopt;
    case pb::EXISTING_HEADER_ACTION_OVERWRITE:
      kind = HeaderMutation::Kind::overwrite;
      return std::nullopt;
    case pb::EXISTING_HEADER_ACTION_SKIP:
      kind = HeaderMutation::Kind::skip;
      return std::nullopt;
    case pb::EXISTING_HEADER_ACTION_UNSPECIFIED:
      return "header_mutation_missing_existing_action";
    default:
      return "header_mutation_invalid_existing_action";
  }
}

// `bytes` is what the names and values before it came to.
std::optional<std::string_view> read_write(const pb::WriteHeader& write,
                                           const std::vector<std::string>& nominated,
                                           std::uint64_t& bytes, HeaderMutation& out) {
  if (const auto fault = fault_of_name(write.name(), nominated)) return fault;
  out.name = http::lower(write.name());
  out.value = write.value();
  if (!out.name.starts_with(kWriteNamespace)) return "header_mutation_write_namespace";
  if (!http::is_field_value(out.value)) return "header_mutation_unsafe_value";
  bytes += out.name.size() + out.value.size();
  if (bytes > kMutationTextBytesMax) return "header_mutation_bytes_over_capacity";
  return read_action(static_cast<int>(write.on_existing()), out.kind);
}

std::optional<std::string_view> read_mutation(const pb::HeaderMutation& wanted,
                                              const std::vector<std::string>& nominated,
                                              std::uint64_t& bytes, HeaderMutation& out) {
  switch (wanted.operation_case()) {
    case pb::HeaderMutation::kWrite:
      return read_write(wanted.write(), nominated, bytes, out);
    case pb::HeaderMutation::kRemove: {
      if (const auto fault = fault_of_name(wanted.remove().name(), nominated)) return fault;
      out.kind = HeaderMutation::Kind::remove;
      out.name = http::lower(wanted.remove().name());
      bytes += out.name.size();
      if (bytes > kMutationTextBytesMax) return "header_mutation_bytes_over_capacity";
      return std::nullopt;
    }
    default:
      return "header_mutation_empty";
  }
}

// A head's line, without its CRLF; the name of a request line is empty.
struct Line {
  std::string name;  // lower case
  std::string text;
};

std::vector<Line> split_lines(std::string_view head) {
  std::vector<Line> lines;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == 0) break;
    const std::string_view text = head.substr(0, end);
    const std::string_view name =
        lines.empty() ? std::string_view{} : text.substr(0, text.find(':'));
    lines.push_back(Line{http::lower(name), std::string(text)});
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return lines;
}

void make(const HeaderMutation& mutation, std::vector<Line>& lines) {
  using Kind = HeaderMutation::Kind;
  const auto is_it = [&mutation](const Line& line) { return line.name == mutation.name; };
  if (mutation.kind == Kind::skip && std::any_of(lines.begin(), lines.end(), is_it)) return;
  if (mutation.kind == Kind::overwrite || mutation.kind == Kind::remove) {
    std::erase_if(lines, is_it);
  }
  if (mutation.kind == Kind::remove) return;
  lines.push_back(Line{mutation.name, mutation.name + ": " + mutation.value});
}

}  // namespace

bool is_protected(std::string_view name) {
  return std::find(kProtected.begin(), kProtected.end(), name) != kProtected.end() ||
         name.starts_with("x-amz-") || name.starts_with("x-openshell-credential");
}

VisibleHeaders visible_headers(const http::Fields& fields) {
  VisibleHeaders visible;
  for (const http::Field& field : fields) {
    if (!http::equal_ignoring_case(field.name, "connection")) continue;
    http::for_each_element(field.value, [&visible](std::string_view option) {
      if (!option.empty()) visible.nominated.push_back(http::lower(option));
      return true;
    });
  }
  for (const http::Field& field : fields) {
    std::string name = http::lower(field.name);
    if (is_protected(name) || holds(visible.nominated, name)) continue;
    visible.lines.emplace_back(std::move(name), std::string(http::trim(field.value)));
  }
  return visible;
}

std::optional<std::string_view> apply_mutations(
    const google::protobuf::RepeatedPtrField<pb::HeaderMutation>& wanted,
    const std::vector<std::string>& nominated, HeaderLines& lines,
    std::vector<HeaderMutation>& replay) {
  if (wanted.size() > kMutationsMax) return "header_mutation_count_over_capacity";
  std::vector<HeaderMutation> accepted;
  std::uint64_t bytes = 0;
  for (const pb::HeaderMutation& one : wanted) {
    HeaderMutation mutation;
    if (const auto fault = read_mutation(one, nominated, bytes, mutation)) return fault;
    accepted.push_back(std::move(mutation));
  }
  for (const HeaderMutation& mutation : accepted) make(mutation, lines);
  replay.insert(replay.end(), std::make_move_iterator(accepted.begin()),
                std::make_move_iterator(accepted.end()));
  return std::nullopt;
}

std::string replay_mutations(std::string_view head, const std::vector<HeaderMutation>& mutations) {
  if (mutations.empty()) return std::string(head);
  std::vector<Line> lines = split_lines(head);
  for (const HeaderMutation& mutation : mutations) make(mutation, lines);
  std::string out;
  out.reserve(head.size() + 256);
  for (const Line& line : lines) out.append(line.text).append("\r\n");
  return out.append("\r\n");
}

}  // namespace sallyport::middleware
