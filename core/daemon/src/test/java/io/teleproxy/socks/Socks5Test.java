package io.teleproxy.socks;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Socks5Test {
  @ParameterizedTest
  @ValueSource(longs = {1, 63, 64, 4095, 4096, 1_000_000_007, Long.MAX_VALUE})
  void aGreetingTellsOurServerTheNumberOfTheFlow(long number) {
    ByteBuf greeting = Unpooled.buffer();
    Socks5.writeGreeting(greeting, number);
    int methods = greeting.getUnsignedByte(1);
    assertThat(greeting.readableBytes()).isEqualTo(2 + methods);
    assertThat(greeting.getUnsignedByte(2)).as("the first").isZero();
    for (int i = 1; i < methods; i++) {
      assertThat(greeting.getUnsignedByte(2 + i))
          .as("of private use")
          .isBetween((short) 0x80, (short) 0xfe);
    }
    assertThat(Socks5.flow(greeting, 2, methods)).isEqualTo(number);
  }

  @Test
  void othersGreetingsNameNoFlow() {
    ByteBuf greeting = Unpooled.buffer();
    Socks5.writeGreeting(greeting);
    assertThat(Socks5.flow(greeting, 2, 1)).isZero();
    assertThat(Socks5.flow(Unpooled.wrappedBuffer(new byte[] {0, 1, 2}), 0, 3)).isZero();
  }
}
