package io.teleproxy.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"80|80", "443,80|80,443", "80-82,82-90|80-90", "80,81|80-81", "''|''"})
  void mergesAndSortsRanges(String given, String normal) {
    assertThat(Ports.parse(given)).hasToString(normal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "80-79", "a", "80,", "-1", "1-2-3"})
  void refusesWhatIsNoPort(String text) {
    assertThatThrownBy(() -> Ports.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void theEmptyTextIsEveryPort() {
    assertThat(Ports.parse("")).isEqualTo(Ports.ALL);
    assertThat(Ports.ALL.contains(65535)).isTrue();
    assertThat(Ports.parse("80-82").contains(83)).isFalse();
  }
}
