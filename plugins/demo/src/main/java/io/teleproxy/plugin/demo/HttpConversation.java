package io.teleproxy.plugin.demo;

import io.teleproxy.spi.Tunnel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Answers one request, whichever it is, with a page of text. */
final class HttpConversation extends Conversation {
  /** The end of a request's head (RFC 9112 §2.1). */
  private static final String END = "\r\n\r\n";

  private static final int LONGEST_HEAD = 16 << 10;

  private final String page;
  private final StringBuilder head = new StringBuilder();
  private boolean answered;

  HttpConversation(
      Executor thread, Tunnel.Listener listener, Consumer<Conversation> over, String page) {
    super(thread, listener, over);
    this.page = page;
  }

  @Override
  void heard(ByteBuffer data) {
    if (answered) {
      return;
    }
    head.append(StandardCharsets.ISO_8859_1.decode(data));
    if (head.indexOf(END) >= 0) {
      answer("200 OK", head.toString().startsWith("HEAD ") ? "" : page, page.length());
    } else if (head.length() > LONGEST_HEAD) {
      answer("431 Request Header Fields Too Large", "", 0);
    }
  }

  @Override
  void heardAll() {
    answered = true;
    finish();
  }

  private void answer(String status, String body, int length) {
    answered = true;
    String answer =
        "HTTP/1.1 "
            + status
            + "\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Length: "
            + length
            + "\r\nConnection: close"
            + END
            + body;
    say(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
    finish();
  }
}
