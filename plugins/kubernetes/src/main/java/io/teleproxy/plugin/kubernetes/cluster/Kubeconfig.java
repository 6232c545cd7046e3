package io.teleproxy.plugin.kubernetes.cluster;

import io.teleproxy.spi.UserException;
import java.io.IOException;
import java.io.Reader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The chosen context of the merged kubeconfig files. Not read with fabric8's reader: that one takes
 * 0.5 s longer at start, runs credential plugins while reading, and takes their environment from
 * this process instead of the user's.
 *
 * @param namespace the context's, or {@code default}
 * @param cluster its section {@code cluster}
 * @param user its section {@code user}; empty if the context names none
 */
record Kubeconfig(
    String context, String namespace, URI server, Section cluster, Optional<Section> user) {

  /**
   * Reads and merges the files as kubectl does: of entries with the same name the first counts.
   *
   * @param context which context, or empty for the current one
   * @throws UserException naming the file and what is wrong with it
   */
  static Kubeconfig load(KubeconfigFiles files, Optional<String> context) {
    List<Section> documents = new ArrayList<>();
    for (Path path : files.paths()) {
      // Of several files some may be missing, as with kubectl; a single one may not.
      if (files.paths().size() == 1 || Files.exists(path)) {
        documents.add(read(path, files));
      }
    }
    if (documents.isEmpty()) {
      throw missing(files.paths().get(0), files);
    }
    return choose(documents, files, context);
  }

  /**
   * The files with certificates and keys that it names, in no particular order. Not those with
   * tokens: they are read again by themselves, and a renewed token is no reason to connect anew.
   */
  List<Path> certificateFiles() {
    List<Path> named = new ArrayList<>();
    addFile(named, cluster, "certificate-authority");
    user.ifPresent(section -> addFile(named, section, "client-certificate"));
    user.ifPresent(section -> addFile(named, section, "client-key"));
    return named;
  }

  /** Whether both lead to the same namespace of the same cluster, as the same entry of users. */
  boolean isSamePlace(Kubeconfig other) {
    return context.equals(other.context)
        && namespace.equals(other.namespace)
        && server.equals(other.server)
        && cluster.text("tls-server-name").equals(other.cluster.text("tls-server-name"))
        && cluster.text("proxy-url").equals(other.cluster.text("proxy-url"))
        && user.map(Section::path).equals(other.user.map(Section::path));
  }

  /** The data form wins over the file. */
  private static void addFile(List<Path> named, Section section, String key) {
    if (section.text(key + "-data").isEmpty()) {
      section.file(key).ifPresent(named::add);
    }
  }

  private static Kubeconfig choose(
      List<Section> documents, KubeconfigFiles files, Optional<String> wanted) {
    Map<String, Section> contexts = named(documents, "contexts", "context");
    String chosen =
        wanted
            .or(() -> first(documents, "current-context"))
            .orElseThrow(
                () ->
                    new UserException(
                        "kubeconfig " + list(files) + " has no current-context",
                        "Choose one with --context or `kubectl config use-context`"
                            + known(contexts)));
    Section context = contexts.get(chosen);
    if (context == null) {
      throw new UserException(
          "kubeconfig " + list(files) + " has no context '" + chosen + "'",
          "Choose another with --context or `kubectl config use-context`" + known(contexts));
    }
    Section cluster = entry(documents, files, context, "cluster", chosen).orElse(null);
    if (cluster == null) {
      throw new UserException(
          "kubeconfig " + context.file() + ": context '" + chosen + "' names no cluster",
          "Add it with `kubectl config set-context " + chosen + " --cluster=NAME`.");
    }
    return new Kubeconfig(
        chosen,
        context.text("namespace").orElse("default"),
        server(cluster),
        cluster,
        entry(documents, files, context, "user", chosen));
  }

  private static Optional<Section> entry(
      List<Section> documents, KubeconfigFiles files, Section context, String kind, String chosen) {
    Optional<String> name = context.text(kind);
    if (name.isEmpty()) {
      return Optional.empty();
    }
    Section found = named(documents, kind + "s", kind).get(name.get());
    if (found == null) {
      throw new UserException(
          "kubeconfig "
              + list(files)
              + ": context '"
              + chosen
              + "' names the "
              + kind
              + " '"
              + name.get()
              + "', which is not there",
          "Add it with `kubectl config set-"
              + (kind.equals("user") ? "credentials" : kind)
              + " "
              + name.get()
              + "`, or choose another context with --context.");
    }
    return Optional.of(found);
  }

  private static URI server(Section cluster) {
    String text = cluster.text("server").orElse("");
    try {
      URI server = new URI(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
      String scheme = String.valueOf(server.getScheme());
      if (server.getHost() != null && (scheme.equals("https") || scheme.equals("http"))) {
        return server;
      }
    } catch (java.net.URISyntaxException e) {
      // refused below, with the same words
    }
    throw cluster.wrong("server", "a URL such as https://HOST:6443, not '" + text + "'");
  }

  static Section read(Path path, KubeconfigFiles files) {
    Object document;
    try (Reader reader = Files.newBufferedReader(path)) {
      document =
          new Load(LoadSettings.builder().setLabel(path.toString()).build()).loadFromReader(reader);
    } catch (NoSuchFileException e) {
      throw missing(path, files);
    } catch (IOException e) {
      throw unreadable(path, e);
    } catch (YamlEngineException e) {
      if (e.getCause() instanceof IOException cause) {
        throw unreadable(path, cause);
      }
      throw new UserException(
          "kubeconfig " + path + " is not YAML: " + firstLines(String.valueOf(e.getMessage())),
          "Correct it, or name another file with --kubeconfig.",
          e);
    }
    if (document == null) {
      return new Section(Map.of(), path, "");
    }
    if (document instanceof Map<?, ?> map) {
      return new Section(map, path, "");
    }
    throw new UserException(
        "kubeconfig " + path + " is not a kubeconfig: it holds no mapping",
        "Name the right file with --kubeconfig.");
  }

  private static UserException missing(Path path, KubeconfigFiles files) {
    return new UserException(
        "kubeconfig "
            + path
            + " does not exist"
            + (files.configured() ? " (named by " + files.origin() + ")" : ""),
        "Name the right file with --kubeconfig or KUBECONFIG.");
  }

  private static UserException unreadable(Path path, IOException e) {
    return new UserException(
        "kubeconfig " + path + " cannot be read: " + reason(e),
        "Make it a text file that you may read, or name another with --kubeconfig.",
        e);
  }

  private static String reason(IOException e) {
    return e instanceof java.nio.file.AccessDeniedException
        ? "permission denied"
        : String.valueOf(e.getMessage());
  }

  /** The parser's message with its place, without the picture of the line (it may hold a token). */
  private static String firstLines(String message) {
    StringBuilder text = new StringBuilder();
    for (String line : message.split("\n")) {
      String trimmed = line.trim();
      if (line.startsWith(" in ")) {
        int comma = trimmed.indexOf(", line ");
        text.append(comma < 0 ? "" : trimmed.substring(comma).replaceAll(":$", ""));
      } else if (!line.startsWith(" ") && !trimmed.isEmpty()) {
        text.append(text.isEmpty() ? "" : "; ").append(trimmed);
      }
    }
    return text.toString();
  }

  private static Map<String, Section> named(List<Section> documents, String list, String kind) {
    Map<String, Section> entries = new LinkedHashMap<>();
    for (Section document : documents) {
      for (Section entry : document.sections(list)) {
        Optional<String> name = entry.text("name");
        if (name.isPresent()) {
          Section value =
              entry.section(kind).orElse(new Section(Map.of(), entry.file(), entry.path()));
          entries.putIfAbsent(name.get(), value);
        }
      }
    }
    return entries;
  }

  private static Optional<String> first(List<Section> documents, String key) {
    for (Section document : documents) {
      Optional<String> value = document.text(key);
      if (value.isPresent()) {
        return value;
      }
    }
    return Optional.empty();
  }

  private static String known(Map<String, Section> contexts) {
    return contexts.isEmpty()
        ? "; the file has no contexts at all."
        : "; there are: " + String.join(", ", contexts.keySet()) + ".";
  }

  private static String list(KubeconfigFiles files) {
    StringBuilder text = new StringBuilder();
    for (Path path : files.paths()) {
      text.append(text.isEmpty() ? "" : ", ").append(path);
    }
    return text.toString();
  }
}
