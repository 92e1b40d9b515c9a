#include "simulator/subject/gateway.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "reference/base/scalars.h"
#include "reference/net/clock.h"
#include "reference/net/deadlines.h"

namespace sallyport::sim::subject {

class Gateway::Impl {
 public:
  Impl(GatewaySpec given, net::Executor executor_, net::Clock& clock_, net::Deadlines& deadlines_,
       journal::Journal& journal)
      : spec(std::move(given)),
        executor(executor_),
        clock(clock_),
        deadlines(deadlines_),
        daemon(spec.name, "gateway", executor_, deadlines_, journal,
               [this](const std::string& json) { note_call(json); }) {}

  [[nodiscard]] world::CommandSpec serve() const;
  [[nodiscard]] bool write_files() const;
  [[nodiscard]] std::string token_file() const {
    return spec.operator_token.empty() ? std::string() : spec.folder + "/operator.token";
  }

  GatewaySpec spec;
  net::Executor executor;
  net::Clock& clock;
  net::Deadlines& deadlines;
  Daemon daemon;

 private:
  void note_call(const std::string& json);
};

void Gateway::Impl::note_call(const std::string& json) {
  const auto texts = call_fields(json);
  if (!texts) return;
  journal::Fields fields;
  for (const auto& [name, text] : *texts) fields[name] = text;
  daemon.note("call", std::move(fields));
}

world::CommandSpec Gateway::Impl::serve() const {
  world::CommandSpec command;
  command.argv = {spec.binary,  "serve",
                  "--config",   spec.folder + "/config.yaml",
                  "--ready-fd", std::to_string(kReadyFd),
                  "--call-fd",  std::to_string(kMessagesFd)};
  command.environment = plain_environment();
  command.environment.emplace_back(world::kNoLeakSearch);
  command.cwd = spec.folder;
  command.host = spec.host;
  return command;
}

bool Gateway::Impl::write_files() const {
  bool written = write_file(spec.folder + "/config.yaml", configuration_yaml(spec));
  if (!spec.operator_token.empty())
    written = write_private_file(token_file(), spec.operator_token + "\n") && written;
  if (!spec.upstream_ca_pem.empty())
    written = write_file(spec.folder + "/upstream-ca.pem", spec.upstream_ca_pem) && written;
  written = write_registered_cas(spec.middleware, spec.folder) && written;
  for (const SandboxRecord& sandbox : spec.sandboxes) {
    const std::string path = spec.folder + "/" + sandbox.name;
    written = write_file(path + ".policy.yaml", sandbox.policy_yaml) && written;
    if (!sandbox.token.empty())
      written = write_private_file(path + ".token", sandbox.token + "\n") && written;
  }
  return written;
}

Gateway::Gateway(GatewaySpec spec, net::Executor executor, net::Clock& clock,
                 net::Deadlines& deadlines, journal::Journal& journal)
    : impl_(std::make_unique<Impl>(std::move(spec), executor, clock, deadlines, journal)) {}

Gateway::~Gateway() = default;

net::Task<std::optional<StartFailure>> Gateway::start(base::TimePoint deadline) {
  ::mkdir(impl_->spec.folder.c_str(), 0700);
  if (!impl_->write_files())
    co_return StartFailure{"its files can't be written to " + impl_->spec.folder};
  if (auto failure = impl_->daemon.launch(impl_->serve())) co_return failure;
  Daemon::Ready ready = co_await impl_->daemon.wait_ready(deadline);
  if (ready.failure) co_return ready.failure;
  journal::Fields fields;
  fields["json"] = journal::Json{std::move(ready.line)};
  impl_->daemon.note("ready", std::move(fields));
  co_return std::nullopt;
}

net::Task<CommandAnswer> Gateway::command(std::string sandbox, std::vector<std::string> arguments,
                                          std::map<std::string, std::string> variables,
                                          base::TimePoint deadline) {
  std::vector<std::string> sandboxes;
  if (!sandbox.empty()) sandboxes.push_back(sandbox);
  for (const SandboxRecord& record : impl_->spec.sandboxes) {
    if (sandbox.empty()) sandboxes.push_back(record.name);
  }
  world::CommandSpec command;
  command.argv = {impl_->spec.binary, "--gateway", impl_->spec.address, "--json"};
  if (!impl_->token_file().empty() && !impl_->spec.listen.address.is_loopback())
    command.argv.emplace_back("--insecure");
  for (const std::string& name : sandboxes)
    command.argv.insert(command.argv.end(), {"--sandbox", name});
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = plain_environment();
  command.environment.emplace_back(world::kNoLeakSearch);
  if (!impl_->token_file().empty())
    command.environment.push_back("SALLYPORT_GATEWAY_TOKEN_FILE=" + impl_->token_file());
  for (const auto& [name, value] : variables) command.environment.push_back(name + "=" + value);
  command.cwd = impl_->spec.folder;
  command.host = impl_->spec.host;
  auto started = world::spawn(impl_->executor, std::move(command));
  CommandAnswer answer;
  if (!started) {
    answer.detail = "the command line can't be started: " + started.error().message();
    co_return answer;
  }
  const std::unique_ptr<world::Process> process = std::move(*started);
  bool expired = false;
  net::Deadline bound(impl_->deadlines, [&expired, &process] {
    expired = true;
    process->kill();
  });
  bound.set(deadline);
  const world::Exit end = co_await process->wait();
  if (!expired) answer = parse_answer(process->out(), sandboxes);
  answer.ended = !expired;
  answer.output = process->out() + process->err();
  if (answer.ended && answer.code.empty()) {
    answer.detail = fmt::format("the command line ended with {} {}: {}{}",
                                end.kind == world::Exit::Kind::signalled ? "signal" : "exit",
                                end.value, end.detail, process->err());
  }
  co_return answer;
}

std::string Gateway::write(const std::string& name, const std::string& text) const {
  std::string path = impl_->spec.folder + "/" + name;
  return write_file(path, text) ? path : std::string();
}

std::string Gateway::operator_token_file() const { return impl_->token_file(); }
Daemon& Gateway::process() { return impl_->daemon; }
const Daemon& Gateway::process() const { return impl_->daemon; }
const GatewaySpec& Gateway::spec() const { return impl_->spec; }

}  // namespace sallyport::sim::subject
