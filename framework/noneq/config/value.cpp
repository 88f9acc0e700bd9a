#include "noneq/config/value.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/config/detail/quote.hpp"
#include "noneq/config/detail/scalar.hpp"

namespace noneq::config {

value value::of_kind(kind k) {
  value v;
  v.kind_ = k;
  return v;
}

value value::scalar(std::string text, bool quoted) {
  value v = of_kind(kind::scalar);
  v.quoted_ = quoted || resolve(text) == scalar_type::null;
  v.text_ = std::move(text);
  return v;
}

value value::list(std::vector<value> items) {
  value v = of_kind(kind::list);
  v.items_ = std::move(items);
  return v;
}

value value::map(std::vector<entry> entries) {
  value v = map();
  for (entry& e : entries) v.set(e.first, std::move(e.second));
  return v;
}

void value::set_where_all(const place& where) {
  where_ = where;
  for (value& v : items_) v.set_where_all(where);
  for (entry& e : entries_) e.second.set_where_all(where);
  std::fill(key_places_.begin(), key_places_.end(), where);
}

bool value::is_text() const { return is_scalar() && (quoted_ || resolve(text_) == scalar_type::text); }

void value::need(kind k) {
  if (kind_ == kind::null) kind_ = k;
  if (kind_ != k) throw error(fmt::format("got {}, need {}", brief(), k == kind::map ? "a map" : "a list"), {}, where_);
}

value& value::item(std::size_t index) {
  if (index >= items_.size())
    throw error(fmt::format("got index {}, need one below {}", index, items_.size()), {}, where_);
  return items_[index];
}

void value::push_back(value v) {
  need(kind::list);
  items_.push_back(std::move(v));
}

std::size_t value::index_of(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) { return e.first == key; });
  return static_cast<std::size_t>(found - entries_.begin());
}

const value* value::find(std::string_view key) const {
  const std::size_t i = index_of(key);
  return i < entries_.size() ? &entries_[i].second : nullptr;
}

value* value::find(std::string_view key) { return const_cast<value*>(std::as_const(*this).find(key)); }

place value::key_place(std::string_view key) const {
  const std::size_t i = index_of(key);
  return i < key_places_.size() ? key_places_[i] : place{};
}

value& value::child(const std::string& key) {
  need(kind::map);
  if (value* present = find(key)) return *present;
  entries_.emplace_back(key, value{});
  key_places_.emplace_back();
  return entries_.back().second;
}

void value::set(const std::string& key, value v) { child(key) = std::move(v); }

void value::set(const std::string& key, value v, place key_at) {
  set(key, std::move(v));
  key_places_[index_of(key)] = std::move(key_at);
}

bool value::remove(std::string_view key) {
  const std::size_t i = index_of(key);
  if (i == entries_.size()) return false;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
  key_places_.erase(key_places_.begin() + static_cast<std::ptrdiff_t>(i));
  return true;
}

std::string value::brief() const {
  switch (kind_) {
    case kind::null:
      return "nothing";
    case kind::list:
      return "a list";
    case kind::map:
      return "a map";
    case kind::scalar:
      break;
  }
  if (!is_text()) return shortened(text_);
  // The double quotes show a user why "3" is not taken for a number.
  const bool misleading = quoted_ && resolve(text_) != scalar_type::text && !text_.empty();
  const char quote = misleading ? '"' : '\'';
  return fmt::format("{0}{1}{0}", quote, shortened(text_));
}

std::string value::kind_name() const {
  if (!is_scalar()) return brief();
  if (is_text()) return "the text " + brief();
  return (resolve(text_) == scalar_type::boolean ? "the boolean " : "the number ") + brief();
}

bool operator==(const value& a, const value& b) {
  return a.kind_ == b.kind_ && a.text_ == b.text_ && a.is_text() == b.is_text() && a.items_ == b.items_ &&
         a.entries_ == b.entries_;
}

}
