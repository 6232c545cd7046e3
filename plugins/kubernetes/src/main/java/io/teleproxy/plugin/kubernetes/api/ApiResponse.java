package io.teleproxy.plugin.kubernetes.api;

import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** An answer whose body has begun to come. */
record ApiResponse(int status, HttpHeaders headers, ResponseBody raw) {
  private static final int PIECE = 16 * 1024;

  /** The body in plain; reading it waits. */
  InputStream body() throws IOException {
    return header("Content-Encoding").equals("gzip") ? new GZIPInputStream(raw, PIECE) : raw;
  }

  /** The first header of that name; empty if there is none. */
  String header(String name) {
    return headers.get(name, "");
  }

  void close() {
    raw.close();
  }
}
