#include "simulator/wire/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "reference/base/check.h"
#include "reference/net/address.h"

namespace sallyport::sim::wire {
namespace {

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;

constexpr std::int64_t kDay = 24 * 60 * 60;

Key new_key() {
  Key key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr);
  return key;
}

template <class Write>
std::string to_pem(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  CHECK(bio != nullptr && write(bio) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string certificate_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void add_extension(X509* certificate, int nid, const char* value) {
  Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
  CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_name(GENERAL_NAMES* names, const std::string& name) {
  GENERAL_NAME* entry = GENERAL_NAME_new();
  CHECK(entry != nullptr);
  if (const auto address = net::IpAddress::parse(name)) {
    ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(octets, address->octets().data(), address->is_v4() ? 4 : 16);
    GENERAL_NAME_set0_value(entry, GEN_IPADD, octets);
  } else {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(entry, GEN_DNS, text);
  }
  CHECK(sk_GENERAL_NAME_push(names, entry) > 0);
}

void add_names(X509* certificate, const std::vector<std::string>& names) {
  GENERAL_NAMES* all = sk_GENERAL_NAME_new_null();
  for (const auto& name : names) add_name(all, name);
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0) == 1);
  sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
}

void set_subject(X509_NAME* subject, const std::string& name) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  const int length = static_cast<int>(std::min<std::size_t>(name.size(), 64));  // RFC 5280's bound
  CHECK(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes, length, -1, 0) == 1);
}

// A certificate with everything but its issuer, extensions and signature.
Certificate blank(EVP_PKEY* key, const std::string& name, std::int64_t from_s, std::int64_t to_s) {
  Certificate certificate(X509_new());
  CHECK(certificate != nullptr);
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1U);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<std::time_t>(from_s));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<std::time_t>(to_s));
  CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  set_subject(X509_get_subject_name(certificate.get()), name);
  return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
  CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
}

struct Issuer {
  Key key;
  Certificate certificate;
};

Issuer new_issuer(const std::string& name, std::int64_t wall_ms) {
  Issuer issuer;
  issuer.key = new_key();
  const std::int64_t now = wall_ms / 1000;
  issuer.certificate = blank(issuer.key.get(), name, now - 30 * kDay, now + 30 * kDay);
  add_extension(issuer.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(issuer.certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(issuer.certificate.get(), issuer.certificate.get(), issuer.key.get());
  return issuer;
}

}  // namespace

struct Authority::Keys {
  Issuer world;
  Issuer unknown;
  Key leaf;
};

std::unique_ptr<Authority> Authority::make(std::int64_t wall_ms) {
  auto keys = std::make_unique<Keys>();
  keys->world = new_issuer("Sallyport World CA", wall_ms);
  keys->unknown = new_issuer("Sallyport Unknown CA", wall_ms);
  keys->leaf = new_key();
  std::string pem = certificate_pem(keys->world.certificate.get());
  return std::unique_ptr<Authority>(new Authority(std::move(keys), std::move(pem), wall_ms));
}

Authority::Authority(std::unique_ptr<Keys> keys, std::string ca_pem, std::int64_t wall_ms)
    : keys_(std::move(keys)), ca_pem_(std::move(ca_pem)), wall_ms_(wall_ms) {}

Authority::~Authority() = default;

Leaf Authority::leaf(const std::vector<std::string>& names, Defect defect) const {
  std::vector<std::string> told = names;
  if (defect == Defect::wrong_name || told.empty()) told.assign(1, "wrong-name.invalid");
  std::int64_t from = wall_ms_ / 1000 - kDay;
  std::int64_t to = from + 20 * kDay;
  if (defect == Defect::expired) from -= 20 * kDay, to = wall_ms_ / 1000 - kDay / 2;
  if (defect == Defect::not_yet_valid) from += 2 * kDay;

  EVP_PKEY* key = keys_->leaf.get();
  const Certificate certificate = blank(key, told.front(), from, to);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
  add_names(certificate.get(), told);

  Leaf made;
  if (defect == Defect::self_signed) {
    sign(certificate.get(), certificate.get(), key);
    made.chain_pem = certificate_pem(certificate.get());
  } else {
    const bool unknown = defect == Defect::unknown_issuer;
    const Issuer& issuer = unknown ? keys_->unknown : keys_->world;
    sign(certificate.get(), issuer.certificate.get(), issuer.key.get());
    made.chain_pem = certificate_pem(certificate.get()) + certificate_pem(issuer.certificate.get());
  }
  made.key_pem = to_pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

}  // namespace sallyport::sim::wire
