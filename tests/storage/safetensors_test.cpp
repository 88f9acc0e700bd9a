#include "doctest.hpp"

#include <random>

#include "noneq/storage/safetensors.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

static std::string framed(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

static tensor_file sample() {
  tensor_file content;
  content.metadata = {{"format", "pt"}, {"note", "größer"}};
  for (const auto dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                           at::kChar, at::kByte, at::kBool}) {
    content.tensors[std::string("net.") + c10::toString(dtype)] = at::arange(6).remainder(2).to(dtype).view({2, 3});
    content.tensors[std::string("scalar.") + c10::toString(dtype)] = at::ones({}, dtype);
    content.tensors[std::string("empty.") + c10::toString(dtype)] = at::ones({0, 4}, dtype);
  }
  return content;
}

static void check_same(const tensor_file& a, const tensor_file& b) {
  CHECK(a.metadata == b.metadata);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    CAPTURE(name);
    REQUIRE(b.tensors.count(name));
    CHECK((b.tensors.at(name).scalar_type() == tensor.scalar_type()));
    CHECK(at::equal(b.tensors.at(name), tensor));
  }
}

TEST_CASE("safetensors come back as they were saved, equal content as equal bytes") {
  const scratch s;
  save_safetensors(s / "a.safetensors", sample());
  check_same(sample(), load_safetensors(s / "a.safetensors"));
  save_safetensors(s / "b.safetensors", load_safetensors(s / "a.safetensors"));
  const std::string bytes = read_file(s / "a.safetensors");
  CHECK(bytes == read_file(s / "b.safetensors"));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  save_safetensors(s / "none.safetensors", {});
  check_same({}, load_safetensors(s / "none.safetensors"));
  save_safetensors(s / "view.safetensors", {{{"t", at::arange(6).view({2, 3}).t()}}, {}});
  CHECK(at::equal(load_safetensors(s / "view.safetensors").tensors["t"], at::arange(6).view({2, 3}).t()));
}

TEST_CASE("a file as the reference library writes it is read") {
  const scratch s;
  const float values[] = {1, 2};
  put(s / "r", framed(R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  )",
                      std::string(reinterpret_cast<const char*>(values), 8)));
  CHECK(at::equal(load_safetensors(s / "r").tensors["w"], at::tensor({1.f, 2.f})));
}

TEST_CASE("every fault of a safetensors file is named") {
  const scratch s;
  const std::string eight(8, '\0');
  const auto fault = [&](const std::string& header, const std::string& data) {
    put(s / "f", framed(header, data));
    return failure([&] { load_safetensors(s / "f"); });
  };
  const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"w":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  CHECK(fault(one("\"F32\"", "[2]", "[0,8]"), eight).empty());
  CHECK(has(fault(one("\"F31\"", "[2]", "[0,8]"), eight), "f: tensor 'w' got dtype 'F31', need F64 F32"));
  CHECK(has(fault(one("3", "[2]", "[0,8]"), eight), "tensor 'w' got dtype ''"));
  CHECK(has(fault(one("\"F32\"", "[3]", "[0,8]"), eight), "tensor 'w' got 8 bytes, need 12 for F32 of shape [3]"));
  CHECK(has(fault(one("\"F32\"", "[-2]", "[0,8]"), eight), "tensor 'w' got a damaged shape"));
  CHECK(has(fault(one("\"F32\"", "[2.0]", "[0,8]"), eight), "tensor 'w' got a damaged shape"));
  CHECK(has(fault(one("\"F32\"", "2", "[0,8]"), eight), "tensor 'w' got a damaged shape"));
  CHECK(has(fault(one("\"F32\"", "[4611686018427387904,4]", "[0,8]"), eight), "need less than 2^63 bytes"));
  CHECK(has(fault(one("\"F32\"", "[0,9223372036854775807]", "[0,0]"), ""), "need less than 2^63 bytes"));
  CHECK(has(fault(one("\"F32\"", "[18446744073709551615]", "[0,8]"), eight), "got a damaged shape"));
  CHECK(has(fault(one("\"F32\"", "[2]", "[0,9]"), eight), "tensor 'w' ends at byte 9 of 8"));
  CHECK(has(fault(one("\"F32\"", "[2]", "[8,0]"), eight), "got data_offsets [8, 0]"));
  CHECK(has(fault(one("\"F32\"", "[2]", "[0]"), eight), "got data_offsets [0]"));
  CHECK(has(fault(one("\"F32\"", "[1]", "[4,8]"), eight),
            "tensor 'w' begins at byte 4, need 0: the tensors leave a hole"));
  CHECK(has(fault(one("\"F32\"", "[1]", "[0,4]"), eight), "got 8 bytes of data, need 4"));
  CHECK(has(fault(one("\"BOOL\"", "[8]", "[0,8]"), std::string(8, '\2')), "tensor 'w' got a byte above 1"));
  CHECK(has(
      fault(
          R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}})",
          eight),
      "tensor 'b' begins at byte 3, need 5: the tensors overlap"));
  CHECK(has(
      fault(
          R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
          ""),
      "got 'a' twice"));
  CHECK(has(fault(R"({"w":{"dtype":"U8","shape":[0]}})", ""), "tensor 'w' has no 'data_offsets'"));
  CHECK(has(fault(R"({"w":3})", ""), "tensor 'w' has no 'dtype'"));
  CHECK(has(fault(R"([])", ""), "got a header of another kind"));
  CHECK(has(fault(R"({"__metadata__":{"a":3}})", ""), "got metadata 'a' that is no string"));
  CHECK(has(fault("{\"w\"", ""), "got broken JSON"));
  CHECK(has(fault(std::string(100'000, '['), ""), "deeper than 100 levels"));
  put(s / "f", "1234567");
  CHECK(has(failure([&] { load_safetensors(s / "f"); }), "got 7 bytes, need a safetensors file"));
  put(s / "f", std::string(8, '\xff') + "{}");
  CHECK(has(failure([&] { load_safetensors(s / "f"); }), "got a header of 18446744073709551615 bytes in a file of 10"));
  CHECK(has(failure([&] { load_safetensors(s / "none"); }), "none: cannot open"));
  CHECK(has(failure([&] { load_safetensors(s.dir); }), "Is a directory"));
}

TEST_CASE("what cannot be saved is refused and leaves nothing") {
  const scratch s;
  const auto fault = [&](const std::string& name, const Tensor& t) {
    return failure([&] { save_safetensors(s / "f", {{{name, t}}, {}}); });
  };
  CHECK(has(fault("c", at::ones({1}, at::kComplexFloat)), "tensor 'c' got dtype complex64"));
  CHECK(has(fault("u", Tensor()), "tensor 'u' is undefined"));
  CHECK(has(fault("__metadata__", at::ones({1})), "reserved name"));
  CHECK(has(fault("\xff", at::ones({1})), "not UTF-8"));
  {
    const full_disk limit(4096);
    CHECK(has(fault("w", at::ones({10'000})), "f: cannot write: File too large"));
  }
  CHECK(s.files() == 0);
}

TEST_CASE("no bytes crash the reader") {
  const scratch s;
  save_safetensors(s / "good", sample());
  const std::string good = read_file(s / "good");
  std::uint64_t length = 0;
  std::memcpy(&length, good.data(), 8);
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  static const std::string alphabet = "{}[]\",:0123456789-.eFIUB\\ \xff";
  int loaded = 0, refused = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = good;
    for (std::size_t n = 1 + below(4); n > 0; --n) {
      const std::size_t at = below(3) ? 8 + below(length) : below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[std::min(at, bytes.size() - 1)] = static_cast<char>(below(256));
          break;
        case 1:
          bytes[std::min(at, bytes.size() - 1)] = alphabet[below(alphabet.size())];
          break;
        case 2:
          bytes.erase(std::min(at, bytes.size() - 1), 1 + below(9));
          break;
        case 3:
          bytes.insert(std::min(at, bytes.size()), 1, alphabet[below(alphabet.size())]);
          break;
        default:
          bytes.resize(1 + below(bytes.size()));
      }
    }
    put(s / "bad", bytes);
    try {
      load_safetensors(s / "bad");
      ++loaded;
    } catch (const error& e) {
      refused += std::string(e.what()).find("bad") != std::string::npos;
    }
  }
  CHECK(loaded + refused == 6000);
  CHECK(loaded > 10);
  CHECK(refused > 3000);
}
