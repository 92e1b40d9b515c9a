#include "simulator/topology/dns_zone.h"

#include <algorithm>

namespace sallyport::sim::topology {

void DnsZone::change(const Zone& merged, const std::vector<std::string>& removed) {
  const auto begin_anew = [this](const std::string& name) {
    std::erase_if(asked_, [&name](const auto& entry) {
      const std::string& place = entry.first.first;
      return place == name || place.starts_with(name + "/");
    });
  };
  for (const std::string& name : removed) {
    begin_anew(name);
    zone_.erase(name);
  }
  for (const auto& [name, answer] : merged) {
    begin_anew(name);
    zone_[name] = answer;
  }
}

const DnsAnswer* DnsZone::turn(const DnsAnswer& answer, std::uint16_t type,
                               const std::string& place) {
  if (answer.kind != DnsAnswer::Kind::sequence) return &answer;
  if (answer.sequence.empty()) return nullptr;
  std::size_t& asked = asked_[{place, type}];
  const std::size_t at = std::min(asked, answer.sequence.size() - 1);
  ++asked;
  return turn(answer.sequence[at], type, place + "/" + std::to_string(at));
}

DnsSaid DnsZone::ask(const std::string& name, std::uint16_t type, bool over_tcp) {
  DnsSaid said;
  const auto found = zone_.find(name);
  if (found == zone_.end()) return said;
  const DnsAnswer* const answer = turn(found->second, type, name);
  if (answer == nullptr) return said;
  said.rcode = dns::Rcode::noerror;
  for (const auto& address : answer->addresses) {
    if (type == (address.is_v4() ? dns::kA : dns::kAaaa)) said.addresses.push_back(address);
  }
  switch (answer->kind) {
    case DnsAnswer::Kind::addresses:
      break;
    case DnsAnswer::Kind::wrong_id:
      said.wrong_id = true;
      break;
    case DnsAnswer::Kind::truncated:
      said.truncated = !over_tcp;
      break;
    case DnsAnswer::Kind::nxdomain:
      said.rcode = dns::Rcode::nxdomain;
      break;
    case DnsAnswer::Kind::silent:
      said.silent = true;
      break;
    case DnsAnswer::Kind::servfail:
    case DnsAnswer::Kind::sequence:  // never: turn() has looked into it
      said.rcode = dns::Rcode::servfail;
      break;
  }
  const bool records = said.rcode == dns::Rcode::noerror && !said.silent && !said.truncated;
  if (!records) said.addresses.clear();
  return said;
}

DnsSaid DnsZone::ask_under(DnsFault::Kind fault, const std::string& name, std::uint16_t type,
                           bool over_tcp) {
  DnsSaid said;
  switch (fault) {
    case DnsFault::Kind::nxdomain:
      break;
    case DnsFault::Kind::servfail:
      said.rcode = dns::Rcode::servfail;
      break;
    case DnsFault::Kind::silent:
      said.silent = true;
      break;
    case DnsFault::Kind::wrong_id:
      said = ask(name, type, over_tcp);
      said.wrong_id = true;
      break;
    case DnsFault::Kind::truncated:
      if (over_tcp) return ask(name, type, over_tcp);
      said.rcode = dns::Rcode::noerror;
      said.truncated = true;
      break;
  }
  return said;
}

}  // namespace sallyport::sim::topology
