package io.teleproxy.plugin.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.spi.Prefix;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressTextTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, 10.0.0.1/32",
    "10.1.2.3/8, 10.0.0.0/8",
    "::, ::/128",
    "::1, ::1/128",
    "fd00::, fd00::/128",
    "fd00:0:0:0:1:0:0:1, fd00::1:0:0:1/128",
    "fd00:0:0:1:0:0:0:1, fd00:0:0:1::1/128",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1/128",
    "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::/128",
    "0:0:3:4:5:6:7:8, ::3:4:5:6:7:8/128",
    "FD00:ABCD::/32, fd00:abcd::/32",
    "::/0, ::/0",
  })
  void writesAddressesAsIptablesSavePrintsThem(String given, String printed) {
    assertThat(AddressText.of(Prefix.parse(given))).isEqualTo(printed);
  }
}
