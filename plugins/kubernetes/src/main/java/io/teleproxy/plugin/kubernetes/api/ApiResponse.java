package io.teleproxy.plugin.kubernetes.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * An answer whose body has begun to come.
 *
 * @param encoding of the body, as the header Content-Encoding names it; empty if there is none
 * @param date the header Date (RFC 9110 §6.6.1); empty if there is none
 */
record ApiResponse(int status, String encoding, String date, ResponseBody raw) {
  private static final int PIECE = 16 * 1024;

  /** The body in plain; reading it waits. */
  InputStream body() throws IOException {
    return encoding.equals("gzip") ? new GZIPInputStream(raw, PIECE) : raw;
  }

  void close() {
    raw.close();
  }
}
