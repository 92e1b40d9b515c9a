#include "reference/linux/error.h"

#include <cstring>
#include <string>

#include "reference/base/check.h"

// Categories are never deleted: they are static.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace sallyport::linux {
namespace {

// One code holds both: operation * kErrnoSpan + errno.
constexpr int kErrnoSpan = 4096;

struct Description {
  Operation operation;
  const char* text;
};

constexpr Description kDescriptions[] = {
    {Operation::open_namespace, "opening a namespace"},
    {Operation::make_namespace, "making a network namespace"},
    {Operation::enter_namespace, "entering a namespace"},
    {Operation::check_namespace, "checking the kind of a namespace"},
    {Operation::open_netlink, "opening a netlink socket"},
    {Operation::talk_netlink, "talking to the kernel over netlink"},
    {Operation::find_link, "finding a link"},
    {Operation::set_link, "setting a link up or down"},
    {Operation::add_veth, "making a veth pair"},
    {Operation::add_address, "adding an address"},
    {Operation::add_route, "adding a route"},
    {Operation::set_sysctl, "setting a sysctl"},
    {Operation::make_socket, "making a socket"},
    {Operation::bind_socket, "binding a socket"},
    {Operation::drop_bounding_set, "clearing the capability bounding set"},
    {Operation::drop_groups, "dropping supplementary groups"},
    {Operation::change_group, "changing the group"},
    {Operation::change_user, "changing the user"},
    {Operation::drop_capabilities, "dropping capabilities"},
    {Operation::verify_privileges, "verifying that privileges are gone"},
    {Operation::set_no_new_privs, "setting no_new_privs"},
    {Operation::make_private, "making mounts private"},
    {Operation::clone_tree, "opening a mount tree"},
    {Operation::set_mount_read_only, "making mounts read-only"},
    {Operation::mount_tmpfs, "mounting a tmpfs"},
    {Operation::mount_proc, "mounting /proc"},
    {Operation::place_mount, "placing a mount"},
    {Operation::make_directory, "making a folder"},
    {Operation::make_file, "making a file"},
    {Operation::clone_process, "cloning a process"},
    {Operation::map_ids, "mapping ids into a user namespace"},
    {Operation::make_pipe, "making a pipe"},
    {Operation::close_descriptors, "closing descriptors"},
    {Operation::set_host_name, "setting the host name"},
    {Operation::set_death_signal, "setting the parent-death signal"},
    {Operation::wait_for_parent, "waiting for the parent"},
    {Operation::duplicate_descriptor, "duplicating a descriptor"},
    {Operation::change_directory, "changing the folder"},
    {Operation::execute, "executing"},
    {Operation::wait_process, "waiting for a process"},
    {Operation::signal_process, "signalling a process"},
    {Operation::install_rules, "installing packet filter rules"},
    {Operation::list_rules, "listing packet filter rules"},
    {Operation::open_packet_log, "opening the packet filter's log"},
    {Operation::set_limit, "setting a resource limit"},
    {Operation::restrict_files, "restricting files (Landlock)"},
    {Operation::restrict_calls, "restricting system calls (seccomp)"},
    {Operation::add_bridge, "adding a bridge"},
    {Operation::list_addresses, "listing addresses"},
};

const char* describe(Operation operation) {
  for (const Description& description : kDescriptions) {
    if (description.operation == operation) return description.text;
  }
  return "an unknown operation";
}

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "linux"; }
  [[nodiscard]] std::string message(int value) const override {
    const int number = value % kErrnoSpan;
    std::string text = describe(static_cast<Operation>(value / kErrnoSpan));
    text.append(": ").append(strerrordesc_np(number) ? strerrordesc_np(number) : "unknown error");
    if (const char* symbol = strerrorname_np(number)) text.append(" (").append(symbol).append(")");
    return text;
  }
};

}  // namespace

const boost::system::error_category& linux_category() {
  static const Category category;
  return category;
}

base::Error failure(Operation operation, int error) {
  CHECK(error > 0 && error < kErrnoSpan);
  return {static_cast<int>(operation) * kErrnoSpan + error, linux_category()};
}

int errno_of(const base::Error& error) {
  if (error.category() == linux_category()) return error.value() % kErrnoSpan;
  if (error.category() == boost::system::system_category() ||
      error.category() == boost::system::generic_category()) {
    return error.value();
  }
  return 0;
}

}  // namespace sallyport::linux
