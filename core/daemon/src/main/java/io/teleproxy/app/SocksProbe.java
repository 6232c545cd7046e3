package io.teleproxy.app;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * Asks a SOCKS5 proxy of this machine for a connection (RFC 1928), as the transparent proxy does,
 * and tells how that went. Blocks.
 */
final class SocksProbe {
  private static final int CONNECT_MILLIS = 2_000;
  private static final int ANSWER_MILLIS = 20_000;

  private SocksProbe() {}

  /**
   * What came of it.
   *
   * @param failure empty if the far end has accepted
   * @param reply of RFC 1928 §6; -1 if there was none
   */
  record Outcome(String failure, int reply, double millis) {}

  static Outcome connect(int target, InetSocketAddress to) {
    long start = System.nanoTime();
    try (Socket socket = new Socket()) {
      socket.setTcpNoDelay(true);
      socket.connect(
          new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), target),
          CONNECT_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      OutputStream out = socket.getOutputStream();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      out.write(new byte[] {5, 1, 0});
      if (in.readByte() != 5 || in.readByte() != 0) {
        return new Outcome("it is no SOCKS5 proxy, or wants a password", -1, millis(start));
      }
      byte[] address = to.getAddress().getAddress();
      byte[] request = new byte[6 + address.length];
      request[0] = 5;
      request[1] = 1;
      request[3] = (byte) (address.length == 4 ? 1 : 4);
      System.arraycopy(address, 0, request, 4, address.length);
      request[request.length - 2] = (byte) (to.getPort() >> 8);
      request[request.length - 1] = (byte) to.getPort();
      out.write(request);
      in.readByte();
      int reply = in.readByte();
      return new Outcome(reply == 0 ? "" : words(reply), reply, millis(start));
    } catch (EOFException e) {
      return new Outcome("it closed the connection", -1, millis(start));
    } catch (IOException e) {
      return new Outcome(String.valueOf(e.getMessage()), -1, millis(start));
    }
  }

  private static double millis(long start) {
    return Math.round((System.nanoTime() - start) / 10_000.0) / 100.0;
  }

  private static String words(int reply) {
    return switch (reply) {
      case 2 -> "not allowed";
      case 3 -> "network unreachable";
      case 4 -> "host unreachable";
      case 5 -> "connection refused";
      case 6 -> "timed out";
      default -> "failed (SOCKS reply " + reply + ")";
    };
  }
}
