#include "simulator/runner/fake_tools.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <sstream>

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;
using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// What a fake may tell of one call; whoever writes more isn't one.
constexpr std::size_t kCallBytesMax = 256U * 1024;
constexpr std::size_t kArgumentsMax = 4096;

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::optional<int> number_of(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional<int>(number) : std::nullopt;
}

// The texts that are there whole, at most `most`, and where the next would begin.
std::vector<std::string> texts_in(const std::string& buffer, std::size_t most, std::size_t& next) {
  std::vector<std::string> texts;
  next = 0;
  while (texts.size() < most) {
    const std::size_t end = buffer.find('\0', next);
    if (end == std::string::npos) break;
    texts.push_back(buffer.substr(next, end - next));
    next = end + 1;
  }
  return texts;
}

}  // namespace

std::string json_list(const std::vector<std::string>& texts) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartArray();
  for (const std::string& text : texts)
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  writer.EndArray();
  return buffer.GetString();
}

std::optional<ToolCall> take_call(std::string& buffer) {
  std::size_t next = 0;
  const std::vector<std::string> head = texts_in(buffer, 3, next);
  if (head.size() < 3) {
    if (buffer.size() > kCallBytesMax) buffer.clear();
    return std::nullopt;
  }
  const auto exit = number_of(head[1]);
  const auto count = number_of(head[2]);
  if (!exit || !count || *count < 0 || static_cast<std::size_t>(*count) > kArgumentsMax) {
    buffer.clear();
    return std::nullopt;
  }
  const auto wanted = static_cast<std::size_t>(*count);
  std::vector<std::string> all = texts_in(buffer, 3 + wanted, next);
  if (all.size() < 3 + wanted) {
    if (buffer.size() > kCallBytesMax) buffer.clear();
    return std::nullopt;
  }
  buffer.erase(0, next);
  return ToolCall{all[0], *exit, {all.begin() + 3, all.end()}};
}

// By the shell's own means alone, since any command may be a fake; one call leaves in one write.
std::string script_of(const agents::ToolSpec& tool, const std::string& pipe) {
  return fmt::format(
      "#!/bin/sh\nprintf '%s\\0' {} {} \"$#\" \"$@\" >{}\nprintf %s {}\nprintf %s {} >&2\nexit "
      "{}\n",
      shell_quoted(tool.name), tool.exit, shell_quoted(pipe), shell_quoted(tool.out),
      shell_quoted(tool.err), tool.exit);
}

// The reading end. Held open for writing too, so that it never ends.
class FakeTools::Calls {
 public:
  Calls(Stage& stage, std::string step)
      : pipe(stage.loop.executor()), stage_(stage), step_(std::move(step)) {}

  void drain() {
    std::array<char, 4096> bytes{};
    while (pipe.is_open()) {
      const ssize_t size = ::read(pipe.native_handle(), bytes.data(), bytes.size());
      if (size <= 0) break;
      buffer_.append(bytes.data(), static_cast<std::size_t>(size));
      while (const auto call = take_call(buffer_)) note(*call);
    }
  }

  static net::Task<void> follow(std::shared_ptr<Calls> self) {
    while (self->pipe.is_open()) {
      const auto [error] = co_await self->pipe.async_wait(Descriptor::wait_read, net::kAwait);
      if (error) co_return;
      self->drain();
    }
  }

  Descriptor pipe;

 private:
  void note(const ToolCall& call) {
    std::vector<std::string> argv{call.name};
    argv.insert(argv.end(), call.arguments.begin(), call.arguments.end());
    journal::Fields fields;
    fields["name"] = call.name;
    fields["argv"] = journal::Json{json_list(argv)};
    fields["exit"] = static_cast<std::int64_t>(call.exit);
    stage_.note(step_, "tool", std::move(fields));
  }

  Stage& stage_;
  std::string step_;
  std::string buffer_;
};

FakeTools::FakeTools(Stage& stage, std::string step, std::string folder,
                     const std::vector<agents::ToolSpec>& tools)
    : stage_(stage) {
  if (tools.empty()) return;
  folder_ = std::move(folder);
  ::mkdir(folder_.c_str(), 0755);
  const std::string path = pipe();
  // The command may have an id of its own.
  const bool made = ::mkfifo(path.c_str(), 0622) == 0 && ::chmod(path.c_str(), 0622) == 0;
  const int end = made ? ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
  if (end < 0) {
    stage_.trouble = step + ": fake tools have no pipe to tell their calls";
    return;
  }
  calls_ = std::make_shared<Calls>(stage, std::move(step));
  calls_->pipe.assign(end);
  for (const agents::ToolSpec& tool : tools) {
    if (tool.missing) {
      missing_.push_back(tool.name);
    } else {
      write(tool);
    }
  }
  stage_.group.spawn(Calls::follow(calls_));
}

FakeTools::~FakeTools() {
  boost::system::error_code ignored;
  if (calls_) calls_->pipe.close(ignored);
}

void FakeTools::drain() {
  if (calls_) calls_->drain();
}

void FakeTools::write(const agents::ToolSpec& tool) const {
  const std::string path = folder_ + "/" + tool.name;
  if (!subject::write_file(path, script_of(tool, pipe())))
    stage_.trouble = path + " can't be written";
  ::chmod(path.c_str(), 0755);
}

// A folder of links to all that is in `folder` but for what is missing.
std::string FakeTools::without_missing(const std::string& folder, std::size_t number) const {
  const auto is_missing = [this](const std::string& name) {
    return std::find(missing_.begin(), missing_.end(), name) != missing_.end();
  };
  const bool concerned =
      std::any_of(missing_.begin(), missing_.end(), [&folder](const std::string& name) {
        return ::access((folder + "/" + name).c_str(), F_OK) == 0;
      });
  if (!concerned) return folder;
  const std::string shadow = fmt::format("{}/.path{}", folder_, number);
  ::mkdir(shadow.c_str(), 0755);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::string link = shadow + "/" + name;
    const bool done = is_missing(name) || ::symlink(entry.path().c_str(), link.c_str()) == 0;
    if (!done) stage_.trouble = link + " can't be made";
  }
  return shadow;
}

std::string FakeTools::path(const std::string& path) const {
  if (folder_.empty()) return path;
  std::string all = folder_;
  std::istringstream folders(path);
  std::size_t number = 0;
  for (std::string folder; std::getline(folders, folder, ':'); ++number)
    all += ":" + without_missing(folder, number);
  return all;
}

}  // namespace sallyport::sim::runner
