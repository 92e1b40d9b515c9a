// CellResult to and from JSON: what goes through the channel between a world and the scheduler.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "simulator/runner/result.h"

namespace sallyport::sim::runner {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& out, const char* key, const std::string& text) {
  out.Key(key);
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Writer& out, const char* key, const std::vector<std::string>& texts) {
  out.Key(key);
  out.StartArray();
  for (const std::string& text : texts) {
    out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  out.EndArray();
}

void put(Writer& out, const char* key, const std::map<std::string, std::string>& map) {
  out.Key(key);
  out.StartObject();
  for (const auto& [name, text] : map) put(out, name.c_str(), text);
  out.EndObject();
}

void put(Writer& out, const char* key, const base::Mark& mark) {
  out.Key(key);
  out.StartArray();
  out.Int(mark.line);
  out.Int(mark.column);
  out.EndArray();
}

void put(Writer& out, const Failure& failure) {
  out.StartObject();
  put(out, "verdict", std::string(to_string(failure.verdict)));
  put(out, "claim", failure.claim);
  put(out, "expected", failure.expected);
  put(out, "observed", failure.observed);
  put(out, "file", failure.file);
  put(out, "mark", failure.mark);
  if (failure.record_mark) put(out, "record_mark", *failure.record_mark);
  put(out, "notes", failure.notes);
  out.EndObject();
}

void put(Writer& out, const char* key, const Phases& phases) {
  out.Key(key);
  out.StartArray();
  for (const base::Duration phase : phases.all()) out.Int64(phase.count());
  out.Int64(phases.total.count());
  out.EndArray();
  out.Key("own_ns");
  out.StartArray();
  for (const base::Duration own : phases.own) out.Int64(own.count());
  out.EndArray();
}

void take(const rapidjson::Value& object, const char* key,
          const std::vector<base::Duration*>& slots) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsArray()) return;
  if (found->value.Size() != slots.size()) return;
  for (rapidjson::SizeType i = 0; i < found->value.Size(); ++i) {
    if (found->value[i].IsInt64()) *slots[i] = base::Duration(found->value[i].GetInt64());
  }
}

void take(const rapidjson::Value& object, Phases& phases) {
  take(object, "phases_ns",
       {&phases.world, &phases.actors, &phases.subject, &phases.steps, &phases.teardown,
        &phases.judge, &phases.total});
  std::vector<base::Duration*> own;
  for (base::Duration& one : phases.own) own.push_back(&one);
  take(object, "own_ns", own);
}

std::string text_of(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

std::vector<std::string> texts_of(const rapidjson::Value& object, const char* key) {
  std::vector<std::string> all;
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsArray()) return all;
  for (const auto& item : found->value.GetArray()) {
    if (item.IsString()) all.emplace_back(item.GetString(), item.GetStringLength());
  }
  return all;
}

std::map<std::string, std::string> map_of(const rapidjson::Value& object, const char* key) {
  std::map<std::string, std::string> all;
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsObject()) return all;
  for (const auto& member : found->value.GetObject()) {
    if (member.value.IsString()) all[member.name.GetString()] = member.value.GetString();
  }
  return all;
}

std::optional<base::Mark> mark_of(const rapidjson::Value& object, const char* key) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsArray() || found->value.Size() != 2) {
    return std::nullopt;
  }
  if (!found->value[0].IsInt() || !found->value[1].IsInt()) return std::nullopt;
  return base::Mark{found->value[0].GetInt(), found->value[1].GetInt()};
}

Failure failure_of(const rapidjson::Value& object) {
  Failure failure;
  failure.verdict = verdict_from(text_of(object, "verdict")).value_or(Verdict::error);
  failure.claim = text_of(object, "claim");
  failure.expected = text_of(object, "expected");
  failure.observed = text_of(object, "observed");
  failure.file = text_of(object, "file");
  failure.mark = mark_of(object, "mark").value_or(base::Mark{});
  failure.record_mark = mark_of(object, "record_mark");
  failure.notes = texts_of(object, "notes");
  return failure;
}

}  // namespace

std::string encode(const CellResult& result) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  put(out, "path", result.path);
  put(out, "scenario", result.scenario);
  put(out, "cell", result.cell);
  put(out, "subject", result.subject);
  put(out, "subject_file", result.subject_file);
  put(out, "axes", result.axes);
  put(out, "verdict", std::string(to_string(result.verdict)));
  put(out, "reason", result.reason);
  out.Key("failures");
  out.StartArray();
  for (const Failure& failure : result.failures) put(out, failure);
  out.EndArray();
  put(out, "last_events", result.last_events);
  put(out, "subject_stderr", result.subject_stderr);
  put(out, "facts", result.facts);
  put(out, "rules_off", result.rules_off);
  put(out, "artefacts", result.artefacts);
  put(out, "trace", result.trace);
  put(out, "phases_ns", result.phases);
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<CellResult> decode(std::string_view text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  const auto verdict = verdict_from(text_of(document, "verdict"));
  if (!verdict) return std::nullopt;
  CellResult result;
  result.path = text_of(document, "path");
  result.scenario = text_of(document, "scenario");
  result.cell = text_of(document, "cell");
  result.subject = text_of(document, "subject");
  result.subject_file = text_of(document, "subject_file");
  result.axes = map_of(document, "axes");
  result.verdict = *verdict;
  result.reason = text_of(document, "reason");
  if (document.HasMember("failures") && document["failures"].IsArray()) {
    for (const auto& item : document["failures"].GetArray()) {
      if (item.IsObject()) result.failures.push_back(failure_of(item));
    }
  }
  result.last_events = texts_of(document, "last_events");
  result.subject_stderr = text_of(document, "subject_stderr");
  result.facts = map_of(document, "facts");
  result.rules_off = texts_of(document, "rules_off");
  result.artefacts = text_of(document, "artefacts");
  result.trace = texts_of(document, "trace");
  take(document, result.phases);
  return result;
}

}  // namespace sallyport::sim::runner
