#include "simulator/agents/seen.h"

#include <rapidjson/document.h>
#include <string.h>

namespace sallyport::sim::agents {
namespace {

std::string text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// `/error`, or `/error/type`; empty when there is neither as a text.
std::string error_of(const rapidjson::Document& document) {
  if (!document.IsObject()) return {};
  const auto error = document.FindMember("error");
  if (error == document.MemberEnd()) return {};
  if (error->value.IsString()) return text_of(error->value);
  if (!error->value.IsObject()) return {};
  const auto type = error->value.FindMember("type");
  const bool has_type = type != error->value.MemberEnd() && type->value.IsString();
  return has_type ? text_of(type->value) : std::string();
}

void add_answer(const Seen& seen, Facts& facts) {
  const wire::HttpMessage& answer = *seen.answer;
  facts["status"] = std::int64_t{answer.status};
  facts["headers"] = answer.headers;
  facts["body"] = answer.body;
  facts["body_size"] = static_cast<std::int64_t>(answer.body_size);
  facts["framing"] = std::string(seen.complete ? "complete" : "incomplete");
  if (!seen.answered_by.empty()) facts["answered_by"] = seen.answered_by;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(answer.body.data(), answer.body.size());
  if (!document.HasParseError()) {
    facts["json"] = journal::Json{answer.body};
    const std::string error = error_of(document);
    if (!error.empty()) facts["error"] = error;
  }
  if (seen.sse_count) {
    facts["sse_count"] = static_cast<std::int64_t>(*seen.sse_count);
    facts["sse_end"] = std::string(to_string(seen.raw.sse_end));
  }
}

}  // namespace

Facts facts_of(const Seen& seen) {
  Facts facts;
  facts["class"] = std::string(classify(seen.raw));
  facts["phase"] = std::string(to_string(seen.raw.phase));
  if (seen.error != 0) {
    const char* name = ::strerrorname_np(seen.error);
    facts["errno"] = name != nullptr ? std::string(name) : std::to_string(seen.error);
  }
  if (!seen.rcode.empty()) facts["rcode"] = seen.rcode;
  if (seen.http_connect != 0) facts["http_connect"] = std::int64_t{seen.http_connect};
  if (seen.tls_verify) facts["tls_verify"] = std::int64_t{*seen.tls_verify};
  if (!seen.tls_alert.empty()) facts["tls_alert"] = seen.tls_alert;
  if (seen.answer) add_answer(seen, facts);
  if (seen.messages) facts["messages"] = static_cast<std::int64_t>(*seen.messages);
  if (seen.close_code) facts["close_code"] = std::int64_t{*seen.close_code};
  if (!seen.unmet.empty()) facts["unmet"] = seen.unmet;
  facts["reused"] = std::string(seen.reused ? "true" : "false");
  facts["attempts"] = std::int64_t{1};
  facts["exchanges"] = std::int64_t{1};
  if (seen.first_byte) {
    facts["first_byte"] = std::int64_t{(*seen.first_byte - seen.started).count()};
    facts["longest_gap"] = std::int64_t{seen.longest_gap.count()};
  }
  facts["total"] = std::int64_t{(seen.ended - seen.started).count()};
  return facts;
}

}  // namespace sallyport::sim::agents
