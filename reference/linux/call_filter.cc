#include "reference/linux/call_filter.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "reference/linux/error.h"

namespace sallyport::linux {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kOtherNumbers = 0x40000000;  // x32's calls begin there
#elif defined(__aarch64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kOtherNumbers = 0;
#else
constexpr std::uint32_t kMachine = 0;
constexpr std::uint32_t kOtherNumbers = 0;
#endif

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

constexpr std::array kRefused{
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_move_mount,
    SYS_open_tree,
    SYS_mount_setattr,
    SYS_setns,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_open_by_handle_at,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
};
constexpr std::array kFamiliesRefused{AF_NETLINK, AF_PACKET, AF_BLUETOOTH, AF_VSOCK};

enum class Whom { harness, agent };

using Program = std::vector<sock_filter>;

void add(Program& program, unsigned code, std::uint32_t value, unsigned yes = 0, unsigned no = 0) {
  program.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(yes),
                     static_cast<std::uint8_t>(no), value});
}
void load(Program& program, std::size_t offset) {
  add(program, BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
void answer(Program& program, std::uint32_t with) { add(program, BPF_RET | BPF_K, with); }
// What was loaded is `value`: the answer is `with`.
void answer_if(Program& program, std::uint32_t value, std::uint32_t with) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
  answer(program, with);
}
// The low half of an argument; the kernel looks at no more of those that we ask about.
std::size_t argument(std::size_t number) {
  return offsetof(seccomp_data, args) + number * sizeof(std::uint64_t);
}

// A call whose arguments decide: `tests` of them, after which it is allowed.
void on_call(Program& program, long call, const Program& tests) {
  add(program, BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0,
      static_cast<unsigned>(tests.size()) + 1);
  program.insert(program.end(), tests.begin(), tests.end());
  answer(program, SECCOMP_RET_ALLOW);
}

// What is loaded is the family of a socket: one of netlink is decided by its protocol alone.
void allow_route_netlink(Program& tests) {
  Program inside;
  load(inside, argument(2));
  answer_if(inside, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
  answer(inside, kRefuse);
  add(tests, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, static_cast<unsigned>(inside.size()));
  tests.insert(tests.end(), inside.begin(), inside.end());
}

Program socket_tests(Whom whom) {
  constexpr std::uint32_t kTypes = 0xff;  // without SOCK_CLOEXEC and SOCK_NONBLOCK
  Program tests;
  load(tests, argument(0));
  if (whom == Whom::agent) allow_route_netlink(tests);
  for (const int family : kFamiliesRefused)
    answer_if(tests, static_cast<std::uint32_t>(family), kRefuse);
  load(tests, argument(1));
  add(tests, BPF_ALU | BPF_AND | BPF_K, kTypes);
  for (const int type : {SOCK_RAW, SOCK_PACKET})
    answer_if(tests, static_cast<std::uint32_t>(type), kRefuse);
  return tests;
}

// An argument that is one of `values`.
Program value_tests(std::size_t number, std::initializer_list<std::uint32_t> values) {
  Program tests;
  load(tests, argument(number));
  for (const std::uint32_t value : values) answer_if(tests, value, kRefuse);
  return tests;
}

// An argument that has any of `bits`.
Program bit_tests(std::size_t number, std::uint32_t bits) {
  Program tests;
  load(tests, argument(number));
  add(tests, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
  answer(tests, kRefuse);
  return tests;
}

void add_agent_tests(Program& program) {
  answer_if(program, SYS_memfd_create, kRefuse);
  on_call(program, SYS_execveat, bit_tests(4, AT_EMPTY_PATH));
  on_call(program, SYS_seccomp, value_tests(0, {SECCOMP_SET_MODE_FILTER}));
  on_call(program, SYS_prctl, value_tests(0, {PR_SET_SECCOMP}));
  on_call(program, SYS_ioctl, value_tests(1, {TIOCSTI, TIOCLINUX}));
}

Program filter(Whom whom) {
  Program program;
  load(program, offsetof(seccomp_data, arch));
  add(program, BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0);
  answer(program, SECCOMP_RET_KILL_PROCESS);
  load(program, offsetof(seccomp_data, nr));
  if (kOtherNumbers != 0) {
    add(program, BPF_JMP | BPF_JGE | BPF_K, kOtherNumbers, 0, 1);
    answer(program, kRefuse);
  }
  for (const long call : kRefused) answer_if(program, static_cast<std::uint32_t>(call), kRefuse);
  answer_if(program, SYS_clone3, kAbsent);
  on_call(program, SYS_socket, socket_tests(whom));
  on_call(program, SYS_unshare, bit_tests(0, CLONE_NEWUSER));
  on_call(program, SYS_clone, bit_tests(0, CLONE_NEWUSER));
  if (whom == Whom::agent) add_agent_tests(program);
  answer(program, SECCOMP_RET_ALLOW);
  return program;
}

base::Result<void> put_in_force(Whom whom) {
  if (kMachine == 0) return failure(Operation::restrict_calls, ENOTSUP);
  Program program = filter(whom);
  sock_fprog whole{};
  whole.len = static_cast<unsigned short>(program.size());
  whole.filter = program.data();
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) != 0) {
    return failure(Operation::restrict_calls, errno);
  }
  return {};
}

}  // namespace

base::Result<void> refuse_dangerous_calls() { return put_in_force(Whom::harness); }

base::Result<void> refuse_agent_calls() { return put_in_force(Whom::agent); }

}  // namespace sallyport::linux
