#include "server/http/address_policy.h"

#include <sys/un.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::http {
namespace {

constexpr AddressPolicy kDefault;
constexpr AddressPolicy kLoopback{.allow_loopback = true};
constexpr AddressPolicy kPrivate{.allow_private = true};
constexpr AddressPolicy kBoth{.allow_loopback = true, .allow_private = true};

struct Case {
  const char* name;
  const char* ip;
  enum { kPublic, kLoopbackKind, kPrivateKind, kNever } kind;
};

class AddressPolicyTest : public ::testing::TestWithParam<Case> {};

TEST_P(AddressPolicyTest, AllowsByKind) {
  const Case& row = GetParam();
  EXPECT_EQ(kDefault.Allows(std::string(row.ip)), row.kind == Case::kPublic);
  EXPECT_EQ(kLoopback.Allows(std::string(row.ip)), row.kind == Case::kPublic || row.kind == Case::kLoopbackKind);
  EXPECT_EQ(kPrivate.Allows(std::string(row.ip)), row.kind == Case::kPublic || row.kind == Case::kPrivateKind);
  EXPECT_EQ(kBoth.Allows(std::string(row.ip)), row.kind != Case::kNever);
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, AddressPolicyTest,
    ::testing::Values(
        Case{"PublicV4", "93.184.216.34", Case::kPublic}, Case{"PublicV6", "2606:2800:220:1::1", Case::kPublic},
        Case{"Loopback", "127.0.0.1", Case::kLoopbackKind},
        Case{"LoopbackElsewhere", "127.255.1.2", Case::kLoopbackKind}, Case{"LoopbackV6", "::1", Case::kLoopbackKind},
        Case{"Ten", "10.0.0.1", Case::kPrivateKind}, Case{"TenLast", "10.255.255.255", Case::kPrivateKind},
        Case{"AfterTen", "11.0.0.0", Case::kPublic}, Case{"Before172", "172.15.255.255", Case::kPublic},
        Case{"First172", "172.16.0.0", Case::kPrivateKind}, Case{"Last172", "172.31.255.255", Case::kPrivateKind},
        Case{"After172", "172.32.0.0", Case::kPublic}, Case{"OneNineTwo", "192.168.1.1", Case::kPrivateKind},
        Case{"BeforeCarrierNat", "100.63.255.255", Case::kPublic}, Case{"CarrierNat", "100.64.0.1", Case::kPrivateKind},
        Case{"CarrierNatLast", "100.127.255.255", Case::kPrivateKind},
        Case{"AfterCarrierNat", "100.128.0.0", Case::kPublic}, Case{"UniqueLocal", "fd12:3456::1", Case::kPrivateKind},
        Case{"UniqueLocalFirst", "fc00::", Case::kPrivateKind}, Case{"Unspecified", "0.0.0.0", Case::kNever},
        Case{"ThisNetwork", "0.1.2.3", Case::kNever}, Case{"UnspecifiedV6", "::", Case::kNever},
        Case{"CloudMetadata", "169.254.169.254", Case::kNever}, Case{"LinkLocalV6", "fe80::1", Case::kNever},
        Case{"LinkLocalV6Last", "febf:ffff::1", Case::kNever}, Case{"SiteLocalV6", "fec0::1", Case::kNever},
        Case{"Multicast", "224.0.0.1", Case::kNever}, Case{"MulticastV6", "ff02::1", Case::kNever},
        Case{"Reserved", "240.0.0.1", Case::kNever}, Case{"Broadcast", "255.255.255.255", Case::kNever},
        Case{"Documentation1", "192.0.2.1", Case::kNever}, Case{"Documentation2", "198.51.100.1", Case::kNever},
        Case{"Documentation3", "203.0.113.1", Case::kNever}, Case{"DocumentationV6", "2001:db8::1", Case::kNever},
        Case{"DocumentationV6New", "3fff:0fff::1", Case::kNever},
        Case{"AfterDocumentationV6", "3fff:1000::1", Case::kPublic}, Case{"Benchmarks", "198.19.0.1", Case::kNever},
        Case{"ProtocolAssignments", "192.0.0.8", Case::kNever}, Case{"Teredo", "2001::1", Case::kNever},
        Case{"AfterProtocolAssignments", "2001:200::1", Case::kPublic},
        Case{"MappedPublic", "::ffff:93.184.216.34", Case::kPublic},
        Case{"MappedTen", "::ffff:10.0.0.1", Case::kPrivateKind},
        Case{"MappedLoopback", "::ffff:127.0.0.1", Case::kLoopbackKind},
        Case{"MappedMetadata", "::ffff:169.254.169.254", Case::kNever},
        Case{"CompatibleTen", "::10.0.0.1", Case::kNever}, Case{"Nat64Public", "64:ff9b::93.184.216.34", Case::kPublic},
        Case{"Nat64Ten", "64:ff9b::10.0.0.1", Case::kPrivateKind},
        Case{"Nat64Metadata", "64:ff9b::169.254.169.254", Case::kNever},
        Case{"Nat64Local", "64:ff9b:1::1", Case::kNever}, Case{"SixToFourPublic", "2002:5db8:d822::1", Case::kPublic},
        Case{"SixToFourTen", "2002:a00:1::1", Case::kPrivateKind},
        Case{"SixToFourLoopback", "2002:7f00:1::1", Case::kLoopbackKind}, Case{"Discard", "100::1", Case::kNever},
        Case{"NotAnAddress", "example.com", Case::kNever}, Case{"Empty", "", Case::kNever}),
    [](const auto& test) { return test.param.name; });

TEST(AddressPolicyTest, RefusesOtherFamilies) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/socket"};
  EXPECT_FALSE(kBoth.Allows(reinterpret_cast<const sockaddr&>(address)));
}

TEST(IsIpAddressTest, TellsAddressesFromNames) {
  EXPECT_TRUE(IsIpAddress("192.0.2.1"));
  EXPECT_TRUE(IsIpAddress("2001:db8::1"));
  EXPECT_FALSE(IsIpAddress("example.com"));
  EXPECT_FALSE(IsIpAddress("[::1]"));
}

}  // namespace
}  // namespace interaction::http
