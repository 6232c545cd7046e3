package io.teleproxy.plugin.kubernetes.api;

/**
 * Finds the message in the body of an error answer, a Status object as JSON. By hand, because a
 * JSON parser would be loaded for this alone.
 */
final class StatusMessage {
  private static final String KEY = "\"message\":";

  private StatusMessage() {}

  /** The message, or the whole body in one line, or the fallback if the body is empty. */
  static String of(String body, String fallback) {
    int at = body.indexOf(KEY);
    int start = at < 0 ? -1 : body.indexOf('"', at + KEY.length());
    if (start < 0) {
      String line = FailureText.oneLine(body);
      return line.isEmpty() ? fallback : line.substring(0, Math.min(line.length(), 300));
    }
    StringBuilder message = new StringBuilder();
    for (int i = start + 1; i < body.length() && body.charAt(i) != '"'; i++) {
      char c = body.charAt(i);
      if (c == '\\' && i + 1 < body.length()) {
        i++;
        char escaped = body.charAt(i);
        if (escaped == 'u' && i + 4 < body.length()) {
          message.append((char) Integer.parseInt(body.substring(i + 1, i + 5), 16));
          i += 4;
        } else {
          message.append(escaped == 'n' || escaped == 't' || escaped == 'r' ? ' ' : escaped);
        }
      } else {
        message.append(c);
      }
    }
    return FailureText.oneLine(message.toString());
  }
}
