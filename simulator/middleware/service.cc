#include "simulator/middleware/service.h"

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
#include <map>
#include <utility>

#include "reference/base/check.h"
#include "reference/base/unique_fd.h"
#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "simulator/journal/journal.h"
#include "simulator/middleware/script.h"
#include "simulator/middleware/service_commands.h"
#include "simulator/middleware/told.h"

namespace sallyport::sim::middleware {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<net::Executor>;

constexpr std::size_t kEventBytesMax = 1024UL * 1024;  // more than the socket takes at once
constexpr std::size_t kReadyBytesMax = 4096;

}  // namespace

class Service::Impl : public std::enable_shared_from_this<Service::Impl> {
 public:
  Impl(ServiceSpec given, Surroundings surroundings)
      : spec(std::move(given)),
        endpoint(spec.listen),
        around_(std::move(surroundings)),
        ready_(around_.executor),
        events_(around_.executor),
        changed_(around_.executor) {}

  [[nodiscard]] std::optional<StartFailure> launch();
  [[nodiscard]] net::Task<std::optional<StartFailure>> wait_ready(base::TimePoint deadline);
  [[nodiscard]] net::Task<bool> stop(base::TimePoint deadline, int signal);
  [[nodiscard]] net::Task<bool> change(std::string line, base::TimePoint deadline);
  void drain();
  void forget();
  [[nodiscard]] bool running() const { return process && !ended; }
  [[nodiscard]] bool is_foreign() const { return !spec.command.empty(); }
  [[nodiscard]] bool write_script() const { return save(spec, around_.slow, script_path()); }
  [[nodiscard]] std::string script_path() const { return around_.folder + "/script.json"; }

  struct Fault {
    std::string line;
    OnHit on_hit;
  };

  ServiceSpec spec;
  net::Endpoint endpoint;
  std::unique_ptr<world::Process> process;
  std::optional<world::Exit> ended;
  std::vector<int> asked;   // the signals sent to end this run
  bool said_ready = false;  // this run; an end before is a failed start, no crash
  std::optional<world::Exit> crash;
  std::string past_output;  // of earlier runs
  std::map<std::string, Fault> faults;

 private:
  [[nodiscard]] world::CommandSpec command() const;
  [[nodiscard]] bool launch_probe(int ready);
  [[nodiscard]] net::Task<StartFailure> why_not_ready(bool expired);
  void note(std::string kind, journal::Fields fields);
  void note_told(ToldByService told);
  void take_exit(const world::Exit& end);
  void attribute(journal::Event& event) const;
  static net::Task<void> read_events(std::shared_ptr<Impl> self, std::uint64_t run);
  static net::Task<void> watch(std::shared_ptr<Impl> self, std::uint64_t run);

  Surroundings around_;
  std::unique_ptr<world::Process> probe_;  // of another program's run; it says that it is ready
  Descriptor ready_;
  Descriptor events_;
  net::Event changed_;
  std::uint64_t run_ = 0;            // counts starts
  std::uint64_t connections_ = 0;    // of earlier runs
  std::uint64_t last_number_ = 0;    // of this run
  std::map<std::string, int> done_;  // lines of control that it has answered
  std::string buffer_;
};

void Service::Impl::note(std::string kind, journal::Fields fields) {
  journal::Event event;
  event.source = spec.name;
  event.source_type = "middleware";
  event.kind = std::move(kind);
  event.fields = std::move(fields);
  around_.journal.append(std::move(event));
}

// The step and the exchange that an evaluation belongs to.
void Service::Impl::attribute(journal::Event& event) const {
  const std::string octets = request_octets(event.fields);
  if (around_.step_of) event.step = around_.step_of(octets);
  const std::string nonce = around_.nonce_of ? around_.nonce_of(octets) : std::string();
  if (!nonce.empty()) event.fields["nonce"] = nonce;
}

void Service::Impl::note_told(ToldByService told) {
  if (told.kind == "control") {
    if (const auto* line = std::get_if<std::string>(&told.fields["line"])) ++done_[*line];
    changed_.notify();
    return;
  }
  journal::Event event;
  event.source = spec.name;
  event.source_type = "middleware";
  event.kind = told.kind;
  event.at = told.at;
  last_number_ = std::max(last_number_, told.connection);
  if (told.connection > 0)
    event.connection = fmt::format("{}#{}", spec.name, connections_ + told.connection);
  if (told.peer && around_.host_of) event.from = around_.host_of(*told.peer);
  event.fields = std::move(told.fields);
  if (told.kind == "evaluate" || told.kind == "cancelled") attribute(event);
  around_.journal.append(std::move(event));
  for (const std::string& name : told.hits) {
    const auto found = faults.find(name);
    if (found == faults.end() || !found->second.on_hit) continue;
    const OnHit on_hit = found->second.on_hit;
    on_hit(told.at);
  }
}

world::CommandSpec Service::Impl::command() const {
  if (is_foreign()) return foreign_command(spec, around_);
  std::vector<std::string> control;
  for (const auto& [name, fault] : faults) control.push_back(fault.line);
  return fake_command(around_, endpoint, script_path(), control);
}

std::optional<StartFailure> Service::Impl::launch() {
  CHECK(!running());
  ::mkdir(around_.folder.c_str(), 0755);
  if (!is_foreign() && !write_script())
    return StartFailure{"its script can't be written to " + script_path()};
  int ready[2];
  int events[2];
  if (::pipe2(ready, O_CLOEXEC | O_NONBLOCK) != 0) return StartFailure{"no pipe"};
  base::UniqueFd ready_read(ready[0]);
  const base::UniqueFd ready_write(ready[1]);
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) != 0)
    return StartFailure{"no socket pair"};
  base::UniqueFd events_here(events[0]);
  const base::UniqueFd events_there(events[1]);
  // So that a request of the largest size is told in one message; less is what the kernel allows.
  const int most = static_cast<int>(kEventBytesMax);
  ::setsockopt(events_there.get(), SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
  world::CommandSpec started_by = command();
  if (!is_foreign())
    started_by.descriptors = {{ready_write.get(), kReadyFd}, {events_there.get(), kEventFd}};
  auto started = world::spawn(around_.executor, std::move(started_by));
  if (!started) return StartFailure{"it can't be started: " + started.error().message()};
  if (process) past_output += process->out() + process->err();
  process = std::move(*started);
  ended.reset();
  asked.clear();
  said_ready = false;
  connections_ += std::exchange(last_number_, 0);
  done_.clear();
  ++run_;
  boost::system::error_code ignored;
  ready_.close(ignored);
  events_.close(ignored);
  ready_.assign(ready_read.release());
  events_.assign(events_here.release());
  asio::co_spawn(around_.executor, read_events(shared_from_this(), run_), asio::detached);
  asio::co_spawn(around_.executor, watch(shared_from_this(), run_), asio::detached);
  if (!is_foreign() || launch_probe(ready_write.get())) return std::nullopt;
  process->kill();
  return StartFailure{"nobody can be started to see whether it serves"};
}

// The other program has no descriptor of ours, so somebody asks it from outside.
bool Service::Impl::launch_probe(int ready) {
  world::CommandSpec asks = probe_command(around_, endpoint);
  asks.descriptors = {{ready, kReadyFd}};
  auto started = world::spawn(around_.executor, std::move(asks));
  if (!started) return false;
  probe_ = std::move(*started);
  return true;
}

net::Task<std::optional<StartFailure>> Service::Impl::wait_ready(base::TimePoint deadline) {
  bool expired = false;
  net::Deadline bound(around_.deadlines, [this, &expired] {
    expired = true;
    ready_.cancel();
    process->kill();
  });
  bound.set(deadline);
  std::string line;
  std::array<char, 256> buffer{};
  while (line.find('\n') == std::string::npos && line.size() < kReadyBytesMax) {
    const auto into = asio::buffer(buffer);
    const auto [error, size] = co_await ready_.async_read_some(into, net::kAwait);
    if (error) break;
    line.append(buffer.data(), size);
  }
  boost::system::error_code ignored;
  ready_.close(ignored);
  if (const auto port = ready_port(line); port && !expired) {
    said_ready = true;
    endpoint.port = *port;
    journal::Fields fields;
    fields["port"] = static_cast<std::int64_t>(*port);
    note("ready", std::move(fields));
    co_return std::nullopt;
  }
  co_return co_await why_not_ready(expired);
}

net::Task<StartFailure> Service::Impl::why_not_ready(bool expired) {
  // A probe that ended though the program runs has been told something else than a description.
  world::Exit told;
  if (probe_ && !expired) told = co_await probe_->wait();
  const bool refused = probe_ && !expired && !process->poll();
  if (refused) process->kill();
  const world::Exit end = co_await process->wait();
  take_exit(end);
  if (expired && is_foreign())
    co_return StartFailure{"it hadn't answered Describe in time: " + process->err()};
  if (expired) co_return StartFailure{"it wasn't ready in time"};
  if (refused) co_return StartFailure{"it runs, but " + told.detail + probe_->err()};
  co_return StartFailure{early_end(end, process->err())};
}

void Service::Impl::take_exit(const world::Exit& end) {
  if (ended || world::is_cancelled(end)) return;
  drain();
  ended = end;
  if (probe_) probe_->kill();
  if (!crash && said_ready && !world::is_asked_end(end, asked)) crash = end;
  journal::Fields fields;
  const char* const name = end.kind == world::Exit::Kind::signalled ? "signal" : "exit";
  fields[name] = static_cast<std::int64_t>(end.value);
  note("exit", std::move(fields));
  changed_.notify();
}

void Service::Impl::drain() {
  if (buffer_.empty()) buffer_.resize(kEventBytesMax);
  while (events_.is_open()) {
    const ssize_t size =
        ::recv(events_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) break;
    auto told = read_told({buffer_.data(), static_cast<std::size_t>(size)});
    if (told) note_told(std::move(*told));
  }
  boost::system::error_code ignored;
  events_.close(ignored);
}

net::Task<void> Service::Impl::read_events(std::shared_ptr<Impl> self, std::uint64_t run) {
  while (self->run_ == run && self->events_.is_open()) {
    const auto [error] = co_await self->events_.async_wait(Descriptor::wait_read, net::kAwait);
    if (error) co_return;
    if (self->run_ == run) self->drain();
  }
}

net::Task<void> Service::Impl::watch(std::shared_ptr<Impl> self, std::uint64_t run) {
  const world::Exit end = co_await self->process->wait();
  if (self->run_ == run) self->take_exit(end);
}

net::Task<bool> Service::Impl::stop(base::TimePoint deadline, int signal) {
  if (!running()) co_return true;
  // One that has ended by itself, though we haven't noticed yet, is a crash.
  if (!process->poll()) asked.push_back(signal);
  process->signal(signal);
  process->signal(SIGCONT);  // a frozen one can't obey
  bool late = false;
  net::Deadline bound(around_.deadlines, [this, &late] {
    late = true;
    asked.push_back(SIGKILL);
    process->kill();
  });
  bound.set(deadline);
  const world::Exit end = co_await process->wait();
  take_exit(end);
  co_return !late;
}

net::Task<bool> Service::Impl::change(std::string line, base::TimePoint deadline) {
  if (!running() || !events_.is_open()) co_return true;
  const std::uint64_t run = run_;
  const int before = done_[line];
  if (::send(events_.native_handle(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    co_return !running();
  bool expired = false;
  net::Deadline bound(around_.deadlines, [this, &expired] {
    expired = true;
    changed_.notify();
  });
  bound.set(deadline);
  // Its end settles it as well: the next start knows of it.
  while (!expired && run_ == run && running() && done_[line] == before) {
    const bool waited = co_await changed_.wait();
    if (!waited) co_return false;
  }
  co_return !expired || done_[line] > before;
}

void Service::Impl::forget() {
  if (process) process->kill();
  if (probe_) probe_->kill();
  ++run_;  // what comes of the old run is nobody's
  boost::system::error_code ignored;
  ready_.close(ignored);
  events_.close(ignored);
  faults.clear();
}

Service::Service(ServiceSpec spec, Surroundings surroundings)
    : impl_(std::make_shared<Impl>(std::move(spec), std::move(surroundings))) {}

Service::~Service() { impl_->forget(); }

net::Task<std::optional<StartFailure>> Service::start(base::TimePoint deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  if (auto failure = impl->launch()) co_return failure;
  co_return co_await impl->wait_ready(deadline);
}

net::Task<bool> Service::stop(base::TimePoint deadline, int signal) {
  return impl_->stop(deadline, signal);
}

void Service::signal(int number) {
  if (impl_->running()) impl_->process->signal(number);
}

net::Task<bool> Service::begin_fault(std::string name, ServiceFault kind, base::Duration delay,
                                     OnHit on_hit, base::TimePoint deadline) {
  CHECK(!impl_->faults.contains(name));
  std::string line = fault_line(name, kind, delay);
  Impl::Fault& fault = impl_->faults[name];
  fault.line = line;
  fault.on_hit = std::move(on_hit);
  return impl_->change(std::move(line), deadline);
}

net::Task<bool> Service::lift_fault(std::string name, base::TimePoint deadline) {
  impl_->drain();
  impl_->faults.erase(name);
  return impl_->change("lift " + name, deadline);
}

net::Task<bool> Service::apply(ServiceSpec spec, base::TimePoint deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->spec.script = std::move(spec.script);
  impl->spec.describe = std::move(spec.describe);
  impl->spec.validate = std::move(spec.validate);
  if (impl->is_foreign()) co_return true;  // it has no script
  if (!impl->write_script()) co_return false;
  std::string line = "script " + impl->script_path();
  co_return co_await impl->change(std::move(line), deadline);
}

void Service::drain_events() { impl_->drain(); }

const ServiceSpec& Service::spec() const { return impl_->spec; }
const net::Endpoint& Service::endpoint() const { return impl_->endpoint; }
bool Service::running() const { return impl_->running(); }
bool Service::ready() const { return impl_->running() && impl_->said_ready; }
const std::optional<world::Exit>& Service::crash() const { return impl_->crash; }
const std::optional<world::Exit>& Service::exit() const { return impl_->ended; }
pid_t Service::pid() const { return impl_->running() ? impl_->process->pid() : -1; }

std::string Service::output() const {
  std::string all = impl_->past_output;
  if (impl_->process) all += impl_->process->out() + impl_->process->err();
  return all;
}

std::vector<std::string> Service::files() const {
  return impl_->is_foreign() ? std::vector<std::string>() : std::vector{impl_->script_path()};
}

}  // namespace sallyport::sim::middleware
