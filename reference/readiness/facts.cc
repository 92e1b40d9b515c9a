#include "reference/readiness/facts.h"

#include <rapidjson/document.h>

#include <charconv>
#include <map>

namespace sallyport::readiness {
namespace {

using Told = std::map<std::string_view, std::string_view>;

constexpr std::string_view kContradicted = "?";

template <class T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

void take_line(std::string_view line, Told& told) {
  while (!line.empty()) {
    const std::size_t blank = line.find(' ');
    const std::string_view pair = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = pair.substr(equals + 1);
    const auto [place, is_new] = told.emplace(pair.substr(0, equals), value);
    if (!is_new && place->second != value) place->second = kContradicted;
  }
}

bool is_digits(std::string_view text, std::size_t octets_max) {
  return !text.empty() && text.size() <= octets_max &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const std::size_t end = text.rfind('\n');
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

}  // namespace

std::optional<std::uint64_t> inode_number(std::string_view text) {
  const auto value = number<std::uint64_t>(text);
  return value && *value != 0 ? value : std::nullopt;
}

std::optional<std::uint64_t> namespace_inode(std::string_view text) {
  constexpr std::string_view kBefore = "net:[";
  if (!text.starts_with(kBefore) || !text.ends_with(']')) return std::nullopt;
  text.remove_prefix(kBefore.size());
  text.remove_suffix(1);
  return inode_number(text);
}

ProbeFacts read_facts(std::string_view err) {
  constexpr std::size_t kStatusDigits = 3;
  constexpr std::size_t kVerdictDigits = 6;
  Told told;
  while (!err.empty()) {
    const std::size_t end = err.find('\n');
    std::string_view line = err.substr(0, end);
    err.remove_prefix(end == std::string_view::npos ? err.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(kFactsMark)) take_line(line.substr(kFactsMark.size()), told);
  }
  ProbeFacts facts;
  facts.netns = namespace_inode(told["netns"]);
  facts.curl_exit = number<int>(told["curl"]);
  if (is_digits(told["connect"], kStatusDigits)) facts.http_connect = told["connect"];
  if (is_digits(told["verify"], kVerdictDigits)) facts.tls_verify = told["verify"];
  return facts;
}

std::optional<std::uint64_t> told_namespace(std::string_view err) {
  const std::string_view line = last_line(err);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  const auto member = document.FindMember("netns");
  if (member == document.MemberEnd() || !member->value.IsUint64()) return std::nullopt;
  const std::uint64_t inode = member->value.GetUint64();
  return inode != 0 ? std::optional(inode) : std::nullopt;
}

}  // namespace sallyport::readiness
