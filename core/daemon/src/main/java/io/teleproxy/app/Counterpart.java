package io.teleproxy.app;

import com.google.gson.JsonObject;

/**
 * Who answers at the API of the intercepting process, and what it has asked us for, as its answers
 * tell. For one thread.
 */
final class Counterpart {
  private String instance = "";
  private String kind = "";
  private int reloads;

  /** Nobody has answered yet, or not any more. */
  boolean isUnknown() {
    return instance.isEmpty();
  }

  /** It does not answer. */
  void lost() {
    instance = "";
  }

  /** Whether it asks us, in this answer, to look at the configuration. */
  boolean asksForReload(JsonObject answer) {
    int asked = answer.has("reload") ? answer.get("reload").getAsInt() : 0;
    boolean more = name(answer).equals(instance) && asked != reloads;
    reloads = asked;
    return more;
  }

  /**
   * Whether it is one that we are not for: of another product, or with other settings than the one
   * before ({@link RunKind}).
   */
  boolean isOfAnotherKind(JsonObject answer) {
    String now = answer.has(RunKind.NAME) ? answer.get(RunKind.NAME).getAsString() : "";
    if (kind.isEmpty()) {
      kind = now;
    }
    return !now.equals(kind);
  }

  /** Whether it is another one than before, and so has nothing of ours. It is known from now on. */
  boolean isAnother(JsonObject answer) {
    String before = instance;
    instance = name(answer);
    return !instance.equals(before);
  }

  private static String name(JsonObject answer) {
    return answer.has("instance") ? answer.get("instance").getAsString() : "unknown";
  }
}
