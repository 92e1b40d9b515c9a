#include "reference/gateway/command_line.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "reference/base/scalars.h"

namespace sallyport::gateway {
namespace {

constexpr std::string_view kExamples =
    R"(Examples:
  sallyport-gateway serve --config gateway.yaml
  OPENAI_API_KEY=... sallyport-gateway provider create openai --type openai \
      --credential OPENAI_API_KEY
  sallyport-gateway inference set --provider openai --model gpt-5 --timeout 90s
  sallyport-gateway sandbox create box --policy policy.yaml --token-file box.token
  sallyport-gateway policy set policy.yaml --sandbox box --json
`sallyport-gateway COMMAND VERB --help` has more.

Exit codes: 0 done, 1 the gateway refused, 2 misuse or a mistake in a file, 3 no gateway answers.)";

constexpr std::string_view kValueInArgv =
    "--credential takes the NAME of an environment variable that holds the value. A value on the "
    "command line can be read by everybody on this machine: use --credential NAME, or "
    "--credential-file NAME=PATH";

void add_serve(CLI::App& app, ServeFlags& flags) {
  CLI::App* serve = app.add_subcommand("serve", "Be the gateway");
  serve->add_option("--config", flags.config, "Configuration file (docs/gateway.md)")->required();
  serve->add_option("--state", flags.state,
                    "File of the state, or `memory`; instead of the file's");
  serve->add_flag("--check", flags.check, "Validate configuration and policies, and leave");
  const auto fd = CLI::Range(0, 1 << 20);
  serve->add_option("--ready-fd", flags.ready_fd, "Descriptor for the readiness line")->check(fd);
  serve->add_option("--call-fd", flags.call_fd, "Descriptor for one line a served call")->check(fd);
}

struct What {
  std::string name;
  std::string does;
  std::string example;  // behind the program's name
};

// Adds a command that sets the verb when it is the one.
CLI::App& command(CLI::App& group, const What& what, Verb verb, ClientFlags& flags) {
  CLI::App* const added = group.add_subcommand(what.name, what.does);
  added->callback([&flags, verb] { flags.verb = verb; });
  added->footer(fmt::format("Example:\n  sallyport-gateway {}", what.example));
  return *added;
}

CLI::App& group_of(CLI::App& app, const std::string& name, const std::string& about) {
  CLI::App& group = *app.add_subcommand(name, about);
  group.require_subcommand(1);
  return group;
}

void add_name(CLI::App& app, ClientFlags& flags, const std::string& about) {
  app.add_option("name", flags.name, about)->required();
}

void add_provider_options(CLI::App& app, ClientFlags& flags) {
  add_name(app, flags, "Name of the provider");
  app.add_option("--credential", flags.credentials,
                 "Name of the environment variable that holds the value, and of the credential");
  app.add_option("--credential-file", flags.credential_files, "NAME=PATH: the value is in a file");
  app.add_option("--config", flags.config, "NAME=VALUE, not secret; an empty VALUE deletes it");
  app.add_option("--endpoint", flags.endpoints,
                 "HOST:PORT[/PATH] to which sandboxes may send the credentials; replaces all");
}

void add_providers(CLI::App& app, ClientFlags& flags) {
  CLI::App& group = group_of(app, "provider", "Providers and their credentials");
  CLI::App& create = command(group,
                             {"create", "Make a provider",
                              "provider create openai --type openai --credential OPENAI_API_KEY"},
                             Verb::provider_create, flags);
  add_provider_options(create, flags);
  create.add_option("--type", flags.type, "Its type (openai, anthropic, nvidia ...)")->required();
  CLI::App& update = command(group,
                             {"update", "Change what is named, and leave the rest",
                              "provider update openai --credential-file OPENAI_API_KEY=/run/key"},
                             Verb::provider_update, flags);
  add_provider_options(update, flags);
  update.add_option("--remove-credential", flags.remove_credentials, "Name of a credential");
  update.add_option("--resource-version", flags.version, "Only if this is still its version");
  add_name(command(group, {"get", "Show one, without values", "provider get openai"},
                   Verb::provider_get, flags),
           flags, "Name of the provider");
  command(group, {"list", "Show all, without values", "provider list"}, Verb::provider_list, flags);
  CLI::App& remove =
      command(group, {"delete", "Delete one that nobody uses", "provider delete openai --force"},
              Verb::provider_delete, flags);
  add_name(remove, flags, "Name of the provider");
  remove.add_flag("--force", flags.force, "Also if a route or a sandbox uses it");
}

void add_route_options(CLI::App& app, ClientFlags& flags, bool required) {
  app.add_option("--provider", flags.provider, "Name of the provider")->required(required);
  app.add_option("--model", flags.model, "Model that every request is sent to")->required(required);
  const auto set_timeout = [&flags](const std::string& text) {
    auto seconds = base::parse_integer(text);
    if (const auto duration = base::parse_duration(text); !seconds && duration) {
      const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*duration);
      if (whole == *duration) seconds = static_cast<std::uint64_t>(whole.count());
    }
    if (!seconds) throw CLI::ValidationError("--timeout", "whole seconds (60s, 5min, 60)");
    flags.route_timeout_s = *seconds;
  };
  app.add_option_function<std::string>("--timeout", set_timeout,
                                       "Of the route, in whole seconds; 0: the supervisor's own");
  app.add_flag("--no-verify", flags.no_verify, "Store it without asking its endpoint");
}

void add_inference(CLI::App& app, ClientFlags& flags) {
  CLI::App& group = group_of(app, "inference", "The route behind inference.local");
  CLI::App& set = command(group,
                          {"set", "Set the route, once its endpoint has answered",
                           "inference set --provider openai --model gpt-5 --timeout 90s"},
                          Verb::inference_set, flags);
  add_route_options(set, flags, true);
  CLI::App& update = command(group,
                             {"update", "Change a part of the route, and ask its endpoint again",
                              "inference update --model gpt-5-mini"},
                             Verb::inference_update, flags);
  add_route_options(update, flags, false);
  command(group, {"get", "Show the route", "inference get --json"}, Verb::inference_get, flags);
  command(group, {"delete", "Delete the route", "inference delete"}, Verb::inference_delete, flags);
}

void add_sandbox_token(CLI::App& group, ClientFlags& flags) {
  CLI::App& token = command(group,
                            {"token", "Make its supervisor another token",
                             "sandbox token box --token-file box.token --keep-previous"},
                            Verb::sandbox_token, flags);
  add_name(token, flags, "Name or id");
  auto* const out =
      token.add_option("--token-file", flags.token_out, "File for the token, made or replaced");
  token.add_flag("--keep-previous", flags.keep_previous, "The token before is still known");
  token.add_flag("--revoke", flags.revoke, "Make none: no issued token is known any more")
      ->excludes(out);
}

void add_sandboxes(CLI::App& app, ClientFlags& flags) {
  CLI::App& group = group_of(app, "sandbox", "Sandboxes");
  const auto named = [&](const What& what, Verb verb) -> CLI::App& {
    CLI::App& added = command(group, what, verb, flags);
    add_name(added, flags, "Name or id");
    return added;
  };
  CLI::App& create = named({"create", "Make a sandbox",
                            "sandbox create box --policy policy.yaml --provider github "
                            "--token-file box.token"},
                           Verb::sandbox_create);
  create.add_option("--policy", flags.file, "Policy file; without it the global policy");
  create.add_option("--provider", flags.providers, "Provider to attach (may be repeated)");
  create.add_option("--token-file", flags.token_out, "New file for its supervisor's token");
  named({"get", "Show one, with its policy", "sandbox get box"}, Verb::sandbox_get);
  command(group, {"list", "Show all", "sandbox list"}, Verb::sandbox_list, flags);
  named({"delete", "Delete one", "sandbox delete box"}, Verb::sandbox_delete);
  for (const auto& [what, verb] :
       {std::pair{What{"attach", "Give it a provider's credentials", "sandbox attach box github"},
                  Verb::sandbox_attach},
        std::pair{What{"detach", "Take a provider's credentials away", "sandbox detach box github"},
                  Verb::sandbox_detach}}) {
    CLI::App& added = named(what, verb);
    added.add_option("provider", flags.providers, "Name of the provider")->required()->expected(1);
  }
  named({"status", "Whether its supervisor took the policy", "sandbox status box"},
        Verb::sandbox_status);
  add_sandbox_token(group, flags);
}

void add_others(CLI::App& app, ClientFlags& flags) {
  CLI::App& set = command(
      group_of(app, "policy", "Policies"),
      {"set", "Set a sandbox's policy, or the global one", "policy set policy.yaml --sandbox box"},
      Verb::policy_set, flags);
  set.add_option("file", flags.file, "Policy file")->required();
  CLI::App& register_all =
      command(group_of(app, "middleware", "Middleware registrations"),
              {"set", "Replace all registrations", "middleware set services.yaml"},
              Verb::middleware_set, flags);
  register_all.add_option("file", flags.file, "File with `middleware: [...]`")->required();
  CLI::App& token = command(
      group_of(app, "token", "Tokens of callers"),
      {"create", "Make a token in a new file; asks no gateway", "token create operator.token"},
      Verb::token_create, flags);
  token.add_option("file", flags.file, "New file, of mode 0600")->required();
  command(app, {"status", "Ask the gateway how it is", "status"}, Verb::status, flags);
}

void add_client_options(CLI::App& app, ClientFlags& flags) {
  flags.gateway = "http://127.0.0.1:8090";
  app.add_option("--gateway", flags.gateway, "http[s]://HOST:PORT of the gateway")
      ->envname("SALLYPORT_GATEWAY")
      ->capture_default_str();
  app.add_option("--sandbox", flags.sandboxes,
                 "Whose policy is set; with --json, whose revisions are told (may be repeated)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--ca", flags.ca_file,
                 "Certificates to trust for https:// instead of the system's")
      ->envname("SALLYPORT_GATEWAY_CA");
  app.add_option("--token-file", flags.token_file, "File with the token to call with")
      ->envname("SALLYPORT_GATEWAY_TOKEN_FILE");
  app.add_flag("--insecure", flags.insecure,
               "Send the token over http:// to another machine all the same");
  app.add_flag("--json", flags.json, "One line of JSON");
  const auto set_timeout = [&flags](const std::string& text) {
    const auto duration = base::parse_duration(text);
    if (!duration || *duration < std::chrono::milliseconds(1)) {
      throw CLI::ValidationError("--timeout", std::string(base::kDurationForm));
    }
    flags.timeout = *duration;
  };
  app.add_option_function<std::string>("--timeout", set_timeout,
                                       "To connect, and for an answer (2s)");
}

// What the library can't tell: values where names belong.
std::string misuse_of(const ClientFlags& flags) {
  for (const std::string& name : flags.credentials) {
    if (name.find('=') != std::string::npos) return std::string(kValueInArgv);
  }
  const auto pairs = {std::pair{"--credential-file NAME=PATH", &flags.credential_files},
                      std::pair{"--config NAME=VALUE", &flags.config}};
  for (const auto& [form, texts] : pairs) {
    for (const std::string& text : *texts) {
      if (text.find('=') == std::string::npos || text.front() == '=') {
        return fmt::format("the form is {}", form);
      }
    }
  }
  if (flags.verb == Verb::sandbox_token && flags.token_out.empty() && !flags.revoke) {
    return "sandbox token needs --token-file FILE, or --revoke";
  }
  const bool nothing = !flags.provider && !flags.model && !flags.route_timeout_s;
  if (flags.verb == Verb::inference_update && nothing) {
    return "inference update needs --provider, --model or --timeout";
  }
  return {};
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine result;
  ServeFlags serve;
  ClientFlags client;
  CLI::App app("The gateway of sandboxes' supervisors, and its command line", "sallyport-gateway");
  app.set_version_flag("--version", "sallyport-gateway " SALLYPORT_VERSION);
  app.footer(std::string(kExamples));
  app.require_subcommand(1);
  app.fallthrough();  // so that --json and the like may stand behind the command
  add_serve(app, serve);
  add_client_options(app, client);
  add_providers(app, client);
  add_inference(app, client);
  add_sandboxes(app, client);
  add_others(app, client);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    result.exit_code = app.exit(error, out, err) == 0 ? 0 : 2;
    result.output = result.exit_code == 0 ? out.str() : err.str();
    return result;
  }
  if (app.got_subcommand("serve")) {
    result.serve = serve;
  } else if (const std::string why = misuse_of(client); !why.empty()) {
    result.exit_code = 2;
    result.output = fmt::format("sallyport-gateway: {}\n", why);
  } else {
    if (!client.sandboxes.empty()) client.sandbox = client.sandboxes.front();
    result.client = client;
  }
  return result;
}

std::vector<std::string> check_descriptors(const ServeFlags& flags) {
  std::vector<std::string> problems;
  for (const auto& [flag, fd] :
       {std::pair{"--ready-fd", flags.ready_fd}, std::pair{"--call-fd", flags.call_fd}}) {
    if (fd < 0) continue;
    const int mode = ::fcntl(fd, F_GETFL);
    if (mode < 0) {
      problems.push_back(fmt::format("{} {}: not an open descriptor", flag, fd));
    } else if ((mode & O_ACCMODE) == O_RDONLY) {
      problems.push_back(fmt::format("{} {}: it must be writable", flag, fd));
    }
  }
  return problems;
}

}  // namespace sallyport::gateway
