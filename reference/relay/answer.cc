#include "reference/relay/answer.h"

namespace sallyport::relay {

http::LocalAnswer answer_of(const egress::Deny& deny) {
  const auto status = static_cast<unsigned>(deny.status);
  if (deny.error.empty()) return http::text_answer(status, deny.detail);
  return http::json_error(status, deny.error, deny.detail, deny.client_reason);
}

net::Task<bool> send_answer(net::ByteStream& client, http::LocalAnswer answer,
                            std::string_view method, const base::Limits& limits,
                            const base::Clock& clock) {
  const Pace pace{&clock, limits.chunk_idle};
  const std::string bytes = http::to_bytes(answer, method != "HEAD");
  const Io io = co_await write_text(client, bytes, pace);
  if (io != Io::ok) co_return false;
  if (!answer.close) co_return true;
  const Pace last{&clock, limits.drain};
  co_await linger(client, last);
  client.close();
  co_return false;
}

}  // namespace sallyport::relay
