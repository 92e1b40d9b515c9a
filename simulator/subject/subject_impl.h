// What stands behind Subject. Internal to this module: how it is started and told is in subject.cc,
// how it is listened to in subject_words.cc.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reference/base/unique_fd.h"
#include "simulator/journal/journal.h"
#include "simulator/subject/folder_watch.h"
#include "simulator/subject/subject.h"

namespace sallyport::sim::subject {

class Subject::Impl {
 public:
  Impl(SubjectSpec given, net::Executor executor_, net::Deadlines& deadlines_,
       journal::Journal& journal_, std::function<std::string()> step_of)
      : spec(std::move(given)),
        executor(executor_),
        deadlines(deadlines_),
        journal(journal_),
        daemon(spec.name, "supervisor", executor_, deadlines_, journal_,
               [this](const std::string& text) { note_lines(text); }),
        link(std::make_shared<Link>(Link{this})),
        step_of_(std::move(step_of)) {}
  ~Impl() {
    link->subject = nullptr;
    *unready = false;
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // What outlives the subject for a turn of the loop finds it by this.
  struct Link {
    Impl* subject = nullptr;
  };

  [[nodiscard]] std::optional<StartFailure> launch(base::TimePoint deadline);
  [[nodiscard]] std::string hold_namespace();
  [[nodiscard]] std::string find_holder();
  void tell_to_reload();
  void note_output(int stream, std::string_view bytes);
  void look_for_file();
  void read_log();
  void count_reload(bool good, const std::string& why);

  SubjectSpec spec;
  net::Executor executor;
  net::Deadlines& deadlines;
  journal::Journal& journal;
  Daemon daemon;
  std::string ca_pem;
  Configured configured;
  Variables variables;
  std::optional<pid_t> holder;
  std::shared_ptr<Link> link;
  std::unique_ptr<world::Process> in_namespace;  // holds the agent's for `${sandbox_pid}`
  std::shared_ptr<bool> unready = std::make_shared<bool>(false);

 private:
  static net::Task<void> knock_until_open(std::shared_ptr<Link> link, base::TimePoint deadline);
  static net::Task<void> await_reload(std::shared_ptr<Link> link,
                                      std::shared_ptr<world::Process> process);
  void note_lines(const std::string& text);
  void note_audit(const std::string& json, bool late);
  void note_config(const std::map<std::string, std::string>& texts, bool late);
  void note(std::string kind, journal::Fields fields, std::string step, bool late);
  void note_line_of_output(const std::string& line);
  void watch_files();

  std::function<std::string()> step_of_;
  std::array<std::string, 3> output_;  // what came after the last whole line, by stream
  std::unique_ptr<FolderWatch> ready_watch_, log_watch_;
  std::optional<LogTail> log_;
  base::UniqueFd holder_pipe_;
};

}  // namespace sallyport::sim::subject
