#include "reference/base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <sstream>

namespace sallyport::base::yaml {
namespace {

Mark to_mark(const YAML::Mark& mark) { return Mark{mark.line + 1, mark.column + 1}; }

// Stops the parser at the first structural refusal; never leaves this file.
struct Refused {};

// Builds our tree from yaml-cpp's events. One instance reads one document.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, Diagnostics& complaints)
      : text_(text), file_(file), complaints_(complaints) {}

  [[nodiscard]] NodePtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) refuse(mark, "a key must be text");
    auto node = make(Node::Kind::scalar, mark);
    node->text = written_null(mark);
    null_ = node->text.empty();  // nothing is written; add() complains, since it knows the key
    add(node, anchor, mark);
    null_ = false;
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) refuse(mark, "a key must be text, not an alias");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second) {
      refuse(mark, "an alias inside its own anchor would never end");
    }
    add(copy_used_at(*found->second, to_mark(mark)), 0, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!";
    if (!quoted && tag != "?" && !tag.empty())
      refuse(mark, "tags are not used here; remove " + tag);
    if (expects_key()) {
      if (!quoted && value == "<<") {
        refuse(mark, "merge keys (<<) are not used here; write the keys out, or use include");
      }
      if (anchor != 0) refuse(mark, "a key can't carry an anchor");
      begin_entry(mark, value);
      return;
    }
    auto node = make(Node::Kind::scalar, mark);
    node->text = value;
    node->quoted = quoted;
    add(node, anchor, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // a map's key waits for its value
    std::set<std::string, std::less<>> seen;
  };

  // yaml-cpp reports `null` and nothing at all alike; the text tells them apart.
  [[nodiscard]] std::string written_null(const YAML::Mark& mark) const {
    if (mark.pos < 0 || static_cast<std::size_t>(mark.pos) > text_.size()) return {};
    const std::string_view rest = text_.substr(static_cast<std::size_t>(mark.pos));
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (rest.starts_with(word)) return std::string(word);
    }
    return {};
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message) {
    complaints_.add({file_, to_mark(mark), std::move(message), std::nullopt});
    throw Refused{};
  }

  [[nodiscard]] bool expects_key() const {
    return !levels_.empty() && levels_.back().node->is_map() && !levels_.back().has_key;
  }

  std::shared_ptr<Node> make(Node::Kind kind, const YAML::Mark& mark) {
    count(mark);
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->mark = to_mark(mark);
    return node;
  }

  void count(const YAML::Mark& mark) {
    if (++nodes_ > kNodesMax) refuse(mark, fmt::format("over {} nodes after aliases", kNodesMax));
  }

  void begin_entry(const YAML::Mark& mark, const std::string& key) {
    Level& level = levels_.back();
    if (!level.seen.insert(key).second) {
      refuse(mark, fmt::format("\"{}\" stands here a second time; a key may be given once", key));
    }
    level.node->entries.push_back({key, to_mark(mark), nullptr});
    level.has_key = true;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (expects_key()) refuse(mark, "a key must be text");
    if (tag != "?" && !tag.empty() && tag != "!") {
      refuse(mark, "tags are not used here; remove " + tag);
    }
    if (static_cast<int>(levels_.size()) >= kDepthMax) {
      refuse(mark, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    auto node = make(kind, mark);
    if (anchor != 0)
      anchors_[anchor] = nullptr;  // known, but not complete: an alias here is refused
    levels_.push_back({node, anchor, false, {}});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    YAML::Mark mark;
    mark.line = level.node->mark.line - 1;
    mark.column = level.node->mark.column - 1;
    add(level.node, level.anchor, mark);
  }

  void add(const NodePtr& node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != 0) anchors_[anchor] = node;
    if (levels_.empty()) {
      root_ = node;
      return;
    }
    Level& level = levels_.back();
    if (level.node->is_list()) {
      if (null_) refuse(mark, "an empty list item; write {} or none");
      level.node->items.push_back(node);
      return;
    }
    Entry& entry = level.node->entries.back();
    if (null_) {
      complaints_.add({file_, entry.key_mark,
                       fmt::format("\"{}\" has no value; write {{}} or none", entry.key),
                       std::nullopt});
      throw Refused{};
    }
    entry.value = node;
    level.has_key = false;
  }

  // An alias stands for a copy whose nodes remember where it was used, so that a complaint inside
  // it can name both places.
  NodePtr copy_used_at(const Node& source, const Mark& used_at) {
    YAML::Mark mark;
    mark.line = used_at.line - 1;
    mark.column = used_at.column - 1;
    count(mark);
    auto node = std::make_shared<Node>(source);
    node->used_at = used_at;
    for (NodePtr& item : node->items) item = copy_used_at(*item, used_at);
    for (Entry& entry : node->entries) entry.value = copy_used_at(*entry.value, used_at);
    return node;
  }

  std::string_view text_;
  const std::string& file_;
  Diagnostics& complaints_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
  std::size_t nodes_ = 0;
  bool null_ = false;
};

// Whether anything but comments follows the first document.
bool reads_first_document(YAML::Parser& parser, Builder& builder) {
  return parser.HandleNextDocument(builder);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return entry.value.get();
  }
  return nullptr;
}

NodePtr parse(std::string_view text, const std::string& file, Diagnostics& complaints) {
  if (text.size() > kFileBytesMax) {
    complaints.add({file, {}, fmt::format("larger than {} bytes", kFileBytesMax), std::nullopt});
    return nullptr;
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    complaints.add({file, {}, "not text: it holds a NUL byte", std::nullopt});
    return nullptr;
  }
  std::istringstream stream{std::string(text)};
  Builder builder(text, file, complaints);
  try {
    YAML::Parser parser(stream);
    if (!reads_first_document(parser, builder) || !builder.root()) {
      auto empty = std::make_shared<Node>();
      empty->kind = Node::Kind::map;
      empty->mark = {1, 1};
      return empty;
    }
    Diagnostics ignored;
    Builder second(text, file, ignored);
    if (reads_first_document(parser, second) && second.root()) {
      complaints.add(
          {file, second.root()->mark, "a second document; write one file each", std::nullopt});
      return nullptr;
    }
    if (builder.root()->is_scalar() && builder.root()->text.empty() && !builder.root()->quoted) {
      auto empty = std::make_shared<Node>();
      empty->kind = Node::Kind::map;
      empty->mark = {1, 1};
      return empty;
    }
  } catch (const Refused&) {
    if (complaints.empty())
      complaints.add({file, {}, "a second document; write one file each", std::nullopt});
    return nullptr;
  } catch (const YAML::Exception& error) {
    complaints.add({file, to_mark(error.mark), "not YAML: " + error.msg, std::nullopt});
    return nullptr;
  }
  return builder.root();
}

NodePtr parse_file(const std::string& path, Diagnostics& complaints) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    complaints.add({path, {}, "can't be read", std::nullopt});
    return nullptr;
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return parse(text.str(), path, complaints);
}

}  // namespace sallyport::base::yaml
