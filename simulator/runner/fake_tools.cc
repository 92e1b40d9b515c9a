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
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "reference/base/unique_fd.h"

namespace sallyport::sim::runner {
namespace {

namespace fs = std::filesystem;
using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

// What a fake may tell of one call; whoever writes more isn't one.
constexpr std::size_t kCallBytesMax = 256U * 1024;
constexpr std::size_t kArgumentsMax = 4096;

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

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

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

// The number of a call is its process's own; the pipe that it waits at is made by itself.
std::string asking_script(const std::string& name, const std::string& pipe, const std::string& home,
                          const std::string& folder) {
  return fmt::format(
      "#!/bin/sh\nreply={}/.reply.$$\nsaid={}/.reply.$$\n/usr/bin/mkfifo \"$reply\" || exit "
      "125\nprintf '%s\\0' {} $$ \"$#\" \"$@\" >{}\nread -r code <\"$reply\"\n/bin/cat "
      "\"$said.out\"\n/bin/cat \"$said.err\" >&2\nexit \"$code\"\n",
      shell_quoted(home), shell_quoted(folder), shell_quoted(name), shell_quoted(pipe));
}

namespace {

// The calls of one fake, one after another.
struct Sequence {
  std::vector<ToolReply> replies;
  std::size_t next = 0;
};

net::Task<std::optional<ToolReply>> next_of(std::shared_ptr<Sequence> sequence) {
  const std::size_t at = std::min(sequence->next++, sequence->replies.size() - 1);
  co_return sequence->replies[at];
}

FakeTools::Ask in_turn(const agents::ToolSpec& tool) {
  auto sequence = std::make_shared<Sequence>();
  sequence->replies.push_back({tool.exit, tool.out, tool.err});
  for (const agents::ToolSpec& later : tool.then)
    sequence->replies.push_back({later.exit, later.out, later.err});
  return [sequence](const ToolCall&) { return next_of(sequence); };
}

}  // namespace

// The reading end. Held open for writing too, so that it never ends.
class FakeTools::Calls : public std::enable_shared_from_this<FakeTools::Calls> {
 public:
  Calls(Stage& stage, std::string step, std::string folder, std::string home)
      : pipe(stage.loop.executor()),
        stage_(stage),
        step_(std::move(step)),
        folder_(std::move(folder)),
        home_(std::move(home)) {}

  struct Asked {
    Ask ask;
    bool told = true;
  };
  std::map<std::string, Asked> asked;

  void drain() {
    std::array<char, 4096> bytes{};
    while (pipe.is_open()) {
      const ssize_t size = ::read(pipe.native_handle(), bytes.data(), bytes.size());
      if (size <= 0) break;
      buffer_.append(bytes.data(), static_cast<std::size_t>(size));
      while (const auto call = take_call(buffer_)) take(*call);
    }
  }

  static net::Task<void> answer(std::shared_ptr<Calls> self, ToolCall call, Asked asked) {
    const std::string number = std::to_string(call.exit);
    net::Task<std::optional<ToolReply>> asking = asked.ask(call);
    const std::optional<ToolReply> reply = co_await std::move(asking);
    if (!reply || !self->pipe.is_open()) co_return;
    call.exit = reply->exit;
    if (asked.told) self->note(call);
    if (!self->reply(number, *reply)) self->stage_.trouble = call.name + " can't be answered";
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
  void take(const ToolCall& call) {
    const auto found = asked.find(call.name);
    if (found == asked.end()) return note(call);
    stage_.group.spawn(answer(shared_from_this(), call, found->second));
  }

  // The texts first, then the word that they are there.
  [[nodiscard]] bool reply(const std::string& number, const ToolReply& reply) {
    const std::string said = folder_ + "/.reply." + number;
    if (!subject::write_file(said + ".out", reply.out)) return false;
    if (!subject::write_file(said + ".err", reply.err)) return false;
    const std::string path = home_ + "/.reply." + number;
    base::UniqueFd end(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    struct ::stat is {};
    if (!end) return true;  // ended meanwhile, and its folder with it
    if (::fstat(end.get(), &is) != 0 || !S_ISFIFO(is.st_mode)) return false;
    const std::string code = std::to_string(reply.exit) + "\n";
    const bool written = ::write(end.get(), code.data(), code.size()) > 0;
    // Open until the command has ended: a pipe that nobody holds forgets.
    replies_.push_back(std::move(end));
    return written;
  }

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
  std::string step_, folder_, home_;
  std::string buffer_;
  std::vector<base::UniqueFd> replies_;
};

FakeTools::FakeTools(Stage& stage, std::string step, std::string folder, std::string home,
                     const std::vector<agents::ToolSpec>& tools)
    : stage_(stage), step_(std::move(step)), wanted_(std::move(folder)), home_(std::move(home)) {
  if (tools.empty() || !prepare()) return;
  for (const agents::ToolSpec& tool : tools) {
    if (tool.missing) {
      missing_.push_back(tool.name);
    } else if (!tool.then.empty()) {
      add(tool.name, in_turn(tool), true);
    } else {
      write(tool.name, script_of(tool, pipe()));
    }
  }
}

bool FakeTools::prepare() {
  if (calls_) return true;
  folder_ = wanted_;
  ::mkdir(folder_.c_str(), 0755);
  const std::string path = pipe();
  // The command may have an id of its own.
  const bool made = ::mkfifo(path.c_str(), 0622) == 0 && ::chmod(path.c_str(), 0622) == 0;
  const int end = made ? ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
  if (end < 0) {
    stage_.trouble = step_ + ": fake tools have no pipe to tell their calls";
    return false;
  }
  calls_ = std::make_shared<Calls>(stage_, step_, folder_, home_);
  calls_->pipe.assign(end);
  stage_.group.spawn(Calls::follow(calls_));
  return true;
}

void FakeTools::add(const std::string& name, Ask ask, bool told) {
  if (!prepare()) return;
  calls_->asked[name] = Calls::Asked{std::move(ask), told};
  write(name, asking_script(name, pipe(), home_, folder_));
}

FakeTools::~FakeTools() {
  boost::system::error_code ignored;
  if (calls_) calls_->pipe.close(ignored);
}

void FakeTools::drain() {
  if (calls_) calls_->drain();
}

void FakeTools::write(const std::string& name, const std::string& script) const {
  const std::string path = folder_ + "/" + name;
  if (!subject::write_file(path, script)) stage_.trouble = path + " can't be written";
  ::chmod(path.c_str(), 0755);
}

// A folder of links to all that is in `folder` but for what is missing.
std::string FakeTools::without_missing(const std::string& folder) const {
  const auto is_missing = [this](const std::string& name) {
    return std::find(missing_.begin(), missing_.end(), name) != missing_.end();
  };
  const bool concerned =
      std::any_of(missing_.begin(), missing_.end(), [&folder](const std::string& name) {
        return ::access((folder + "/" + name).c_str(), F_OK) == 0;
      });
  if (!concerned) return folder;
  std::string name = folder;
  std::replace(name.begin(), name.end(), '/', '_');
  const std::string shadow = fmt::format("{}/.path{}", folder_, name);
  // A gate and its probe ask one after the other, perhaps for other paths.
  if (::mkdir(shadow.c_str(), 0755) != 0 && errno == EEXIST) return shadow;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    const std::string link = shadow + "/" + file;
    const bool done = is_missing(file) || ::symlink(entry.path().c_str(), link.c_str()) == 0;
    if (!done) stage_.trouble = link + " can't be made";
  }
  return shadow;
}

std::string FakeTools::path(const std::string& path) const {
  if (folder_.empty()) return path;
  std::string all = folder_;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');)
    all += ":" + without_missing(folder);
  return all;
}

}  // namespace sallyport::sim::runner
