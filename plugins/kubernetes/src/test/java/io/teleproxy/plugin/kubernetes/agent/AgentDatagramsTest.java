package io.teleproxy.plugin.kubernetes.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.teleproxy.agent.wire.DatagramCapsules;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Capsules, however they are cut. */
final class AgentDatagramsTest {
  @Test
  void capsulesAreReadFromBytesThatComeOneByOne() {
    List<String> read = new ArrayList<>();
    DatagramCapsules capsules =
        new DatagramCapsules(payload -> read.add(payload.toString(StandardCharsets.UTF_8)));
    ByteBuf wire = Unpooled.buffer();
    for (String text : List.of("one", "", "x".repeat(100), "y".repeat(20_000))) {
      ByteBuf capsule =
          DatagramCapsules.capsule(
              ByteBufAllocator.DEFAULT, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
      wire.writeBytes(capsule);
      capsule.release();
    }
    while (wire.isReadable()) {
      capsules.read(wire.readSlice(1));
    }
    capsules.close();
    assertThat(read).containsExactly("one", "", "x".repeat(100), "y".repeat(20_000));
  }

  @Test
  void capsulesOfOtherKindsAndContextsAreSkipped() {
    List<String> read = new ArrayList<>();
    DatagramCapsules capsules =
        new DatagramCapsules(payload -> read.add(payload.toString(StandardCharsets.UTF_8)));
    // Type 0x17 with three bytes; a datagram of context 2; then one of ours.
    capsules.read(
        Unpooled.wrappedBuffer(new byte[] {0x17, 3, 1, 2, 3, 0, 2, 2, 'a', 0, 2, 0, 'b'}));
    capsules.close();
    assertThat(read).containsExactly("b");
  }
}
