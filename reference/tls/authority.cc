#include "reference/tls/authority.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "reference/net/address.h"

namespace sallyport::tls {
namespace {

constexpr int kDaysBefore = 1;
constexpr int kDaysAfter = 397;       // with the day before: what strict clients still accept
constexpr std::size_t kNameMax = 64;  // X.520's bound of a common name
constexpr std::size_t kHostMax = 253;
constexpr long kVersion3 = 2;
constexpr int kSerialBits = 127;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, octets(value),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Serial, life and key: what a CA and a leaf have alike.
X509Ptr blank(evp_pkey_st* key, std::int64_t made_ms) {
  X509Ptr certificate(X509_new());
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), &BN_free);
  std::time_t made = static_cast<std::time_t>(made_ms / 1000);
  if (!certificate || !serial ||
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
      X509_set_version(certificate.get(), kVersion3) != 1 ||
      X509_time_adj_ex(X509_getm_notBefore(certificate.get()), -kDaysBefore, 0, &made) == nullptr ||
      X509_time_adj_ex(X509_getm_notAfter(certificate.get()), kDaysAfter, 0, &made) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return nullptr;
  }
  return certificate;
}

bool fill_authority(X509* certificate, evp_pkey_st* key) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return add_name(name, "CN", "OpenShell Sandbox CA") && add_name(name, "O", "OpenShell") &&
         X509_set_issuer_name(certificate, name) == 1 &&
         add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") &&
         add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string to_pem(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The alternative name is made as a structure, never from configuration text: a host couldn't add
// a second entry to it even if it held a comma.
bool add_alternative_name(X509* certificate, std::string_view host, bool critical) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(GENERAL_NAMES_new(),
                                                                            &GENERAL_NAMES_free);
  std::unique_ptr<GENERAL_NAME, decltype(&GENERAL_NAME_free)> name(GENERAL_NAME_new(),
                                                                   &GENERAL_NAME_free);
  if (!names || !name) return false;
  const auto address = net::IpAddress::parse(host);
  const auto type = address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING;
  ASN1_STRING* value = ASN1_STRING_type_new(type);
  if (value == nullptr) return false;
  GENERAL_NAME_set0_value(name.get(), address ? GEN_IPADD : GEN_DNS, value);
  const int size = !address ? static_cast<int>(host.size()) : address->is_v4() ? 4 : 16;
  const void* data = address ? static_cast<const void*>(address->octets().data()) : host.data();
  if (ASN1_STRING_set(value, data, size) != 1) return false;
  if (sk_GENERAL_NAME_push(names.get(), name.get()) <= 0) return false;
  [[maybe_unused]] auto* owned = name.release();
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical ? 1 : 0,
                           X509V3_ADD_DEFAULT) == 1;
}

bool fill_leaf(X509* leaf, X509* issuer, evp_pkey_st* key, std::string_view host) {
  // A name too long for the common name stands in the alternative name alone, then critical.
  const bool fits = host.size() <= kNameMax;
  if (fits && !add_name(X509_get_subject_name(leaf), "CN", host)) return false;
  return X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
         add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth") &&
         add_extension(leaf, issuer, NID_authority_key_identifier, "keyid") &&
         add_alternative_name(leaf, host, !fits) && X509_sign(leaf, key, EVP_sha256()) > 0;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kHostMax &&
         std::all_of(host.begin(), host.end(),
                     [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '_' || c == '.' || c == ':';
                     }) &&
         (host.find(':') == std::string_view::npos || net::IpAddress::parse(host));
}

}  // namespace

base::Result<Authority> Authority::create(std::int64_t wall_ms) {
  ERR_clear_error();
  Authority authority;
  authority.made_ms_ = wall_ms;
  authority.key_.reset(EVP_EC_gen("P-256"));
  authority.leaf_key_.reset(EVP_EC_gen("P-256"));
  if (!authority.key_ || !authority.leaf_key_) return TlsErrc::library_failed;
  authority.certificate_ = blank(authority.key_.get(), wall_ms);
  if (!authority.certificate_ ||
      !fill_authority(authority.certificate_.get(), authority.key_.get())) {
    return TlsErrc::library_failed;
  }
  authority.pem_ = to_pem(authority.certificate_.get());
  if (authority.pem_.empty()) return TlsErrc::library_failed;
  return authority;
}

base::Result<Leaf> Authority::mint(std::string_view host) const {
  if (!is_host(host)) return TlsErrc::bad_host;
  ERR_clear_error();
  X509Ptr leaf = blank(leaf_key_.get(), made_ms_);
  if (!leaf || !fill_leaf(leaf.get(), certificate_.get(), key_.get(), host)) {
    return TlsErrc::library_failed;
  }
  return Leaf(std::move(leaf));
}

}  // namespace sallyport::tls
