#include "reference/http/local_response.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "reference/http/text.h"

namespace sallyport::http {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::string_view kJson = "application/json";

// JSON is UTF-8; a text that isn't is shown with its odd octets blotted out.
std::string printable(std::string_view text) {
  std::string out(text);
  if (!is_utf8(out)) {
    std::replace_if(
        out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  }
  return out;
}

void write(Writer& writer, std::string_view text) {
  const std::string clean = printable(text);
  writer.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
}

void member(Writer& writer, std::string_view name, std::string_view value) {
  write(writer, name);
  write(writer, value);
}

void member(Writer& writer, std::string_view name, unsigned value) {
  write(writer, name);
  writer.Uint(value);
}

LocalAnswer json_answer(unsigned status, const rapidjson::StringBuffer& json) {
  LocalAnswer answer;
  answer.status = status;
  answer.content_type = kJson;
  answer.body.assign(json.GetString(), json.GetSize());
  return answer;
}

// What would allow the request that was denied.
void write_rule_missing(Writer& writer, const RuleDenial& denial) {
  write(writer, "rule_missing");
  writer.StartObject();
  if (denial.binary) member(writer, "binary", *denial.binary);
  if (denial.host) member(writer, "host", *denial.host);
  member(writer, "layer", "l7");
  member(writer, "method", denial.method);
  member(writer, "path", denial.path);
  if (denial.port) member(writer, "port", *denial.port);
  member(writer, "type", "rest_allow");
  writer.EndObject();
}

}  // namespace

std::string to_bytes(const LocalAnswer& answer, bool with_body) {
  std::string out;
  out.reserve(192 + answer.policy.size() + answer.body.size());
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
  out.append(reason_phrase(answer.status)).append("\r\n");
  if (!answer.content_type.empty())
    out.append("Content-Type: ").append(answer.content_type).append("\r\n");
  out.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  // A policy's name is free text of its author: it mustn't become a line of ours.
  if (!answer.policy.empty() && is_field_value(answer.policy))
    out.append("X-OpenShell-Policy: ").append(answer.policy).append("\r\n");
  if (answer.close) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (with_body) out.append(answer.body);
  return out;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

LocalAnswer bare_answer(unsigned status) {
  LocalAnswer answer;
  answer.status = status;
  return answer;
}

LocalAnswer text_answer(unsigned status, std::string_view text) {
  LocalAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain";
  answer.body = text;
  return answer;
}

LocalAnswer json_error(unsigned status, std::string_view error, std::string_view detail,
                       std::string_view reason) {
  rapidjson::StringBuffer json;
  Writer writer(json);
  writer.StartObject();
  member(writer, "detail", detail);
  member(writer, "error", error);
  if (!reason.empty()) member(writer, "reason", reason);
  writer.EndObject();
  return json_answer(status, json);
}

LocalAnswer json_message(unsigned status, std::string_view error, std::string_view message) {
  rapidjson::StringBuffer json;
  Writer writer(json);
  writer.StartObject();
  member(writer, "error", error);
  member(writer, "message", message);
  writer.EndObject();
  return json_answer(status, json);
}

LocalAnswer authority_mismatch() {
  return json_message(403, "request_authority_mismatch",
                      "HTTP request authority does not match the authorized tunnel endpoint");
}

LocalAnswer rule_denial(const RuleDenial& denial) {
  rapidjson::StringBuffer json;
  Writer writer(json);
  writer.StartObject();
  if (denial.binary) member(writer, "binary", *denial.binary);
  member(writer, "detail", denial.detail);
  member(writer, "error", "policy_denied");
  if (denial.host) member(writer, "host", *denial.host);
  member(writer, "layer", "l7");
  member(writer, "method", denial.method);
  // Steps that lead to a proposal are offered where proposals are; they aren't here.
  write(writer, "next_steps");
  writer.StartArray();
  writer.EndArray();
  member(writer, "path", denial.path);
  member(writer, "policy", denial.policy);
  if (denial.port) member(writer, "port", *denial.port);
  member(writer, "protocol", denial.protocol);
  member(writer, "rule", denial.method + " " + denial.path);
  write_rule_missing(writer, denial);
  writer.EndObject();
  LocalAnswer answer = json_answer(403, json);
  answer.policy = denial.policy;
  return answer;
}

std::string json_string(std::string_view text) {
  rapidjson::StringBuffer json;
  Writer writer(json);
  write(writer, text);
  return std::string(json.GetString(), json.GetSize());
}

}  // namespace sallyport::http
