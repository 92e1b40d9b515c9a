#include "simulator/subject/subject.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "reference/base/unique_fd.h"
#include "reference/net/clock.h"
#include "reference/net/deadlines.h"
#include "simulator/journal/journal.h"

namespace sallyport::sim::subject {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

constexpr int kReadyFd = 10;
constexpr int kAuditFd = 11;
constexpr int kNamespaceFd = 12;
constexpr std::size_t kEventBytesMax = 256U * 1024;  // one audit event; a longer one is cut

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  return static_cast<bool>(stream);
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

class Subject::Impl : public std::enable_shared_from_this<Subject::Impl> {
 public:
  Impl(SubjectSpec given, net::Executor executor, net::Clock& clock, net::Deadlines& deadlines,
       journal::Journal& journal, std::function<std::string()> step_of)
      : spec(std::move(given)),
        executor_(executor),
        clock_(clock),
        deadlines_(deadlines),
        journal_(journal),
        step_of_(std::move(step_of)),
        ready_(executor),
        audit_(executor) {}

  [[nodiscard]] std::optional<StartFailure> launch();
  [[nodiscard]] net::Task<std::optional<StartFailure>> wait_ready(base::TimePoint deadline);
  [[nodiscard]] net::Task<bool> stop(base::TimePoint deadline);
  void forget();
  void drain_audit();

  SubjectSpec spec;
  std::unique_ptr<world::Process> process;
  std::optional<world::Exit> ended;
  bool stopping = false;
  std::vector<std::pair<std::string, std::string>> agent_environment;
  std::string ca_pem;

 private:
  [[nodiscard]] bool write_files() const;
  void note(std::string kind, journal::Fields fields, std::string step);
  void note_audit(const std::string& json);
  void read_agent_files();
  static net::Task<void> read_audit(std::shared_ptr<Impl> self);
  static net::Task<void> watch(std::shared_ptr<Impl> self);

  net::Executor executor_;
  net::Clock& clock_;
  net::Deadlines& deadlines_;
  journal::Journal& journal_;
  std::function<std::string()> step_of_;
  Descriptor ready_;
  Descriptor audit_;
  bool audit_ended_ = false;
  std::string audit_buffer_;  // of the size of the longest event, once there was one
};

void Subject::Impl::note(std::string kind, journal::Fields fields, std::string step) {
  journal::Event event;
  event.source = spec.name;
  event.source_type = "supervisor";
  event.kind = std::move(kind);
  event.fields = std::move(fields);
  event.step = std::move(step);
  journal_.append(std::move(event));
}

void Subject::Impl::note_audit(const std::string& json) {
  const auto texts = audit_fields(json);
  if (!texts) return;
  journal::Fields fields;
  for (const auto& [name, text] : *texts) fields[name] = text;
  const auto type = texts->find("class");
  if (type != texts->end() && type->second == "Device Config State Change") {
    journal::Fields config;
    for (const char* const name : {"generation", "state", "message"}) {
      const auto found = texts->find(name);
      if (found != texts->end()) config[name] = found->second;
    }
    note("config", std::move(config), {});
  }
  fields["json"] = journal::Json{json};
  note("audit", std::move(fields), step_of_ ? step_of_() : std::string());
}

bool Subject::Impl::write_files() const {
  ::mkdir(spec.folder.c_str(), 0755);
  bool good = write_file(spec.folder + "/policy.yaml", spec.policy_yaml);
  if (spec.route) good = write_file(spec.folder + "/routes.yaml", routes_yaml(*spec.route)) && good;
  if (!spec.upstream_ca_pem.empty()) {
    good = write_file(spec.folder + "/upstream-ca.pem", spec.upstream_ca_pem) && good;
  }
  return write_file(spec.folder + "/config.yaml", configuration_yaml(spec)) && good;
}

std::optional<StartFailure> Subject::Impl::launch() {
  if (!write_files()) return StartFailure{"its files can't be written to " + spec.folder};
  int ready[2];
  int audit[2];
  if (::pipe2(ready, O_CLOEXEC | O_NONBLOCK) != 0) return StartFailure{"no pipe"};
  base::UniqueFd ready_read(ready[0]);
  base::UniqueFd ready_write(ready[1]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, audit) != 0)
    return StartFailure{"no socket pair"};
  base::UniqueFd audit_read(audit[0]);
  base::UniqueFd audit_write(audit[1]);
  world::CommandSpec command;
  command.argv = {spec.binary,  "serve",
                  "--config",   spec.folder + "/config.yaml",
                  "--ready-fd", std::to_string(kReadyFd),
                  "--audit-fd", std::to_string(kAuditFd)};
  command.descriptors = {{ready_write.get(), kReadyFd}, {audit_write.get(), kAuditFd}};
  if (spec.sandbox_net_namespace >= 0) {
    command.argv.insert(command.argv.end(), {"--sandbox-netns-fd", std::to_string(kNamespaceFd)});
    command.descriptors.emplace_back(spec.sandbox_net_namespace, kNamespaceFd);
  }
  if (spec.slow != 1.0)
    command.argv.insert(command.argv.end(), {"--slow", fmt::format("{}", spec.slow)});
  command.argv.insert(command.argv.end(), spec.arguments.begin(), spec.arguments.end());
  command.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                         "LANG=C.UTF-8"};
  for (const auto& [name, value] : spec.environment)
    command.environment.push_back(name + "=" + value);
  command.cwd = spec.folder;
  command.host = spec.host;
  auto started = world::spawn(executor_, std::move(command));
  if (!started) return StartFailure{"it can't be started: " + started.error().message()};
  process = std::move(*started);
  ready_.assign(ready_read.release());
  audit_.assign(audit_read.release());
  asio::co_spawn(executor_, read_audit(shared_from_this()), asio::detached);
  asio::co_spawn(executor_, watch(shared_from_this()), asio::detached);
  return std::nullopt;
}

net::Task<std::optional<StartFailure>> Subject::Impl::wait_ready(base::TimePoint deadline) {
  bool expired = false;
  net::Deadline bound(deadlines_, [this, &expired] {
    expired = true;
    ready_.cancel();
  });
  bound.set(deadline);
  std::string line;
  std::array<char, 4096> buffer{};
  while (line.find('\n') == std::string::npos) {
    const auto into = asio::buffer(buffer);
    const auto [error, size] = co_await ready_.async_read_some(into, net::kAwait);
    if (error) break;
    line.append(buffer.data(), size);
    if (line.size() > 65536) break;
  }
  ready_.close();
  if (line.find('\n') != std::string::npos) {
    read_agent_files();
    journal::Fields fields;
    fields["json"] = journal::Json{line.substr(0, line.find('\n'))};
    note("ready", std::move(fields), {});
    co_return std::nullopt;
  }
  StartFailure failure;
  if (expired) {
    failure.what = "it wasn't ready in time";
  } else {
    stopping = true;
    const world::Exit end = co_await process->wait();
    failure.what = fmt::format("it ended before it was ready ({} {}{}{})",
                               end.kind == world::Exit::Kind::signalled ? "signal" : "exit",
                               end.value, end.detail.empty() ? "" : ": ", end.detail);
  }
  co_return failure;
}

void Subject::Impl::read_agent_files() {
  ca_pem = read_file(spec.folder + "/ca/openshell-ca.pem");
  std::istringstream lines(read_file(spec.folder + "/ca/agent.env"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos)
      agent_environment.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
}

void Subject::Impl::drain_audit() {
  if (!audit_.is_open()) return;
  if (audit_buffer_.empty()) audit_buffer_.resize(kEventBytesMax);
  for (;;) {
    const ssize_t size =
        ::recv(audit_.native_handle(), audit_buffer_.data(), audit_buffer_.size(), MSG_DONTWAIT);
    if (size <= 0) {
      audit_ended_ = size == 0 || (errno != EAGAIN && errno != EINTR);
      return;
    }
    std::string json = audit_buffer_.substr(0, static_cast<std::size_t>(size));
    while (!json.empty() && json.back() == '\n') json.pop_back();
    note_audit(json);
  }
}

net::Task<void> Subject::Impl::read_audit(std::shared_ptr<Impl> self) {
  while (!self->audit_ended_) {
    const auto [error] = co_await self->audit_.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    self->drain_audit();
  }
}

net::Task<void> Subject::Impl::watch(std::shared_ptr<Impl> self) {
  const world::Exit end = co_await self->process->wait();
  self->ended = end;
  journal::Fields fields;
  const char* const name = end.kind == world::Exit::Kind::signalled ? "signal" : "exit";
  fields[name] = static_cast<std::int64_t>(end.value);
  self->note("exit", std::move(fields), {});
}

net::Task<bool> Subject::Impl::stop(base::TimePoint deadline) {
  if (!process) co_return true;
  if (!ended && process->poll()) ended = process->exit();
  const bool was_running = !ended;
  if (was_running) {
    stopping = true;
    process->signal(SIGTERM);
  }
  bool late = false;
  net::Deadline bound(deadlines_, [this, &late] {
    late = true;
    process->kill();
  });
  bound.set(deadline);
  const world::Exit end = co_await process->wait();
  ended = end;
  co_return !late;
}

void Subject::Impl::forget() {
  boost::system::error_code ignored;
  ready_.close(ignored);
  audit_.close(ignored);
}

Subject::Subject(SubjectSpec spec, net::Executor executor, net::Clock& clock,
                 net::Deadlines& deadlines, journal::Journal& journal,
                 std::function<std::string()> step_of)
    : impl_(std::make_shared<Impl>(std::move(spec), executor, clock, deadlines, journal,
                                   std::move(step_of))) {}

Subject::~Subject() { impl_->forget(); }

net::Task<std::optional<StartFailure>> Subject::start(base::TimePoint deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  if (auto failure = impl->launch()) co_return failure;
  co_return co_await impl->wait_ready(deadline);
}

void Subject::drain_audit() { impl_->drain_audit(); }

net::Task<bool> Subject::stop(base::TimePoint deadline) { return impl_->stop(deadline); }

const SubjectSpec& Subject::spec() const { return impl_->spec; }
bool Subject::running() const { return impl_->process && !impl_->ended; }
const std::optional<world::Exit>& Subject::exit() const { return impl_->ended; }
bool Subject::crashed() const { return impl_->ended.has_value() && !impl_->stopping; }
pid_t Subject::pid() const { return impl_->process ? impl_->process->pid() : -1; }

const std::vector<std::pair<std::string, std::string>>& Subject::agent_environment() const {
  return impl_->agent_environment;
}

const std::string& Subject::ca_pem() const { return impl_->ca_pem; }
std::string Subject::ca_folder() const { return impl_->spec.folder + "/ca"; }

std::string Subject::output() const {
  return impl_->process ? impl_->process->out() + impl_->process->err() : std::string();
}

std::string Subject::error_tail(std::size_t lines) const {
  if (!impl_->process) return {};
  const std::string& all = impl_->process->err();
  std::size_t begin = all.size();
  for (std::size_t found = 0; begin > 0 && found <= lines; --begin) {
    if (all[begin - 1] == '\n' && begin != all.size() && ++found == lines) break;
  }
  return all.substr(begin);
}

std::vector<std::string> Subject::files() const {
  const std::string& folder = impl_->spec.folder;
  return {folder + "/config.yaml", folder + "/policy.yaml", folder + "/routes.yaml"};
}

}  // namespace sallyport::sim::subject
