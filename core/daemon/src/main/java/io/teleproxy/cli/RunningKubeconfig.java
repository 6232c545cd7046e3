package io.teleproxy.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.teleproxy.config.Flags;
import io.teleproxy.spi.Finding;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Has the doctor look at the kubeconfig that the running teleproxy uses, which may be another than
 * the one of whoever calls the doctor.
 */
final class RunningKubeconfig {
  private static final String CHECK = "kubeconfig in use";

  /** Details of the watcher, and the flags by which the same is named. */
  private static final Map<String, String> FLAGS =
      Map.of("kubeconfig", "--kubeconfig", "context", "--context", "namespace", "--namespace");

  private RunningKubeconfig() {}

  /**
   * Sets the flags as the running one has it.
   *
   * @param status what it says of itself
   * @param uid of this process
   * @return what is to be said of it
   */
  static Finding adopt(JsonObject status, Flags flags, long uid) {
    JsonObject known = details(status);
    if (!known.has("kubeconfig")) {
      return Finding.ok(CHECK, "the running teleproxy uses none");
    }
    String paths = Json.text(known, "kubeconfig");
    for (String path : paths.split(File.pathSeparator)) {
      String whyNot = whyNot(Path.of(path), uid);
      if (!whyNot.isEmpty()) {
        return Finding.note(
            CHECK,
            "the running teleproxy uses " + paths + ", which " + whyNot,
            "What follows is about another. Run 'teleproxy doctor' as the user for whom it runs, or"
                + " name the file with --kubeconfig.");
      }
    }
    FLAGS.forEach(
        (name, flag) -> flags.set("plugins.kubernetes." + name, flag, Json.text(known, name)));
    return Finding.ok(CHECK, paths + ", as the running teleproxy");
  }

  private static JsonObject details(JsonObject status) {
    for (JsonElement element : status.getAsJsonArray("components")) {
      JsonObject component = element.getAsJsonObject();
      if (Json.text(component, "name").equals("watcher kubernetes") && component.has("details")) {
        return component.getAsJsonObject("details");
      }
    }
    return new JsonObject();
  }

  /** A kubeconfig may name programs, which are then run: none of a user's as root. */
  private static String whyNot(Path file, long uid) {
    try {
      if (!Files.exists(file)) {
        return "is not there, or in a folder that you may not enter";
      }
      if (uid == 0 && !isRoots(file)) {
        return "belongs to another user than root, who may have programs run by it";
      }
      return Files.isReadable(file) ? "" : "you may not read";
    } catch (IOException | UnsupportedOperationException e) {
      return "cannot be read (" + e.getMessage() + ")";
    }
  }

  /** Also where files belong to nobody in particular: who is root there is no other user either. */
  private static boolean isRoots(Path file) throws IOException {
    return !file.getFileSystem().supportedFileAttributeViews().contains("unix")
        || Files.getAttribute(file, "unix:uid").equals(0);
  }
}
