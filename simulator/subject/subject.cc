#include "simulator/subject/subject.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <sstream>

#include "simulator/subject/knock.h"
#include "simulator/subject/launch.h"
#include "simulator/subject/subject_impl.h"

namespace sallyport::sim::subject {
namespace {

namespace asio = boost::asio;

}  // namespace

net::Task<void> Subject::Impl::knock_until_open(std::shared_ptr<Link> link,
                                                base::TimePoint deadline) {
  const std::shared_ptr<const bool> wanted = link->subject->unready;
  const SubjectSpec& spec = link->subject->spec;
  const bool open = co_await knock(link->subject->executor, link->subject->deadlines,
                                   spec.host.net_namespace, spec.listen, deadline, wanted);
  if (!open || link->subject == nullptr || !*link->subject->unready) co_return;
  *link->subject->unready = false;
  link->subject->daemon.say_ready("");
}

// A shell in the agent's namespace, until the subject's end closes the descriptor that it reads.
std::string Subject::Impl::hold_namespace() {
  in_namespace.reset();
  holder_pipe_.reset();
  if (spec.sandbox_net_namespace < 0 || !uses(spec.description, "sandbox_pid")) return {};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const base::UniqueFd read_end(ends[0]);
  holder_pipe_.reset(ends[1]);
  world::CommandSpec command;
  command.argv = {"/bin/sh", "-c", "read -r _ <&3"};
  command.environment = plain_environment();
  command.host = spec.agent_host;
  command.descriptors.emplace_back(read_end.get(), 3);
  auto started = world::spawn(executor, std::move(command));
  if (!started) return "no process can be put into the agent's namespace";
  in_namespace = std::move(*started);
  return {};
}

std::optional<StartFailure> Subject::Impl::launch(base::TimePoint deadline) {
  const Description& about = spec.description;
  if (std::string wrong = hold_namespace(); !wrong.empty()) return StartFailure{std::move(wrong)};
  variables = variables_of(spec, in_namespace ? in_namespace->pid() : 0);
  if (std::string wrong = write_files(spec, variables); !wrong.empty())
    return StartFailure{std::move(wrong)};
  std::string why;
  auto command = command_of(spec, about.command, variables, why);
  if (!command) return StartFailure{std::move(why)};
  command->argv.insert(command->argv.end(), spec.arguments.begin(), spec.arguments.end());
  if (variables.contains("netns_fd"))
    command->descriptors.emplace_back(spec.sandbox_net_namespace, kSpareFd);
  if (holder_pipe_) command->descriptors.emplace_back(holder_pipe_.get(), kAgentLifeFd);
  base::UniqueFd told;
  if (about.agent == Description::Agent::made_by_subject &&
      about.holder.way == Description::Way::line) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return StartFailure{"no pipe"};
    holder_pipe_.reset(ends[0]);
    told.reset(ends[1]);
    command->descriptors.emplace_back(told.get(), kHolderFd);
  }
  const std::shared_ptr<Link> own = link;
  if (about.ready.way == Description::Way::output || !about.reload.pattern.empty()) {
    command->on_output = [own](int stream, std::string_view bytes) {
      if (own->subject != nullptr) own->subject->note_output(stream, bytes);
    };
  }
  output_ = {};
  // What an earlier run still waits for is over.
  *unready = false;
  unready = std::make_shared<bool>(about.ready.way != Description::Way::line);
  watch_files();
  if (auto failure = daemon.launch(std::move(*command))) return failure;
  if (in_namespace) holder_pipe_.reset();  // the subject's alone from here
  if (about.ready.way == Description::Way::port)
    asio::co_spawn(executor, knock_until_open(link, deadline), asio::detached);
  return std::nullopt;
}

net::Task<void> Subject::Impl::await_reload(std::shared_ptr<Link> link,
                                            std::shared_ptr<world::Process> process) {
  const world::Exit end = co_await process->wait();
  if (link->subject == nullptr) co_return;
  const bool good = end.kind == world::Exit::Kind::exited && end.value == 0;
  if (link->subject->spec.description.reload.done == Description::ReloadDone::exit || !good) {
    link->subject->count_reload(good, good ? std::string()
                                           : fmt::format("the reload command ended with {}: {}{}",
                                                         end.value, end.detail, process->err()));
  }
}

void Subject::Impl::tell_to_reload() {
  const Description::Reload& reload = spec.description.reload;
  if (reload.by == Description::ReloadBy::none || !daemon.running()) return;
  if (reload.by == Description::ReloadBy::signal) {
    daemon.signal(reload.signal);
    if (reload.done == Description::ReloadDone::sent) count_reload(true, {});
    return;
  }
  std::string why;
  auto command = command_of(spec, reload.command, variables, why);
  if (!command) return count_reload(false, why);
  auto started = world::spawn(executor, std::move(*command));
  if (!started) return count_reload(false, "the reload command can't be started");
  std::shared_ptr<world::Process> process = std::move(*started);
  asio::co_spawn(executor, await_reload(link, process), asio::detached);
  if (reload.done == Description::ReloadDone::sent) count_reload(true, {});
}

Subject::Subject(SubjectSpec spec, net::Executor executor, net::Deadlines& deadlines,
                 journal::Journal& journal, std::function<std::string()> step_of)
    : impl_(std::make_unique<Impl>(std::move(spec), executor, deadlines, journal,
                                   std::move(step_of))) {}

Subject::~Subject() = default;

net::Task<std::optional<StartFailure>> Subject::start(base::TimePoint deadline) {
  impl_->configured.revisions = {};
  impl_->configured.loaded_in_run = 0;
  if (auto failure = impl_->launch(deadline)) co_return failure;
  Daemon::Ready ready = co_await impl_->daemon.wait_ready(deadline);
  if (ready.failure) co_return ready.failure;
  if (std::string wrong = impl_->find_holder(); !wrong.empty())
    co_return StartFailure{std::move(wrong)};
  const std::string& certificate = impl_->spec.description.ca_certificate;
  // One that terminates no TLS shows agents its upstreams' own certificates.
  impl_->ca_pem = certificate.empty() ? impl_->spec.upstream_ca_pem
                                      : read_file(impl_->spec.folder + "/" + certificate);
  // What it says of its configuration before it is ready stands before `ready`.
  drain();
  journal::Fields fields;
  if (ready.line.starts_with('{')) fields["json"] = journal::Json{std::move(ready.line)};
  impl_->daemon.note("ready", std::move(fields));
  co_return std::nullopt;
}

bool Subject::reconfigure(std::string policy_yaml, std::optional<Route> route) {
  impl_->spec.policy_yaml = std::move(policy_yaml);
  impl_->spec.route = std::move(route);
  const bool written = write_sources(impl_->spec);
  if (written) impl_->tell_to_reload();
  return written;
}

void Subject::drain() {
  impl_->daemon.drain();
  impl_->read_log();
}

net::Task<void> Subject::let_go() {
  if (!impl_->in_namespace) co_return;
  impl_->in_namespace->kill();
  static_cast<void>(co_await impl_->in_namespace->wait());
  impl_->in_namespace.reset();
}

bool Subject::tells_configuration() const { return impl_->spec.description.tells_configuration; }
std::optional<pid_t> Subject::holder() const { return impl_->holder; }
const Subject::Configured& Subject::configured() const { return impl_->configured; }
Daemon& Subject::process() { return impl_->daemon; }
const Daemon& Subject::process() const { return impl_->daemon; }
const SubjectSpec& Subject::spec() const { return impl_->spec; }

std::vector<std::pair<std::string, std::string>> Subject::agent_environment() const {
  const Description& about = impl_->spec.description;
  std::vector<std::pair<std::string, std::string>> variables;
  std::string text;
  if (!about.agent_environment.empty())
    text = read_file(impl_->spec.folder + "/" + about.agent_environment);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos)
      variables.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  if (impl_->daemon.pid() < 0) return variables;
  for (const auto& [name, value] : about.workload) {
    std::string missing;
    if (auto filled = fill(value, impl_->variables, missing))
      variables.emplace_back(name, std::move(*filled));
  }
  return variables;
}

const std::string& Subject::ca_pem() const { return impl_->ca_pem; }
std::string Subject::ca_folder() const {
  const std::string& folder = impl_->spec.description.ca_folder;
  return impl_->spec.folder + "/" + (folder.empty() ? "upstream-ca.pem" : folder);
}

}  // namespace sallyport::sim::subject
