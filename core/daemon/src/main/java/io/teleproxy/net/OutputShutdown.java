package io.teleproxy.net;

import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;

/** Ends one direction of a connection. */
public final class OutputShutdown {
  private OutputShutdown() {}

  /**
   * Sends FIN: shutdown(2) with {@code SHUT_WR}. Everything written must have been flushed, and
   * nothing may be written afterwards. On sockets of epoll the system is asked directly: netty's
   * own way makes an exception with a stack trace for every connection that ends. To be called on
   * the channel's event loop.
   *
   * @param channel connected
   * @param done told whether it succeeded, perhaps at once
   */
  public static void of(DuplexChannel channel, Result done) {
    if (channel instanceof UnixChannel unix) {
      done.shut(now(unix));
    } else {
      channel.shutdownOutput().addListener(shut -> done.shut(shut.isSuccess()));
    }
  }

  /** What came of it. */
  @FunctionalInterface
  public interface Result {
    void shut(boolean success);
  }

  private static boolean now(UnixChannel channel) {
    try {
      new Socket(channel.fd().intValue()).shutdown(false, true);
      return true;
    } catch (NotYetConnectedException | IOException e) {
      // Both directions are gone already, or the connection is.
      return false;
    }
  }
}
