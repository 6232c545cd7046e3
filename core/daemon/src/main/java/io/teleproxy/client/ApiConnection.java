package io.teleproxy.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the API of another process of ours, kept open between requests. It knows as
 * much of HTTP/1.1 (RFC 9112) as our own server speaks: answers with a Content-Length. The JDK's
 * newer client would make a TLS context with all the authorities of the world first, a third of the
 * bridge's start. Used by one thread.
 */
public final class ApiConnection implements AutoCloseable {
  private static final int LONGEST_LINE = 8192;

  private final InetSocketAddress place;
  private final int connectMillis;
  private final int readMillis;
  private @Nullable Socket socket;
  private @Nullable InputStream in;

  /** What was answered. */
  public record Answer(int status, String body) {}

  /** The other side has taken the connection back before it answered anything. */
  private static final class Stale extends IOException {
    private static final long serialVersionUID = 1;

    Stale(IOException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /**
   * Opens nothing yet.
   *
   * @param connectMillis how long connecting may take
   * @param readMillis how long the other side may be silent
   */
  public ApiConnection(InetSocketAddress place, int connectMillis, int readMillis) {
    this.place = place;
    this.connectMillis = connectMillis;
    this.readMillis = readMillis;
  }

  /**
   * Asks. A request must do the same when it is done twice: it is sent once more if a connection
   * that was kept open turns out to be closed.
   *
   * @param body JSON; empty for none
   */
  public Answer exchange(String method, String path, String body) throws IOException {
    byte[] request = request(method, path, body.getBytes(StandardCharsets.UTF_8));
    boolean kept = socket != null;
    try {
      return exchange(request);
    } catch (Stale e) {
      if (!kept) {
        throw e;
      }
      return exchange(request);
    }
  }

  private Answer exchange(byte[] request) throws IOException {
    try {
      InputStream answer = in;
      Socket open = socket;
      if (open == null || answer == null) {
        open = new Socket();
        socket = open;
        open.connect(place, connectMillis);
        open.setTcpNoDelay(true);
        open.setSoTimeout(readMillis);
        answer = new BufferedInputStream(open.getInputStream());
        in = answer;
      }
      String status;
      try {
        OutputStream out = open.getOutputStream();
        out.write(request);
        status = line(answer);
      } catch (EOFException | java.net.SocketException e) {
        throw new Stale(e);
      }
      return read(status, answer);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private byte[] request(String method, String path, byte[] body) {
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: teleproxy\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + "\r\n\r\n";
    ByteArrayOutputStream request = new ByteArrayOutputStream(head.length() + body.length);
    request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    request.writeBytes(body);
    return request.toByteArray();
  }

  private Answer read(String status, InputStream answer) throws IOException {
    int length = -1;
    boolean kept = true;
    for (String line = line(answer); !line.isEmpty(); line = line(answer)) {
      String header = line.toLowerCase(Locale.ROOT);
      int colon = header.indexOf(':');
      String value = header.substring(colon + 1).trim();
      if (header.startsWith("content-length:")) {
        length = Integer.parseInt(value);
      } else if (header.startsWith("connection:")) {
        kept = !value.equals("close");
      }
    }
    if (length < 0 || !status.startsWith("HTTP/1.1 ") || status.length() < 12) {
      throw new IOException("not an answer of ours: " + status);
    }
    byte[] body = answer.readNBytes(length);
    if (body.length < length) {
      throw new EOFException("the answer ends early");
    }
    if (!kept) {
      close();
    }
    return new Answer(
        Integer.parseInt(status.substring(9, 12)), new String(body, StandardCharsets.UTF_8));
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < LONGEST_LINE) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("the connection was closed");
      }
      if (next == '\n') {
        return line.toString();
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    throw new IOException("the answer has no end of line");
  }

  /** The next request opens another. */
  @Override
  public void close() {
    Socket open = socket;
    socket = null;
    in = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // It is given up in any case.
      }
    }
  }
}
