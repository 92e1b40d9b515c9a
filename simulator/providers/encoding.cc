#include "simulator/providers/encoding.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "reference/base/check.h"

namespace sallyport::sim::providers {
namespace {

constexpr std::size_t kPiece = 16U << 10U;

class Identity final : public Encoder {
 public:
  std::string put(std::string_view text) override { return std::string(text); }
  std::string finish() override { return {}; }
};

class Gzip final : public Encoder {
 public:
  Gzip() {
    constexpr int kWindowOfGzip = 15 + 16;
    constexpr int kMemory = 8;
    CHECK(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowOfGzip, kMemory,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Gzip() override { deflateEnd(&stream_); }

  std::string put(std::string_view text) override { return run(text, Z_SYNC_FLUSH); }
  std::string finish() override { return run({}, Z_FINISH); }

 private:
  std::string run(std::string_view text, int flush) {
    std::string out;
    std::array<char, kPiece> piece;  // NOLINT: filled before it is read
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = piece.size();
      (void)deflate(&stream_, flush);
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

  z_stream stream_{};
};

class Brotli final : public Encoder {
 public:
  Brotli() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    constexpr std::uint32_t kQuality = 4;  // the best is a hundred times slower
    CHECK(state_ != nullptr);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, kQuality);
  }
  ~Brotli() override { BrotliEncoderDestroyInstance(state_); }

  std::string put(std::string_view text) override { return run(text, BROTLI_OPERATION_FLUSH); }
  std::string finish() override { return run({}, BROTLI_OPERATION_FINISH); }

 private:
  std::string run(std::string_view text, BrotliEncoderOperation operation) {
    std::string out;
    std::array<std::uint8_t, kPiece> piece;  // NOLINT: filled before it is read
    const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
    std::size_t left = text.size();
    do {
      std::uint8_t* into = piece.data();
      std::size_t room = piece.size();
      CHECK(BrotliEncoderCompressStream(state_, operation, &left, &in, &room, &into, nullptr));
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - room);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_));
    return out;
  }

  BrotliEncoderState* state_;
};

class Zstd final : public Encoder {
 public:
  Zstd() : context_(ZSTD_createCCtx()) { CHECK(context_ != nullptr); }
  ~Zstd() override { ZSTD_freeCCtx(context_); }

  std::string put(std::string_view text) override { return run(text, ZSTD_e_flush); }
  std::string finish() override { return run({}, ZSTD_e_end); }

 private:
  std::string run(std::string_view text, ZSTD_EndDirective end) {
    std::string out;
    std::array<char, kPiece> piece;  // NOLINT: filled before it is read
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    std::size_t more = 0;
    do {
      ZSTD_outBuffer into{piece.data(), piece.size(), 0};
      more = ZSTD_compressStream2(context_, &into, &in, end);
      CHECK(!ZSTD_isError(more));
      out.append(piece.data(), into.pos);
    } while (more != 0);
    return out;
  }

  ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<Encoder> Encoder::make(Answer::Encoding encoding) {
  switch (encoding) {
    case Answer::Encoding::gzip:
      return std::make_unique<Gzip>();
    case Answer::Encoding::br:
      return std::make_unique<Brotli>();
    case Answer::Encoding::zstd:
      return std::make_unique<Zstd>();
    case Answer::Encoding::identity:
      break;
  }
  return std::make_unique<Identity>();
}

std::string encoded(Answer::Encoding encoding, std::string_view body) {
  const auto encoder = Encoder::make(encoding);
  std::string out = encoder->put(body);
  return out += encoder->finish();
}

std::string_view name_of(Answer::Encoding encoding) {
  switch (encoding) {
    case Answer::Encoding::gzip:
      return "gzip";
    case Answer::Encoding::br:
      return "br";
    case Answer::Encoding::zstd:
      return "zstd";
    case Answer::Encoding::identity:
      break;
  }
  return {};
}

}  // namespace sallyport::sim::providers
