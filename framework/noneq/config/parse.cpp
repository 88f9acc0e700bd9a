#include "noneq/config/parse.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "noneq/config/detail/tree_builder.hpp"
#include "noneq/config/detail/yaml_text.hpp"

namespace noneq::config {

namespace {

// yaml-cpp names the rule that was broken; a user needs the thing to look for.
std::string explained(const std::string& message) {
  namespace m = YAML::ErrorMsg;
  static const std::pair<const char*, const char*> table[] = {
      {m::END_OF_MAP, "got a line that is not 'key: value' or has the wrong indentation"},
      {m::END_OF_SEQ, "got a line that does not start with '- ' or has the wrong indentation"},
      {m::END_OF_MAP_FLOW, "a '{' is not closed, or a ',' is missing before this"},
      {m::END_OF_SEQ_FLOW, "a '[' is not closed, or a ',' is missing before this"},
      {m::FLOW_END, "got a ']' or '}' that nothing opened"},
      {m::MAP_KEY, "got a key where none may stand: check the indentation"},
      {m::MAP_VALUE, "got ': ' where no value may stand: check the indentation, or quote the text"},
      {m::BLOCK_ENTRY, "got '- ' where no list may stand: check the indentation"},
      {m::UNKNOWN_ANCHOR, "got an alias to an anchor (&name) that does not stand before it"},
      {m::UNKNOWN_TOKEN, "got a character that cannot start a value: quote the text"},
  };
  for (const auto& [rule, words] : table)
    if (message.starts_with(rule)) return words;  // a newer yaml-cpp adds the name of the anchor
  return "bad YAML: " + message;
}

// yaml-cpp's marks count from 0, and are null when it has no better place.
std::size_t offset_of(const YAML::Mark& mark) { return static_cast<std::size_t>(std::max(mark.pos, 0)); }

place place_of(const YAML::Mark& mark, const yaml_text& from) {
  if (mark.is_null()) return {from.file(), 0, 0};
  return from.place_of(offset_of(mark), mark.line, mark.column);
}

// Hands yaml-cpp's events to the builder.
class first_document : public YAML::EventHandler {
  using style = YAML::EmitterStyle::value;
  using text = std::string;

 public:
  explicit first_document(const yaml_text& from) : from_(from), last_{from.file(), 1, 1} {}
  value take() { return builder_.take(); }
  const place& last() const { return last_; }  // of the last event

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t name) override { builder_.null(here(at), name); }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t name) override { builder_.alias(here(at), name); }
  void OnScalar(const YAML::Mark& at, const text& tag, YAML::anchor_t name, const text& scalar) override {
    builder_.scalar(here(at), tag, name, yaml_text::with_whole_characters(scalar));
  }
  void OnSequenceStart(const YAML::Mark& at, const text& tag, YAML::anchor_t name, style) override {
    builder_.open_list(here(at), tag, name);
  }
  void OnSequenceEnd() override { builder_.close(); }
  void OnMapStart(const YAML::Mark& at, const text& tag, YAML::anchor_t name, style) override {
    builder_.open_map(here(at), tag, name);
  }
  void OnMapEnd() override { builder_.close(); }

 protected:
  const yaml_text& from_;

 private:
  const place& here(const YAML::Mark& mark) { return last_ = place_of(mark, from_); }

  tree_builder builder_;
  place last_;
};

// yaml-cpp begins a new document, without a word, at whatever it cannot read as part of the last one.
class second_document : public first_document {
 public:
  using first_document::first_document;
  void OnDocumentStart(const YAML::Mark& at) override {
    const bool marked = from_.line_at(offset_of(at)).starts_with("---");
    throw error(marked ? "a second document starts here, need one per file"
                       : "got text that does not belong to what stands above: check the indentation",
                {}, place_of(at, from_));
  }
};

error syntax_error(const YAML::Exception& e, const yaml_text& from, const place& last) {
  place tab;
  if (!e.mark.is_null() && from.tab_near(offset_of(e.mark), e.mark.line, tab))
    return error("got a tab as indentation, need spaces", {}, tab);
  // An open quote is noticed at the end of the file, which is no help in finding it.
  if (e.msg == YAML::ErrorMsg::EOF_IN_SCALAR || e.msg == YAML::ErrorMsg::DOC_IN_SCALAR)
    return error("a quote that opens here or below is not closed", {}, last);
  return error(explained(e.msg), {}, place_of(e.mark, from));
}

}

value parse_text(std::string_view text, const std::string& file_name) {
  const yaml_text from(text, file_name);
  if (from.is_blank()) throw error("is empty, need YAML text", {}, {file_name, 0, 0});
  // At the end of the text yaml-cpp forgives an open quote; before an end mark it does not.
  std::istringstream stream(from.text() + (from.text().ends_with('\n') ? "...\n" : "\n...\n"));
  first_document document(from);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(document);
    second_document none(from);
    parser.HandleNextDocument(none);
    return document.take();
  } catch (const error&) {
    throw;
  } catch (const YAML::Exception& e) {
    throw syntax_error(e, from, document.last());
  } catch (const std::exception& e) {
    throw error(fmt::format("bad YAML: {}", e.what()), {}, {file_name, 0, 0});
  }
}

value parse_file(const std::filesystem::path& path) {
  const place at{path.string(), 0, 0};
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status)) throw error("there is no such file", {}, at);
  if (std::filesystem::is_directory(status)) throw error("got a directory, need a YAML file", {}, at);
  std::ifstream file(path, std::ios::binary);
  // Devices and pipes have no size to look at first, and some have no end.
  constexpr std::size_t most = std::size_t{16} << 20;
  std::string text;
  for (std::array<char, 1 << 16> block; file && text.size() <= most;) {
    file.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof() && text.size() <= most) throw error("cannot be read: check its permissions", {}, at);
  if (text.size() > most) throw error("got more than 16 MiB, need a pipeline, which is a few lines", {}, at);
  return parse_text(text, path.string());
}

}
