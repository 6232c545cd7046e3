package io.teleproxy.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class OpenFilesTest {
  @Test
  void socketsAreCountedAndTheLimitIsTheSystems() throws IOException {
    OpenFiles before = OpenFiles.now().orElseThrow();
    List<DatagramSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        sockets.add(new DatagramSocket());
      }
      assertThat(OpenFiles.now().orElseThrow().open())
          .isBetween(before.open() + 30, before.open() + 70);
    } finally {
      sockets.forEach(DatagramSocket::close);
    }
    assertThat(before.limit()).isGreaterThan(before.open());
  }
}
