// One `raw` script of the built-in client: octets as they are, while what comes is read as HTTP
// answers, one after another, at the same time. Internal to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/net/event.h"
#include "simulator/agents/exchange.h"

namespace sallyport::sim::agents {

class RawExchange : private Exchange {
 public:
  RawExchange(RawSpec spec, ClientContext& context);

  [[nodiscard]] net::Task<Seen> run();

 private:
  // Both at the same time, until the script is done and the answers are whole, or at the end.
  [[nodiscard]] net::Task<void> read();
  [[nodiscard]] net::Task<void> play();

  // Each is false when the script can't go on.
  [[nodiscard]] net::Task<bool> perform(const wire::Move& move);
  [[nodiscard]] net::Task<bool> send_chunks(const wire::Move& move);
  [[nodiscard]] net::Task<bool> expect(const wire::Move& move);
  [[nodiscard]] net::Task<bool> await(const wire::Move& move);
  [[nodiscard]] bool met(const wire::Move& move);
  void end_itself(bool with_reset);

  void take_in(std::string bytes);
  void look_at_reader();
  void note_sent(std::string_view bytes);
  [[nodiscard]] bool answers_whole() const;
  [[nodiscard]] bool finished() const;
  void judge();

  RawSpec spec_;
  net::Event changed_;  // something came, or the end
  std::optional<wire::HttpReader> reader_;
  wire::HttpReader sent_{wire::HttpReader::Kind::request};
  bool sent_head_noted_ = false;
  std::vector<std::string> methods_;  // of the requests whose heads went out
  std::uint64_t requests_ = 0;        // whole ones that went out
  std::uint64_t answers_ = 0;         // whole ones that came
  std::uint64_t heads_ = 0;           // of earlier answers, interim ones too
  std::uint64_t heads_expected_ = 0;
  std::string text_;  // that came and no `expect: TEXT` has passed; kept only for those
  bool keeps_text_ = false;
  bool opaque_ = false;   // after a 101 nothing is HTTP any more
  bool tunnels_ = false;  // a CONNECT of the script's own was granted
  bool reading_ended_ = false;
  bool script_over_ = false;
};

}  // namespace sallyport::sim::agents
