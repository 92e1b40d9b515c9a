// Messages with descriptors between the processes of one sandbox: texts over SOCK_SEQPACKET, each
// whole or not at all. Plain blocking calls; a socket that doesn't block makes them not wait.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/result.h"
#include "reference/base/unique_fd.h"

namespace sallyport::sandbox {

// Of one message: texts that are longer, or come with more descriptors, aren't sent (EMSGSIZE).
inline constexpr std::size_t kMessageBytesMax = 160 * 1024;
inline constexpr std::size_t kMessageFdsMax = 8;

struct Message {
  std::string text;
  std::vector<base::UniqueFd> fds;  // close-on-exec
};

[[nodiscard]] base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_channel();

// Never SIGPIPE. Errors are errno's; EAGAIN where the socket doesn't block and is full.
[[nodiscard]] base::Result<void> send_message(int socket, std::string_view text,
                                              std::span<const int> fds = {});

// Nothing at the peer's end. EMSGSIZE for what was cut: then all its descriptors are closed.
[[nodiscard]] base::Result<std::optional<Message>> receive_message(int socket);

// Whether a message, or the end, comes within `ms`.
[[nodiscard]] bool speaks_within(int socket, int ms);

// Where a text's first word ends: `{"signal", "2"}`; a text without a space is a word alone.
[[nodiscard]] std::pair<std::string_view, std::string_view> first_word(std::string_view text);

}  // namespace sallyport::sandbox
