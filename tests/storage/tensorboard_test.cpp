// Event files: the framing has the checksums of its definition, and each event the fields that TensorBoard reads.
#include "noneq/storage/tensorboard.hpp"

#include "noneq/storage/png.hpp"
#include "noneq/storage/tf_record.hpp"
#include "scratch.hpp"
#include "storage/event_files.hpp"

using namespace noneq::storage;
namespace board = noneq::storage::tensorboard;
using testing::records_in;
using testing::wire_message;

TEST_CASE("checksums are those of CRC-32C") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);  // RFC 3720, B.4
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  std::string rising;
  for (char k = 0; k < 32; ++k) rising += k;
  CHECK(crc32c(rising) == 0x46dd794e);
  for (const std::string text : {"a", "noneq", "bits that each step costs"})
    CHECK(crc32c(text) == testing::crc32c_by_definition(text));
  CHECK(masked(0) == 0xa282ead8);
  CHECK(masked(0x00008000) == 0xa282ead9);
}

TEST_CASE("records are framed by their length and two checksums") {
  const std::string one = tf_record("first"), two = tf_record("");
  CHECK(one.size() == 16 + 5);
  CHECK(one.substr(0, 8) == std::string("\5\0\0\0\0\0\0\0", 8));
  CHECK(records_in(one + two) == std::vector<std::string>{"first", ""});
  CHECK_THROWS(records_in(one + two.substr(0, 15)));
  std::string damaged = one;
  damaged[13] ^= 1;
  CHECK_THROWS(records_in(damaged));
}

TEST_CASE("a file begins with its version and voids what later steps had shown") {
  const auto all = records_in(board::beginning(12.5, 500));
  REQUIRE(all.size() == 2);
  CHECK(wire_message(all[0]).text(3) == "brain.Event:2");
  CHECK(wire_message(all[0]).number(1) == 12.5);
  CHECK(wire_message(all[1]).number(2) == 500);
  CHECK(wire_message(all[1]).below(7).number(1) == 1);  // START
}

TEST_CASE("numbers, histograms and texts have their step, tag and words") {
  const wire_message event(records_in(board::number({100.25, 7, "loss/loss", "in bits"}, -1.5)).at(0));
  CHECK(event.number(1) == 100.25);
  CHECK(event.number(2) == 7);
  const wire_message value = event.below(5).below(1);
  CHECK(value.text(1) == "loss/loss");
  CHECK(value.number(2) == -1.5);
  CHECK(value.below(9).text(3) == "in bits");

  const wire_message bars = wire_message(records_in(board::histogram({0, 3, "bound/kl"}, {1, 2, 4}, {0.5, 0, 2})).at(0))
                                .below(5)
                                .below(1)
                                .below(5);
  CHECK(bars.number(1) == 0.5);
  CHECK(bars.number(2) == 5);
  CHECK(bars.number(3) == 2.5);                  // the sum of all bars
  CHECK(bars.number(4) == 0.5 * 1 + 2 * 4);      // of x
  CHECK(bars.number(5) == 0.5 * 1 + 2 * 4 * 4);  // of x²
  CHECK(bars.packed(6) == std::vector<double>{1.5, 3, 5});
  CHECK(bars.packed(7) == std::vector<double>{0.5, 0, 2});

  const wire_message words =
      wire_message(records_in(board::text({0, 0, "pipeline"}, "`a: b`")).at(0)).below(5).below(1);
  CHECK(words.below(9).below(1).text(1) == "text");
  CHECK(words.below(8).number(1) == 7);  // DT_STRING
  CHECK(words.below(8).text(8) == "`a: b`");
  CHECK(words.below(8).below(2).below(2).number(1) == 1);
}

TEST_CASE("pictures keep their bytes, and what is none is left out") {
  for (const noneq::sizes& shape : {noneq::sizes{3, 5}, noneq::sizes{3, 5, 3}}) {
    const std::string png = png_bytes("a", at::randint(256, shape, at::kByte));
    const wire_message image =
        wire_message(records_in(board::picture({0, 1, "a"}, png)).at(0)).below(5).below(1).below(4);
    CHECK(image.number(1) == 3);
    CHECK(image.number(2) == 5);
    CHECK(image.number(3) == (shape.size() == 3 ? 3 : 1));
    CHECK(image.text(4) == png);
  }
  CHECK(board::picture({0, 1, "a"}, "not a PNG") == "");
  CHECK(board::picture({0, 1, "a"}, "") == "");
}

TEST_CASE("a new file is read after those that are there") {
  const scratch s;
  CHECK(board::event_files(s.dir).empty());
  const auto first = board::new_event_file(s.dir);
  write_atomically(first, "");
  const auto second = board::new_event_file(s.dir);
  write_atomically(second, "");
  write_atomically(s / "events.out.tfevents.1.another", "");  // of another program
  CHECK(first.filename().string() < second.filename().string());
  CHECK(board::event_files(s.dir) == std::vector{first, second});
}
