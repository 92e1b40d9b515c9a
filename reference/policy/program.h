// The program that asks, as policies name it: its executable and those of the processes that
// started it. A value; who finds it out is identity's.
#pragma once

#include <string>
#include <vector>

namespace sallyport::policy {

struct Program {
  std::string binary;                  // absolute path of the executable
  std::vector<std::string> ancestors;  // of its parents' executables, nearest first
  std::vector<std::string> cmdline;    // absolute-looking arguments; for texts, never to grant
  int pid = 0;
};

}  // namespace sallyport::policy
