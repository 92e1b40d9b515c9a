#include "reference/relay/copy.h"

#include <array>

namespace sallyport::relay {

net::Task<CopyEnd> copy_available(Inlet& source, net::ByteStream& sink, BodyCursor& cursor,
                                  std::string_view prefix, Pace pace) {
  CopyEnd end;
  std::size_t taken = 0;
  if (!cursor.done() && !source.bytes().empty()) {
    const auto count = cursor.take(source.bytes());
    if (count) {
      taken = *count;
    } else {
      end.what = CopyEnd::What::malformed;
    }
  }
  const std::array<std::string_view, 2> pieces = {prefix, source.bytes().substr(0, taken)};
  const Io io = co_await write_all(sink, pieces, pace);
  if (io != Io::ok) {
    end.what = CopyEnd::What::sink;
    end.io = io;
    co_return end;
  }
  source.consume(taken);
  end.bytes = taken;
  co_return end;
}

net::Task<CopyEnd> copy_body(Inlet& source, net::ByteStream& sink, BodyCursor& cursor,
                             std::string_view prefix, Pace pace) {
  CopyEnd end;
  while (true) {
    const CopyEnd piece = co_await copy_available(source, sink, cursor, prefix, pace);
    prefix = {};
    end.bytes += piece.bytes;
    end.what = piece.what;
    end.io = piece.io;
    if (piece.what != CopyEnd::What::done || cursor.done()) co_return end;
    pace.move(source.stream());
    pace.move(sink);
    const Io io = co_await source.fill_after_idle();
    if (io == Io::ok) continue;
    const bool whole = io == Io::end && cursor.until_close();
    end.what = whole ? CopyEnd::What::done : CopyEnd::What::source;
    end.io = io;
    co_return end;
  }
}

}  // namespace sallyport::relay
