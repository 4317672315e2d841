#include "server/app/check_config.h"

#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/http/client.h"
#include "tests/support/certificates.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace interaction::app {
namespace {

using ::interaction::testing::CertificateAuthority;
using ::interaction::testing::IsOk;
using ::interaction::testing::TempDir;
using ::testing::ElementsAreArray;

struct Case {
  const char* name;
  std::vector<std::string> sets;
  std::vector<std::string> lines;  // none: it loads
};

// In `sets` and `lines`, FOLDER/ stands for the folder that holds these files: a.pem and a.key, b.pem and b.key (each a
// certificate and its key), garbage.
class CheckConfigTest : public ::testing::TestWithParam<Case> {
 protected:
  CheckConfigTest() {
    EXPECT_THAT(http::GlobalInit(), IsOk());
    authority_.Issue("a");
    authority_.Issue("b");
    dir_.Write("garbage", "no PEM\n");
  }

  TempDir dir_;
  CertificateAuthority authority_{&dir_};
};

TEST_P(CheckConfigTest, FindsWhatWouldStopTheStartOrFailEveryCall) {
  std::vector<std::string> sets = GetParam().sets;
  for (std::string& set : sets) absl::StrReplaceAll({{"FOLDER/", dir_.File("")}}, &set);
  const auto config = config::Load({.sets = sets}, CheckConfig);
  if (GetParam().lines.empty()) {
    EXPECT_THAT(config, IsOk());
    return;
  }
  const std::string message = absl::StrReplaceAll(config.status().message(), {{dir_.File(""), "FOLDER/"}});
  EXPECT_THAT(std::vector<std::string>(absl::StrSplit(message, '\n')), ElementsAreArray(GetParam().lines));
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, CheckConfigTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"Default", {}, {}},
        {"Ipv6", {"seethepro.base_url=https://[2600:1f18::1]/"}, {}},
        {"ThisMachine",
         {"seethepro.base_url=https://127.0.0.1/", "wolkvox.base_url=https://[::1]:8443/"},
         {"--set: seethepro.base_url: 127.0.0.1 is this machine while egress.allow_loopback is false",
          "--set: wolkvox.base_url: ::1 is this machine while egress.allow_loopback is false"}},
        {"Localhost",
         {"wolkvox.base_url=https://wv{server}.localhost/"},
         {"--set: wolkvox.base_url: wv0.localhost is this machine while egress.allow_loopback is false"}},
        {"ThisMachineAllowed", {"seethepro.base_url=https://127.0.0.1/", "egress.allow_loopback=true"}, {}},
        {"Private",
         {"seethepro.base_url=https://10.1.2.3/"},
         {"--set: seethepro.base_url: 10.1.2.3 is a private address while egress.allow_private is false"}},
        {"LinkLocal",
         {"seethepro.base_url=https://169.254.169.254/", "egress.allow_private=true", "egress.allow_loopback=true"},
         {"--set: seethepro.base_url: 169.254.169.254 is an address that no setting allows: link-local, unspecified or "
          "reserved"}},
        {"ThroughAProxy", {"seethepro.base_url=https://10.1.2.3/", "egress.proxy=http://proxy:3128"}, {}},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Files, CheckConfigTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"Usable",
         {"egress.ca_file=FOLDER/a.pem", "egress.client_cert_file=FOLDER/a.pem", "egress.client_key_file=FOLDER/a.key"},
         {}},
        {"AuthoritiesThatAreNone",
         {"egress.ca_file=FOLDER/garbage"},
         {"--set: egress.ca_file: cannot use CA file FOLDER/garbage"}},
        {"CertificateThatIsNone",
         {"egress.client_cert_file=FOLDER/garbage", "egress.client_key_file=FOLDER/a.key"},
         {"--set: egress.client_cert_file: cannot use client certificate FOLDER/garbage"}},
        {"KeyThatIsNone",
         {"egress.client_cert_file=FOLDER/a.pem", "egress.client_key_file=FOLDER/garbage"},
         {"--set: egress.client_key_file: cannot use client key FOLDER/garbage"}},
        {"KeyOfAnotherCertificate",
         {"egress.client_cert_file=FOLDER/a.pem", "egress.client_key_file=FOLDER/b.key"},
         {"--set: egress.client_key_file: cannot use client key FOLDER/b.key: it belongs to another certificate"}},
        {"ServersKeyThatIsNone",
         {"server.tls_cert_file=FOLDER/a.pem", "server.tls_key_file=FOLDER/garbage"},
         {"--set: server.tls_key_file: cannot use server key FOLDER/garbage"}},
        {"ServersKeyOfAnotherCertificate",
         {"server.tls_cert_file=FOLDER/a.pem", "server.tls_key_file=FOLDER/b.key"},
         {"--set: server.tls_key_file: cannot use server key FOLDER/b.key: it belongs to another certificate"}},
        {"MissingIsSaidOnce",
         {"egress.ca_file=FOLDER/none"},
         {R"(--set: egress.ca_file: "FOLDER/none" cannot be read: No such file or directory)"}},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace interaction::app
