#include "reference/http/target.h"

#include <algorithm>

#include "reference/http/text.h"

namespace sallyport::http {
namespace {

// Stands for an encoded slash while a segment is taken apart; no control byte is ever decoded.
constexpr char kSlash = '\x01';

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_pchar(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

// Decodes one raw segment, its `;parameters` cut off.
base::Error decode(std::string_view raw, bool allow_encoded_slash, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (i + 2 >= raw.size()) return HttpErrc::bad_escape;
      const int high = hex_value(raw[i + 1]);
      const int low = hex_value(raw[i + 2]);
      if (high < 0 || low < 0) return HttpErrc::bad_escape;
      i += 2;
      c = static_cast<char>(high * 16 + low);
      if (is_control(c)) return HttpErrc::bad_target_byte;
      if (c == '/') {
        if (!allow_encoded_slash) return HttpErrc::encoded_slash;
        c = kSlash;
      }
    }
    out.push_back(c);
  }
  out.resize(std::min(out.find(';'), out.size()));
  return {};
}

bool hides_dot_segment(std::string_view segment) {
  if (segment.find(kSlash) == std::string_view::npos) return false;
  while (true) {
    const std::size_t slash = segment.find(kSlash);
    if (is_dot_segment(segment.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    segment.remove_prefix(slash + 1);
  }
}

void encode(std::string_view segment, std::string& out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (char c : segment) {
    if (is_pchar(c)) {
      out.push_back(c);
      continue;
    }
    if (c == kSlash) c = '/';
    const auto octet = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[octet >> 4U]);
    out.push_back(kDigits[octet & 15U]);
  }
}

// Removes the empty segments of `path`, which starts with a slash; a final slash stays.
void collapse(std::string& path) {
  const auto both = [](char a, char b) { return a == '/' && b == '/'; };
  path.erase(std::unique(path.begin(), path.end(), both), path.end());
}

base::Error canonical_path(std::string_view path, const TargetOptions& options, std::string& out) {
  std::string segment;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    if (const auto error = decode(path.substr(0, slash), options.allow_encoded_slash, segment))
      return error;
    if (hides_dot_segment(segment)) return HttpErrc::hidden_dot_segment;
    if (segment == "..") {
      if (out.empty()) return HttpErrc::above_root;
      out.resize(out.rfind('/'));
    } else if (segment != ".") {
      out.push_back('/');
      encode(segment, out);
    }
    if (last) {
      if (is_dot_segment(segment)) out.push_back('/');
      break;
    }
    path.remove_prefix(slash + 1);
  }
  collapse(out);
  return out.size() > options.bytes_max ? HttpErrc::target_too_long : base::Error();
}

}  // namespace

base::Result<CanonicalTarget> canonical_target(std::string_view raw, const TargetOptions& options) {
  const auto is_bad = [](char c) {
    return is_control(c) || c == ' ' || static_cast<unsigned char>(c) >= 0x80;
  };
  if (std::any_of(raw.begin(), raw.end(), is_bad)) return HttpErrc::bad_target_byte;
  if (raw.find('#') != std::string_view::npos) return HttpErrc::target_fragment;
  const std::size_t mark = std::min(raw.find('?'), raw.size());
  const std::string_view query = raw.substr(mark);  // with its `?`
  std::string_view path = raw.substr(0, mark);
  const bool absolute = is_absolute_form(path);
  if (absolute) {
    path.remove_prefix(path.find("://") + 3);
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  if (path.empty()) path = "/";
  if (path.front() != '/') return HttpErrc::not_origin_form;
  if (path.size() > options.bytes_max) return HttpErrc::target_too_long;
  CanonicalTarget target;
  target.text.reserve(path.size() + query.size() + 8);
  if (const auto error = canonical_path(path, options, target.text)) return error;
  target.path_bytes = target.text.size();
  target.changed = absolute || raw.substr(0, mark) != target.text;
  target.text.append(query);
  return target;
}

bool is_absolute_form(std::string_view target) {
  const std::size_t mark = target.find("://");
  return mark != std::string_view::npos && mark > 0 &&
         std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(mark),
                     [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                     });
}

base::Result<AbsoluteTarget> parse_absolute_form(std::string_view target) {
  if (!is_absolute_form(target)) return HttpErrc::not_absolute_form;
  if (target.find('#') != std::string_view::npos) return HttpErrc::target_fragment;
  const std::size_t mark = target.find("://");
  AbsoluteTarget out;
  out.scheme = lower(target.substr(0, mark));
  const std::string_view rest = target.substr(mark + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = parse_authority(rest.substr(0, end), out.scheme == "https" ? 443 : 80);
  if (!authority) return authority.error();
  out.authority = *std::move(authority);
  out.path_and_query = rest.substr(end);
  return out;
}

}  // namespace sallyport::http
