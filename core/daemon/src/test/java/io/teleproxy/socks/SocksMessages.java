package io.teleproxy.socks;

import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;

/** A SOCKS5 client written out by hand. */
public final class SocksMessages {
  static final byte[] GREETING = {5, 1, 0};

  private SocksMessages() {}

  /** CONNECT to 127.0.0.1, step by step, expecting success. */
  public static void request(Socket socket, int port) throws IOException {
    socket.getOutputStream().write(GREETING);
    read(socket, 2);
    socket.getOutputStream().write(connect(port));
    byte[] reply = read(socket, 10);
    if (reply[1] != 0) {
      throw new IOException("SOCKS reply " + reply[1]);
    }
  }

  static byte[] connect(int port) {
    return new byte[] {5, 1, 0, 1, 127, 0, 0, 1, (byte) (port >> 8), (byte) port};
  }

  static byte[] read(Socket socket, int length) throws IOException {
    byte[] bytes = socket.getInputStream().readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("after " + bytes.length + " of " + length + " bytes");
    }
    return bytes;
  }
}
