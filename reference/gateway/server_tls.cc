#include "reference/gateway/server_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

#include "reference/gateway/config_parts.h"
#include "reference/rpc/target.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t kPemBytesMax = 1U << 20U;

using Bio = std::unique_ptr<BIO, decltype(&::BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;

Bio reader_of(std::string_view text) {
  return {::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &::BIO_free};
}

// OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

std::string fault_of_key_file(const std::string& path) {
  struct ::stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};  // whoever reads it says why
  if (!S_ISREG(about.st_mode)) return fmt::format("{} is no file", path);
  if ((about.st_mode & 077U) == 0) return {};
  return fmt::format("{} may be read or written by others (mode {:04o}): chmod 600 it", path,
                     about.st_mode & 07777U);
}

}  // namespace

std::optional<ServerTls> read_server_tls(const std::string& certificate_path,
                                         const std::string& key_path, std::string& wrong) {
  auto certificates = read_small_file(certificate_path, kPemBytesMax, wrong);
  if (!certificates) return std::nullopt;
  if (!rpc::is_pem_of_certificates(*certificates)) {
    wrong = fmt::format("{} holds no certificates in PEM form", certificate_path);
    return std::nullopt;
  }
  wrong = fault_of_key_file(key_path);
  if (!wrong.empty()) return std::nullopt;
  auto text = read_small_file(key_path, kPemBytesMax, wrong);
  if (!text) return std::nullopt;
  base::Secret key_pem(std::move(*text));
  const Key key(::PEM_read_bio_PrivateKey(reader_of(key_pem.reveal()).get(), nullptr,
                                          &no_passphrase, nullptr),
                &::EVP_PKEY_free);
  const Certificate own(
      ::PEM_read_bio_X509(reader_of(*certificates).get(), nullptr, nullptr, nullptr), &::X509_free);
  const bool match = key && own && ::X509_check_private_key(own.get(), key.get()) == 1;
  ::ERR_clear_error();
  if (match) return ServerTls{std::move(*certificates), std::move(key_pem)};
  wrong = key ? fmt::format("{} is not the key of the first certificate in {}", key_path,
                            certificate_path)
              : fmt::format("{} holds no private key in PEM form without a passphrase", key_path);
  return std::nullopt;
}

}  // namespace sallyport::gateway
