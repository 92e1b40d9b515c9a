#include "reference/readiness/outcome.h"

namespace sallyport::readiness {

int exit_code(Class outcome) {
  switch (outcome) {
    case Class::ok:
      return 0;
    case Class::unreachable:
      return 1;
    case Class::skipped:
      return 3;
    case Class::exec_failed:
      return 4;
    case Class::wrong_context:
      return 5;
  }
  return 4;
}

std::string_view name(Class outcome) {
  switch (outcome) {
    case Class::ok:
      return "ok";
    case Class::skipped:
      return "skipped";
    case Class::unreachable:
      return "unreachable";
    case Class::exec_failed:
      return "exec_failed";
    case Class::wrong_context:
      return "wrong_context";
  }
  return "exec_failed";
}

}  // namespace sallyport::readiness
