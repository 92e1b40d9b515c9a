// The loop and the coroutine types that everything above shares: one single-threaded io_context a
// process, one awaitable type, one completion token. docs/coroutines.md has GCC 12's traps.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Task = asio::awaitable<T, Executor>;

// The one completion token: never throws, answers a tuple that begins with the error code.
inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

// A loop for one thread: no locks inside Asio. Made once by main (or a world, or a test).
class Loop {
 public:
  Loop() : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO) {}
  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] Executor executor() { return context_.get_executor(); }

 private:
  asio::io_context context_;
};

}  // namespace sallyport::net
