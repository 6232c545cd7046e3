package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Tunnel;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Says what it hears (RFC 862). */
final class EchoConversation extends Conversation {
  EchoConversation(Executor thread, Tunnel.Listener listener, Consumer<Conversation> over) {
    super(thread, listener, over);
  }

  @Override
  void heard(ByteBuffer data) {
    say(data);
  }

  @Override
  void heardAll() {
    finish();
  }
}
