// Messages of rtnetlink and their exchange over one blocking socket. Internal to this module.
#pragma once

#include <netlink/msg.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "reference/net/address.h"

namespace sallyport::linux::netlink {

struct FreeMessage {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;

// A request that is acknowledged. What is put into it below fits: more is a defect here (CHECK).
[[nodiscard]] Message make_message(int type, int flags);

template <class T>
void append(const Message& message, const T& value);
void append_octets(const Message& message, const void* data, std::size_t size);
void put(const Message& message, int attribute, const void* data, std::size_t size);
void put_u32(const Message& message, int attribute, std::uint32_t value);
void put_text(const Message& message, int attribute, std::string_view text);
void put_address(const Message& message, int attribute, const net::IpAddress& address);

[[nodiscard]] int family_of(const net::IpAddress& address);

// Each message of the kernel's that isn't its last word.
using OnAnswer = std::function<void(nlmsghdr*)>;

// Sends, and waits for the kernel's last word: 0, or the errno of the operation.
[[nodiscard]] int exchange(int socket, std::uint32_t sequence, const Message& message,
                           const OnAnswer& on_answer = nullptr);

template <class T>
void append(const Message& message, const T& value) {
  append_octets(message, &value, sizeof value);
}

}  // namespace sallyport::linux::netlink
