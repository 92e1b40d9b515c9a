#include "simulator/wire/http_reader.h"

#include <algorithm>
#include <charconv>

namespace sallyport::sim::wire {
namespace {

constexpr std::size_t kLineMax = 64U << 10U;  // of a chunk's size or a trailer

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Calls `visit` for each line of `text`, without its end.
template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    visit(without_cr(text.substr(0, end)));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void add_header(HeaderList& headers, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') {
    headers.emplace_back("", std::string(line));
  } else {
    headers.emplace_back(std::string(line.substr(0, colon)),
                         std::string(trim(line.substr(colon + 1))));
  }
}

// The comma-separated members of all lines of that name, in order, in lower case.
std::vector<std::string> members(const HeaderList& headers, std::string_view name) {
  std::vector<std::string> found;
  for (const auto& [key, value] : headers) {
    if (!equal_names(key, name)) continue;
    std::string_view rest = value;
    while (true) {
      const auto comma = rest.find(',');
      std::string member(trim(rest.substr(0, comma)));
      std::transform(member.begin(), member.end(), member.begin(), lower);
      if (!member.empty()) found.push_back(std::move(member));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return found;
}

bool has_member(const HeaderList& headers, std::string_view name, std::string_view member) {
  const auto all = members(headers, name);
  return std::find(all.begin(), all.end(), member) != all.end();
}

// Where the head ends (after its empty line) in `text`; npos when it doesn't yet.
std::size_t end_of_head(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') return at + 2;
    if (at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n') return at + 3;
  }
  return std::string_view::npos;
}

// Of an absolute target, what follows the authority; of any other, itself.
std::string_view origin_form(std::string_view target) {
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos || target.starts_with('/')) return target;
  const auto slash = target.find_first_of("/?", scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

}  // namespace

bool equal_names(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find_header(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (equal_names(key, name)) return &value;
  }
  return nullptr;
}

std::string HttpMessage::path() const {
  const std::string_view form = origin_form(target);
  return std::string(form.substr(0, form.find('?')));
}

std::string HttpMessage::query() const {
  const std::string_view form = origin_form(target);
  const auto mark = form.find('?');
  return mark == std::string_view::npos ? std::string() : std::string(form.substr(mark + 1));
}

HttpReader::HttpReader(Kind kind, std::string method) : kind_(kind), method_(std::move(method)) {}

void HttpReader::feed(std::string_view bytes) {
  if (!bytes.empty()) any_ = true;
  buffer_.append(bytes);
  while (!done() && step()) {
  }
  buffer_.erase(0, position_);
  position_ = 0;
}

void HttpReader::finish() {
  if (done()) return;
  const bool lasts = state_ == State::body && message_.framing == HttpMessage::Framing::until_close;
  state_ = lasts ? State::complete : State::incomplete;
}

bool HttpReader::keeps_alive() const {
  if (message_.framing == HttpMessage::Framing::until_close) return false;
  if (has_member(message_.headers, "connection", "close")) return false;
  return message_.version != "HTTP/1.0" || has_member(message_.headers, "connection", "keep-alive");
}

std::string_view HttpReader::rest() const { return std::string_view(buffer_).substr(position_); }

bool HttpReader::step() { return state_ == State::head ? step_head() : step_body(); }

bool HttpReader::step_head() {
  if (kind_ == Kind::request) {
    while (rest().starts_with("\r\n") || rest().starts_with('\n')) {
      position_ += rest().front() == '\n' ? 1 : 2;
    }
  }
  if (!plausible_start()) return false;
  const auto end = end_of_head(rest());
  if (end == std::string_view::npos) {
    if (rest().size() > kHeadMax) fail("the head is over its bound");
    return false;
  }
  const std::string_view head = rest().substr(0, end);
  position_ += end;
  parse_head(head);
  return !done();
}

// Whether what is there can begin a head at all; so that what isn't HTTP is told at once.
bool HttpReader::plausible_start() {
  const std::string_view start = rest();
  if (start.empty()) return true;
  constexpr std::string_view kVersion = "HTTP/";
  const auto length = std::min(start.size(), kVersion.size());
  const bool plausible = kind_ == Kind::answer
                             ? start.substr(0, length) == kVersion.substr(0, length)
                             : is_token(start.substr(0, 1)) || start == "\r";
  if (!plausible) fail("what came is no HTTP head");
  return plausible;
}

void HttpReader::parse_head(std::string_view head) {
  message_ = HttpMessage{};
  bool first = true;
  each_line(head, [&](std::string_view line) {
    if (first) message_.start_line = std::string(line);
    if (!first && !line.empty()) add_header(message_.headers, line);
    first = false;
  });
  if (!parse_start_line()) {
    fail("the start line can't be read");
    return;
  }
  const bool is_interim =
      kind_ == Kind::answer && message_.status / 100 == 1 && message_.status != 101;
  if (is_interim) {
    interim_.push_back(std::move(message_));
    message_ = HttpMessage{};
    return;
  }
  head_read_ = true;
  choose_framing();
}

bool HttpReader::parse_start_line() {
  const std::string_view line = message_.start_line;
  const auto first = line.find(' ');
  if (first == std::string_view::npos) return false;
  if (kind_ == Kind::answer) {
    message_.version = std::string(line.substr(0, first));
    const std::string_view code = line.substr(first + 1, 3);
    const auto [end, error] =
        std::from_chars(code.data(), code.data() + code.size(), message_.status);
    const bool whole = error == std::errc() && end == code.data() + code.size();
    const auto after = first + 4;
    if (!whole || message_.status < 100 || (after < line.size() && line[after] != ' '))
      return false;
    if (after + 1 < line.size()) message_.reason = std::string(line.substr(after + 1));
    return true;
  }
  const auto last = line.rfind(' ');
  message_.method = std::string(line.substr(0, first));
  if (last == first || !is_token(message_.method)) return false;
  message_.target = std::string(line.substr(first + 1, last - first - 1));
  message_.version = std::string(line.substr(last + 1));
  return message_.version.starts_with("HTTP/");
}

void HttpReader::choose_framing() {
  using Framing = HttpMessage::Framing;
  const bool to_connect = method_ == "CONNECT" && message_.status / 100 == 2;
  const bool bodiless =
      kind_ == Kind::answer && (method_ == "HEAD" || to_connect || message_.status == 101 ||
                                message_.status == 204 || message_.status == 304);
  if (bodiless) return complete();
  const auto codings = members(message_.headers, "transfer-encoding");
  if (!codings.empty() && codings.back() == "chunked") {
    message_.framing = Framing::chunked;
  } else if (!codings.empty() && kind_ == Kind::request) {
    return fail("a request's Transfer-Encoding doesn't end in chunked");
  } else if (codings.empty() && find_header(message_.headers, "content-length") != nullptr) {
    if (!read_content_length()) return fail("Content-Length can't be read");
    message_.framing = Framing::length;
    remaining_ = message_.declared;
    if (remaining_ == 0) return complete();
  } else if (kind_ == Kind::request) {
    return complete();
  } else {
    message_.framing = Framing::until_close;
  }
  state_ = State::body;
}

bool HttpReader::read_content_length() {
  bool any = false;
  for (const auto& member : members(message_.headers, "content-length")) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(member.data(), member.data() + member.size(), value);
    if (error != std::errc() || end != member.data() + member.size()) return false;
    if (any && value != message_.declared) return false;
    any = true;
    message_.declared = value;
  }
  return any;
}

bool HttpReader::step_body() {
  switch (message_.framing) {
    case HttpMessage::Framing::none:
      complete();
      return false;
    case HttpMessage::Framing::chunked:
      return step_chunked();
    case HttpMessage::Framing::until_close:
      keep(rest().size());
      return false;
    case HttpMessage::Framing::length:
      break;
  }
  const auto octets = std::min<std::uint64_t>(remaining_, rest().size());
  keep(octets);
  remaining_ -= octets;
  if (remaining_ == 0) complete();
  return false;
}

bool HttpReader::step_chunked() {
  switch (chunk_) {
    case Chunk::size:
      return step_chunk_size();
    case Chunk::data_end:
      return step_chunk_end();
    case Chunk::trailer:
      return step_trailer();
    case Chunk::data:
      break;
  }
  const auto octets = std::min<std::uint64_t>(remaining_, rest().size());
  keep(octets);
  remaining_ -= octets;
  if (remaining_ == 0) chunk_ = Chunk::data_end;
  return octets > 0;
}

bool HttpReader::step_chunk_size() {
  std::string_view line;
  if (!take_line(line)) return false;
  const std::string_view digits = trim(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    fail("a chunk's size can't be read");
    return false;
  }
  remaining_ = size;
  chunk_ = size == 0 ? Chunk::trailer : Chunk::data;
  return true;
}

bool HttpReader::step_chunk_end() {
  const std::string_view next = rest();
  const bool bare = next.starts_with('\n');
  if (!bare && next.size() < 2 && (next.empty() || next.front() == '\r')) return false;
  if (!bare && !next.starts_with("\r\n")) {
    fail("a chunk goes on after its size");
    return false;
  }
  position_ += bare ? 1 : 2;
  chunk_ = Chunk::size;
  return true;
}

bool HttpReader::step_trailer() {
  std::string_view line;
  if (!take_line(line)) return false;
  if (line.empty()) {
    complete();
  } else {
    add_header(message_.trailers, line);
  }
  return !done();
}

void HttpReader::keep(std::uint64_t octets) {
  const std::size_t room = kBodyKeptMax - std::min(kBodyKeptMax, message_.body.size());
  message_.body.append(rest().substr(0, std::min<std::uint64_t>(octets, room)));
  message_.body_size += octets;
  position_ += octets;
}

void HttpReader::fail(std::string reason) {
  malformed_ = std::move(reason);
  state_ = State::malformed;
}

bool HttpReader::take_line(std::string_view& line) {
  const std::string_view text = rest();
  const auto end = text.find('\n');
  if (end == std::string_view::npos) {
    if (text.size() > kLineMax) fail("a line is over its bound");
    return false;
  }
  line = without_cr(text.substr(0, end));
  position_ += end + 1;
  return true;
}

}  // namespace sallyport::sim::wire
