// One connection through a hop: two ways, each with what waits on it, and how it is cut. Lives as
// long as its coroutines, or as whoever keeps it. On the world's loop. Internal to this module.
#pragma once

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "reference/net/deadlines.h"
#include "reference/net/event.h"
#include "reference/net/tcp.h"
#include "simulator/topology/hop.h"
#include "simulator/topology/hop_line.h"

namespace sallyport::sim::topology {

class HopConnection : public std::enable_shared_from_this<HopConnection> {
 public:
  struct Ends {
    std::unique_ptr<net::TcpStream> client;
    std::unique_ptr<net::TcpStream> listener;
  };
  // `on_hit` and `on_over` are called once at most; on_over when both ends are closed.
  HopConnection(net::Deadlines& deadlines, Ends ends, Impairment impairment,
                std::function<void()> on_hit, std::function<void()> on_over);
  ~HopConnection();
  HopConnection(const HopConnection&) = delete;
  HopConnection& operator=(const HopConnection&) = delete;

  void start();
  // Goes on unimpaired, and tells no hit. What waits keeps its time; what is stalled stays so.
  void lift();
  // Resets both ends at once.
  void abort();

 private:
  using Self = std::shared_ptr<HopConnection>;
  using Descriptor = net::asio::posix::basic_stream_descriptor<net::Executor>;

  // What a coroutine waits for: a time, or that something has changed.
  class Bell {
   public:
    Bell(net::Executor executor, net::Deadlines& deadlines)
        : event_(executor), deadline_(deadlines, [this] { event_.notify(); }) {}
    void ring() { event_.notify(); }
    [[nodiscard]] net::Task<bool> wait_until(base::TimePoint at);

   private:
    net::Event event_;
    net::Deadline deadline_;
  };
  struct Way {
    Way(net::Deadlines& deadlines, net::TcpStream& from_, net::TcpStream& to_, HopLine::Pace pace)
        : from(from_),
          to(to_),
          line(pace),
          fills(from_.executor(), deadlines),
          drains(from_.executor(), deadlines) {}
    net::TcpStream& from;
    net::TcpStream& to;
    HopLine line;
    Bell fills, drains;               // of the two coroutines
    std::uint64_t passed = 0;         // octets that were handed to `to`
    bool filled = false;              // `from` has ended, or broken
    bool broken = false;              // writing to `from` failed: its end is no clean one
    bool drained = false;             // its end was passed on
    std::optional<Descriptor> watch;  // of `from`, once it has ended: it may still reset
  };
  enum class State {
    flowing,
    discarding,  // cut by FIN: what comes is thrown away
    stalled,     // cut: nothing passes
    over,
  };

  static net::Task<void> fill(Self self, Way* way);
  static net::Task<void> drain(Self self, Way* way);
  static net::Task<void> watch_for_reset(Self self, Way* way);
  static net::Task<void> discard(Self self, Way* way);
  static net::Task<void> reset_when_sent(Self self, Way* way);
  // Each answers whether its coroutine goes on.
  bool take_in(Way& way, std::size_t room);
  bool hand_out(Way& way, std::string_view bytes, bool& full);
  bool pass_end_on(Way& way, HopLine::End end);
  // Octets that may still go to the client before the cut; nothing: no such cut.
  [[nodiscard]] std::optional<std::uint64_t> left(const Way& way) const;
  void cut(HopEnd how);
  // Whom `way` comes from is broken.
  void break_way(Way& way);
  void look_for_silence();
  void count(base::TimePoint at);
  void hit();
  void over(bool by_reset);
  void ring_all();
  void spawn(net::Task<void> root);

  net::Deadlines& deadlines_;
  Ends ends_;
  Impairment impairment_;
  std::function<void()> on_hit_, on_over_;
  Way to_listener_, to_client_;
  State state_ = State::flowing;
  base::TimePoint last_octet_;
  net::Deadline silence_;
};

}  // namespace sallyport::sim::topology
