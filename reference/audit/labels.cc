// The labels that OCSF 1.8 gives its numbers.
#include <array>
#include <span>

#include "reference/audit/json.h"

namespace sallyport::audit {
namespace {

constexpr std::array<std::string_view, 10> kNetwork{
    "Unknown", "Open", "Close", "Reset", "Fail", "Refuse", "Traffic", "Listen", "Trace", "Patch"};
constexpr std::array<std::string_view, 10> kHttp{"Unknown", "Connect", "Delete", "Get",   "Head",
                                                 "Options", "Post",    "Put",    "Trace", "Patch"};
constexpr std::array<std::string_view, 4> kFinding{"Unknown", "Create", "Update", "Close"};
constexpr std::array<std::string_view, 3> kConfig{"Unknown", "Log", "Collect"};
constexpr std::array<std::string_view, 5> kLifecycle{"Unknown", "Install", "Remove", "Start",
                                                     "Stop"};
constexpr std::array<std::string_view, 5> kApi{"Unknown", "Create", "Read", "Update", "Delete"};

std::span<const std::string_view> activities(EventClass kind) {
  switch (kind) {
    case EventClass::network_activity:
      return kNetwork;
    case EventClass::http_activity:
      return kHttp;
    case EventClass::detection_finding:
      return kFinding;
    case EventClass::config_state_change:
      return kConfig;
    case EventClass::application_lifecycle:
      return kLifecycle;
    case EventClass::api_activity:
      return kApi;
  }
  return {};
}

}  // namespace

std::string_view class_name(EventClass kind) {
  switch (kind) {
    case EventClass::network_activity:
      return "Network Activity";
    case EventClass::http_activity:
      return "HTTP Activity";
    case EventClass::detection_finding:
      return "Detection Finding";
    case EventClass::config_state_change:
      return "Device Config State Change";
    case EventClass::application_lifecycle:
      return "Application Lifecycle";
    case EventClass::api_activity:
      return "API Activity";
  }
  return "Unknown";
}

std::string activity_name(const Event& event) {
  if (!event.activity_name.empty()) return event.activity_name;
  const auto labels = activities(event.kind);
  const auto index = static_cast<std::size_t>(event.activity);
  return std::string(index < labels.size() ? labels[index] : "Other");
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::unknown:
      return "Unknown";
    case Severity::informational:
      return "Informational";
    case Severity::low:
      return "Low";
    case Severity::medium:
      return "Medium";
    case Severity::high:
      return "High";
    case Severity::critical:
      return "Critical";
    case Severity::fatal:
      return "Fatal";
    case Severity::other:
      return "Other";
  }
  return "Unknown";
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::unknown:
      return "Unknown";
    case Status::success:
      return "Success";
    case Status::failure:
      return "Failure";
    case Status::other:
      return "Other";
  }
  return "Unknown";
}

std::string_view action_name(Action action) {
  switch (action) {
    case Action::unknown:
      return "Unknown";
    case Action::allowed:
      return "Allowed";
    case Action::denied:
      return "Denied";
    case Action::observed:
      return "Observed";
    case Action::modified:
      return "Modified";
    case Action::other:
      return "Other";
  }
  return "Unknown";
}

std::string_view disposition_name(Disposition disposition) {
  switch (disposition) {
    case Disposition::unknown:
      return "Unknown";
    case Disposition::allowed:
      return "Allowed";
    case Disposition::blocked:
      return "Blocked";
    case Disposition::dropped:
      return "Dropped";
    case Disposition::detected:
      return "Detected";
    case Disposition::logged:
      return "Logged";
    case Disposition::alert:
      return "Alert";
    case Disposition::reset:
      return "Reset";
    case Disposition::rejected:
      return "Rejected";
    case Disposition::error:
      return "Error";
    case Disposition::other:
      return "Other";
  }
  return "Unknown";
}

}  // namespace sallyport::audit
