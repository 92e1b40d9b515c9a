// What a subject says: its events, lines of its output, files that it writes.
#include <re2/re2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <sstream>

#include "simulator/subject/subject_impl.h"

namespace sallyport::sim::subject {
namespace {

constexpr std::size_t kOutputLineMax = 64U * 1024;  // a longer one is looked at in pieces

std::optional<pid_t> pid_in(std::string_view text) {
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin == std::string_view::npos) return std::nullopt;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), pid);
  if (error != std::errc() || pid <= 1) return std::nullopt;
  return pid;
}

}  // namespace

void Subject::Impl::note(std::string kind, journal::Fields fields, std::string step, bool late) {
  journal::Event event;
  event.source = spec.name;
  event.source_type = "supervisor";
  event.kind = std::move(kind);
  event.fields = std::move(fields);
  event.step = std::move(step);
  event.late = late;
  journal.append(std::move(event));
}

void Subject::Impl::note_config(const std::map<std::string, std::string>& texts, bool late) {
  const auto text = [&texts](const char* name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  journal::Fields fields;
  for (const char* const name : {"generation", "state", "message", "detail", "part",
                                 "config_revision", "bundle_revision", "environment_revision"}) {
    if (texts.contains(name)) fields[name] = text(name);
  }
  const std::string state = text("state");
  if (state == "loaded") {
    ++configured.loaded;
    ++configured.loaded_in_run;
    configured.revisions = {text("config_revision"), text("bundle_revision"),
                            text("environment_revision")};
  }
  if (state == "stale") ++configured.stale;
  if (state == "failed") {
    ++configured.failed;
    configured.failed_part = text("part");
    configured.failed_why = text("detail").empty() ? text("message") : text("detail");
  }
  note("config", std::move(fields), {}, late);
}

void Subject::Impl::note_audit(const std::string& json, bool late) {
  const auto texts = audit_fields(json);
  if (!texts) return;
  journal::Fields fields;
  for (const auto& [name, text] : *texts) fields[name] = text;
  const auto type = texts->find("class");
  if (type != texts->end() && type->second == "Device Config State Change")
    note_config(*texts, late);
  fields["json"] = journal::Json{json};
  note("audit", std::move(fields), step_of_ ? step_of_() : std::string(), late);
}

// A message is one event of the reference; others may put several lines into one.
void Subject::Impl::note_lines(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) note_audit(line, false);
}

void Subject::Impl::count_reload(bool good, const std::string& why) {
  journal::Fields fields;
  fields["state"] = std::string(good ? "loaded" : "failed");
  if (!why.empty()) fields["detail"] = why;
  ++(good ? configured.loaded : configured.failed);
  if (!good) configured.failed_why = why;
  if (!good) configured.failed_part.clear();
  note("config", std::move(fields), {}, false);
}

void Subject::Impl::note_line_of_output(const std::string& line) {
  const Description& about = spec.description;
  if (*unready && about.ready.way == Description::Way::output &&
      re2::RE2::PartialMatch(line, about.ready.text)) {
    *unready = false;
    daemon.say_ready(line);
    return;
  }
  const Description::Reload& reload = about.reload;
  if (reload.done != Description::ReloadDone::output || !daemon.ready()) return;
  if (re2::RE2::PartialMatch(line, reload.pattern)) {
    count_reload(true, {});
  } else if (!reload.refused.empty() && re2::RE2::PartialMatch(line, reload.refused)) {
    count_reload(false, line);
  }
}

void Subject::Impl::note_output(int stream, std::string_view bytes) {
  if (stream < 1 || stream > 2) return;
  std::string& begun = output_.at(static_cast<std::size_t>(stream));
  begun.append(bytes);
  std::size_t begin = 0;
  for (std::size_t end = begun.find('\n'); end != std::string::npos;
       begin = end + 1, end = begun.find('\n', begin)) {
    note_line_of_output(begun.substr(begin, end - begin));
  }
  begun.erase(0, begin);
  if (begun.size() < kOutputLineMax) return;
  note_line_of_output(begun);
  begun.clear();
}

void Subject::Impl::look_for_file() {
  if (!*unready) return;
  struct stat status {};
  if (::stat((spec.folder + "/" + spec.description.ready.text).c_str(), &status) != 0) return;
  *unready = false;
  daemon.say_ready("");
}

void Subject::Impl::read_log() {
  if (log_) log_->read();
}

void Subject::Impl::watch_files() {
  const Description& about = spec.description;
  const std::shared_ptr<Link> own = link;
  const auto parent = [this](const std::string& path) {
    return std::filesystem::path(spec.folder + "/" + path).parent_path().string();
  };
  if (about.ready.way == Description::Way::file) {
    const std::string path = spec.folder + "/" + about.ready.text;
    ::unlink(path.c_str());  // an earlier run's
    ready_watch_ = FolderWatch::make(executor, parent(about.ready.text), [own] {
      if (own->subject != nullptr) own->subject->look_for_file();
    });
  }
  if (about.events == Description::Events::file && !log_) {
    log_.emplace(spec.folder + "/" + about.events_file,
                 [this](const std::string& line) { note_audit(line, true); });
    log_watch_ = FolderWatch::make(executor, parent(about.events_file), [own] {
      if (own->subject != nullptr) own->subject->read_log();
    });
  }
}

// The pid that it has reported by now; what is wrong with it, or nothing.
std::string Subject::Impl::find_holder() {
  const Description& about = spec.description;
  holder.reset();
  if (about.agent == Description::Agent::given) return {};
  std::string text;
  if (about.holder.way == Description::Way::file) {
    text = read_file(spec.folder + "/" + about.holder.text);
  } else if (about.holder.way == Description::Way::output) {
    std::istringstream lines(daemon.last_output());
    const re2::RE2 pattern(about.holder.text);
    for (std::string line; text.empty() && std::getline(lines, line);) {
      std::string group;
      if (pattern.NumberOfCapturingGroups() > 0) {
        if (re2::RE2::PartialMatch(line, pattern, &group)) text = group;
      } else if (re2::RE2::PartialMatch(line, pattern)) {
        text = line;
      }
    }
  } else {
    std::array<char, 256> buffer{};
    const ssize_t size = ::read(holder_pipe_.get(), buffer.data(), buffer.size());
    if (size > 0) text.assign(buffer.data(), static_cast<std::size_t>(size));
    holder_pipe_.reset();
  }
  holder = pid_in(text);
  return holder ? std::string()
                : "it was ready, but has reported no process in its agent's namespace";
}

}  // namespace sallyport::sim::subject
