package io.teleproxy.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.config.HostEnvironment;
import io.teleproxy.spi.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineExaminationTest {
  private static final Instant NOW = Instant.parse("2027-01-02T03:04:05Z");

  @TempDir Path root;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "etc/resolv.conf                | # nobody                   | resolv.conf   | NOTE | no nameserver | --dns",
        "etc/nsswitch.conf              | hosts: files resolve       | nsswitch.conf | BAD  | asks no nameserver | Add 'dns'",
        "etc/systemd/resolved.conf      | DNSOverTLS=yes             | DNS over TLS  | NOTE | over TLS | nsswitch.conf",
        "run/nscd/socket                | x                          | nscd          | NOTE | remembers names | nscd -i hosts",
        "proc/77/comm                   | sshuttle                   | other tools   | NOTE | sshuttle (pid 77) | stop them",
        "HOME/.mozilla/firefox/x.default/prefs.js | user_pref(\"network.trr.mode\", 2); | DNS over HTTPS | NOTE | Firefox | in the browser",
        "etc/chromium/policies/managed/a.json | {\"DnsOverHttpsMode\": \"secure\"} | DNS over HTTPS | NOTE | Chromium | in the browser",
        "etc/hosts                      | 127.1.27.1 web.default.svc | /etc/hosts    | NOTE | 1 lines name services | remove them",
        "sys/class/net/wg0/mtu          | 1420                       | VPN           | NOTE | wg0 | overlapping-routes",
        "sys/class/net/eth0/mtu         | 900                        | MTU           | NOTE | eth0 has MTU 900 | IPv6",
      })
  void namesWhatIsSoAndWhatToDo(
      String file, String text, String check, Finding.Verdict verdict, String found, String remedy)
      throws IOException {
    String home = HostEnvironment.current().home().toString().substring(1);
    Path planted = root.resolve(file.replace("HOME", home));
    Files.createDirectories(planted.getParent());
    Files.writeString(planted, text + "\n");

    assertThat(examine(Map.of(), NOW))
        .anySatisfy(
            one -> {
              assertThat(one.check()).isEqualTo(check);
              assertThat(one.verdict()).isEqualTo(verdict);
              assertThat(one.found()).contains(found);
              assertThat(one.remedy()).contains(remedy);
            });
  }

  @Test
  void aProxyIsNamedWithoutItsPassword() {
    assertThat(examine(Map.of("HTTPS_PROXY", "http://me:hidden@proxy.example:3128"), NOW))
        .anySatisfy(one -> assertThat(one.found()).contains("http://proxy.example:3128"))
        .noneSatisfy(one -> assertThat(one.toString()).contains("hidden"));
  }

  @Test
  void aClockThatCannotBeRightIsBad() {
    assertThat(examine(Map.of(), Instant.EPOCH))
        .anySatisfy(
            one -> {
              assertThat(one.check()).isEqualTo("clock");
              assertThat(one.verdict()).isEqualTo(Finding.Verdict.BAD);
            });
  }

  private Iterable<Finding> examine(Map<String, String> variables, Instant now) {
    return MachineExamination.of(HostEnvironment.current().with(variables), root, now);
  }
}
