package io.teleproxy.plugin.pf;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Interceptor.Capability;
import io.teleproxy.spi.Probe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the probe says about Macs of every kind, and others. */
class PfProbeTest {
  @TempDir Path folder;
  private final Mac mac = new Mac();

  @Test
  void appliesToAMacAsAppleShipsIt() throws IOException {
    assertThat(probe())
        .isEqualTo(Probe.applicable(100, "pf in anchor com.apple/teleproxy, to be enabled"));
    assertThat(mac.transcript).allMatch(line -> line.startsWith("pfctl -s "));
    assertThat(interceptor().capabilities())
        .contains(Capability.UDP, Capability.IPV6, Capability.CIDR, Capability.REJECT)
        .doesNotContain(Capability.OWNER_CLEANUP);
  }

  @Test
  void tellsWhatItWillTakeBack() throws IOException {
    mac.tokens.add("1");
    mac.skip = true;
    assertThat(probe())
        .isEqualTo(
            Probe.applicable(
                100,
                "pf in anchor com.apple/teleproxy, enabled, set skip on lo0 to be taken back"));
  }

  @Test
  void needsTheMainRulesToCallAppleChildren() throws IOException {
    mac.appleAnchors = false;
    assertNot(
        "the main rules of pf do not have the line rdr-anchor \"com.apple/*\"",
        "sudo pfctl -f /etc/pf.conf");
  }

  @Test
  void namesWhatIsMissing() throws IOException {
    mac.missing = Set.of("scutil");
    assertNot("scutil not found", "PATH");
    mac.missing = Set.of();
    mac.privileged = false;
    assertNot("pf may be changed by root only", "sudo");
    mac.os = "linux";
    assertNot("pf is part of macOS, this is linux", "");
  }

  @Test
  void passesOnWhatPfctlSays() throws IOException {
    mac.failing = "pfctl -s nat";
    assertNot("pfctl -s nat failed (exit 1: pfctl: it is broken)", "pfctl -s all");
  }

  @Test
  void needsTheDevice() {
    Path nowhere = folder.resolve("nowhere");
    assertThat(new PfInterceptor(mac, mac::openDevice, nowhere, Duration.ofDays(1)).probe(mac))
        .isEqualTo(Probe.notApplicable(nowhere + " is not there", "Run it on the Mac itself."));
  }

  private void assertNot(String reason, String remedy) throws IOException {
    assertThat(probe())
        .isInstanceOfSatisfying(
            Probe.NotApplicable.class,
            not -> {
              assertThat(not.reason()).isEqualTo(reason);
              assertThat(not.remedy()).contains(remedy);
            });
  }

  private Probe probe() throws IOException {
    return interceptor().probe(mac);
  }

  private PfInterceptor interceptor() throws IOException {
    Path device = folder.resolve("pf");
    if (!Files.exists(device)) {
      Files.createFile(device);
    }
    return new PfInterceptor(mac, mac::openDevice, device, Duration.ofDays(1));
  }
}
