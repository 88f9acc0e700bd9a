// Event files of TensorBoard, read by code that shares nothing with what writes them: the framing with its checksums,
// and the fields of messages as bytes have them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace testing {

// CRC-32C bit by bit, after its definition.
inline std::uint32_t crc32c_by_definition(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
  }
  return ~crc;
}

template <class Number>
Number little_endian_at(std::string_view bytes, std::size_t at) {
  Number n;
  std::memcpy(&n, bytes.substr(at, sizeof n).data(), sizeof n);
  return n;
}

// Returns the records of a file. Throws where a checksum is wrong or the end is missing.
inline std::vector<std::string> records_in(std::string_view file) {
  const auto masked = [](std::string_view bytes) { return std::rotr(crc32c_by_definition(bytes), 15) + 0xa282ead8U; };
  std::vector<std::string> all;
  while (!file.empty()) {
    if (file.size() < 16) throw std::runtime_error("a record is cut short");
    const auto length = little_endian_at<std::uint64_t>(file, 0);
    if (masked(file.substr(0, 8)) != little_endian_at<std::uint32_t>(file, 8))
      throw std::runtime_error("the length of a record is damaged");
    if (file.size() < 16 + length) throw std::runtime_error("a record is cut short");
    const std::string_view bytes = file.substr(12, length);
    if (masked(bytes) != little_endian_at<std::uint32_t>(file, 12 + length))
      throw std::runtime_error("a record is damaged");
    all.emplace_back(bytes);
    file.remove_prefix(16 + length);
  }
  return all;
}

// A message: the values of each field, as text of their bytes or as a number.
struct wire_message {
  std::multimap<int, std::string> texts;
  std::multimap<int, double> numbers;

  explicit wire_message(std::string_view bytes) {
    const auto varint = [&] {
      std::uint64_t n = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.at(0));
        bytes.remove_prefix(1);
        n |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80) return n;
      }
    };
    while (!bytes.empty()) {
      const auto key = varint();
      const auto field = static_cast<int>(key >> 3);
      if ((key & 7) == 0) {
        numbers.emplace(field, static_cast<double>(static_cast<std::int64_t>(varint())));
      } else if ((key & 7) == 1) {
        numbers.emplace(field, little_endian_at<double>(bytes, 0)), bytes.remove_prefix(8);
      } else if ((key & 7) == 5) {
        numbers.emplace(field, little_endian_at<float>(bytes, 0)), bytes.remove_prefix(4);
      } else {
        const auto length = varint();
        texts.emplace(field, bytes.substr(0, length));
        bytes.remove_prefix(length);
      }
    }
  }
  bool has(int field) const { return texts.count(field) + numbers.count(field) > 0; }
  std::string text(int field) const { return texts.count(field) ? texts.find(field)->second : ""; }
  double number(int field) const { return numbers.count(field) ? numbers.find(field)->second : 0; }
  wire_message below(int field) const { return wire_message(text(field)); }
  // The numbers of a packed field of doubles.
  std::vector<double> packed(int field) const {
    const std::string bytes = text(field);
    std::vector<double> all(bytes.size() / sizeof(double));
    std::memcpy(all.data(), bytes.data(), bytes.size());
    return all;
  }
};

// A number that a file shows.
struct shown_number {
  std::string tag;
  std::int64_t step;
  double value;
  bool operator==(const shown_number&) const = default;
  friend std::ostream& operator<<(std::ostream& to, const shown_number& n) {
    return to << n.tag << " at " << n.step << ": " << n.value;
  }
};

// What TensorBoard shows of several files that it reads in this order: START voids events of its step and later ones.
struct shown_events {
  std::vector<shown_number> numbers;
  std::multimap<std::string, std::int64_t> pictures, histograms, texts;  // steps by tag

  void read(std::string_view file) {
    for (const std::string& record : records_in(file)) {
      const wire_message event(record);
      const auto step = static_cast<std::int64_t>(event.number(2));
      if (event.has(7) && event.below(7).number(1) == 1) forget(step);
      if (!event.has(5)) continue;
      const wire_message summary = event.below(5);
      for (auto [at, end] = summary.texts.equal_range(1); at != end; ++at) {
        const wire_message value(at->second);
        if (value.numbers.count(2)) numbers.push_back({value.text(1), step, value.number(2)});
        if (value.texts.count(4)) pictures.emplace(value.text(1), step);
        if (value.texts.count(5)) histograms.emplace(value.text(1), step);
        if (value.texts.count(8)) texts.emplace(value.text(1), step);
      }
    }
  }
  std::vector<double> values_of(const std::string& tag) const {
    std::vector<double> all;
    for (const shown_number& n : numbers)
      if (n.tag == tag) all.push_back(n.value);
    return all;
  }
  std::vector<std::int64_t> steps_of(const std::string& tag) const {
    std::vector<std::int64_t> all;
    for (const shown_number& n : numbers)
      if (n.tag == tag) all.push_back(n.step);
    return all;
  }

 private:
  void forget(std::int64_t from) {
    std::erase_if(numbers, [&](const shown_number& n) { return n.step >= from; });
    for (auto* all : {&pictures, &histograms, &texts})
      std::erase_if(*all, [&](const auto& entry) { return entry.second >= from; });
  }
};

}
