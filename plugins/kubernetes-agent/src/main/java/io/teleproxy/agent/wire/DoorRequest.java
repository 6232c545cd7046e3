package io.teleproxy.agent.wire;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Asks the agent to listen on the pod's own address, too, where the API server can reach it without
 * the node's help, and there to let in who knows a token. The agent learns the token's hash only.
 */
public final class DoorRequest {
  /** Field of the HTTP/1.1 request at the door that holds the token. */
  public static final String TOKEN = "teleproxy-token";

  /** Value of the Upgrade field there. */
  public static final String PROTOCOL = "teleproxy";

  private static final String PATH = "/door";
  private static final String ADMIT = "teleproxy-admit";
  private static final String PORT = "teleproxy-port";

  private DoorRequest() {}

  public static Http2Headers asking(String token) {
    return new DefaultHttp2Headers(false)
        .method("POST")
        .scheme("http")
        .authority("agent")
        .path(PATH)
        .add(ADMIT, hash(token));
  }

  /** The hash of the token to let in; empty if it is another request. */
  public static Optional<String> read(Http2Headers request) {
    CharSequence hash = request.get(ADMIT);
    CharSequence path = request.path();
    return path == null || hash == null || !PATH.contentEquals(path)
        ? Optional.empty()
        : Optional.of(hash.toString());
  }

  public static Http2Headers opened(int port) {
    return new DefaultHttp2Headers(false).status("200").setInt(PORT, port);
  }

  /** Where the door is; 0 if there is none. */
  public static int port(Http2Headers answer) {
    return answer.getInt(PORT, 0);
  }

  public static String hash(String token) {
    try {
      byte[] bytes = token.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
