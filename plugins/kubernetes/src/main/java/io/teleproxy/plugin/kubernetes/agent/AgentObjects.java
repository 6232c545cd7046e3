package io.teleproxy.plugin.kubernetes.agent;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What is in the cluster for one user: a Job, whose pod is the agent, and the immutable ConfigMaps
 * with the program, which belong to the Job, so that whoever removes it removes all. As JSON texts.
 */
final class AgentObjects {
  static final String VERSION_LABEL = "teleproxy.io/version";

  /** When nobody used the agent and it ended, the cluster itself removes what is left. */
  private static final int SECONDS_AFTER_END = 60;

  private static final String JVM =
      "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss256k -Xms16m -Xmx64m -XX:MaxDirectMemorySize=96m -XX:MaxMetaspaceSize=48m"
          + " -XX:ReservedCodeCacheSize=24m -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError";

  private final AgentSettings settings;
  private final AgentProgram program;
  private final String namespace;
  private final String name;
  private final String version;

  AgentObjects(AgentSettings settings, AgentProgram program, String namespace, AgentOwner owner) {
    this.settings = settings;
    this.program = program;
    this.namespace = namespace;
    String user = owner.user().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    String readable = user.substring(0, Math.min(user.length(), 20)).replaceAll("^-+|-+$", "");
    this.name =
        "teleproxy-agent-"
            + (readable.isEmpty() ? "" : readable + "-")
            + hash(owner.user() + "@" + owner.machine(), 8);
    this.version = hash(program.hash() + podSpec(), 16);
  }

  String name() {
    return name;
  }

  String namespace() {
    return namespace;
  }

  /** Of everything that makes a difference: an agent of another version is replaced. */
  String version() {
    return version;
  }

  int configMaps() {
    return program.count();
  }

  /** The Job, which makes no pod yet: its config maps come first. */
  String job() {
    return """
        {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":%s,"labels":%s},
         "spec":{"parallelism":0,"completions":1,"backoffLimit":1000,"ttlSecondsAfterFinished":%d,
          "template":{"metadata":{"labels":%s,"annotations":{"sidecar.istio.io/inject":"false"}},
           "spec":%s}}}
        """
        .formatted(quote(name), labels(), SECONDS_AFTER_END, labels(), podSpec());
  }

  /** Lets the Job make its pod. */
  String release() {
    return "{\"spec\":{\"parallelism\":1}}";
  }

  /** The pod by itself, to ask whether it would be let in. */
  String pod() {
    return "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":%s,\"labels\":%s},\"spec\":%s}"
        .formatted(quote(name + "-probe"), labels(), podSpec());
  }

  /** What the config maps hold, in order. */
  List<byte[]> jars() {
    return program.jars();
  }

  /** One of the config maps, which belongs to the Job. */
  String configMap(int index, byte[] jar, String jobUid) {
    return """
        {"apiVersion":"v1","kind":"ConfigMap","immutable":true,
         "metadata":{"name":%s,"labels":%s,"ownerReferences":[
          {"apiVersion":"batch/v1","kind":"Job","name":%s,"uid":%s}]},
         "binaryData":{%s:"%s"}}
        """
        .formatted(
            quote(configMapName(index)),
            labels(),
            quote(name),
            quote(jobUid),
            quote(jarName(index)),
            Base64.getEncoder().encodeToString(jar));
  }

  private String podSpec() {
    String sources =
        IntStream.range(0, configMaps())
            .mapToObj(i -> "{\"configMap\":{\"name\":" + quote(configMapName(i)) + "}}")
            .collect(Collectors.joining(","));
    String secrets =
        settings.pullSecrets().stream()
            .map(secret -> "{\"name\":" + quote(secret) + "}")
            .collect(Collectors.joining(","));
    return """
        {"restartPolicy":"OnFailure","automountServiceAccountToken":false,
         "enableServiceLinks":false,"terminationGracePeriodSeconds":2,"imagePullSecrets":[%s],
         "securityContext":{"runAsNonRoot":true,%s"seccompProfile":{"type":"RuntimeDefault"}},
         "containers":[{"name":"agent","image":%s,"imagePullPolicy":%s,"command":%s,
          "securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,
           "capabilities":{"drop":["ALL"]}},
          "resources":{"requests":{"cpu":%s,"memory":%s},"limits":{"cpu":%s,"memory":%s}},
          "volumeMounts":[{"name":"program","mountPath":"/teleproxy","readOnly":true}]}],
         "volumes":[{"name":"program","projected":{"sources":[%s]}}]}"""
        .formatted(
            secrets,
            settings.runAsUser() > 0 ? "\"runAsUser\":" + settings.runAsUser() + "," : "",
            quote(settings.image()),
            quote(settings.pullPolicy()),
            command(),
            quote(settings.cpuRequest()),
            quote(settings.memoryRequest()),
            quote(settings.cpuLimit()),
            quote(settings.memoryLimit()),
            sources);
  }

  private String command() {
    String classPath =
        IntStream.range(0, configMaps())
            .mapToObj(i -> "/teleproxy/" + jarName(i))
            .collect(Collectors.joining(":"));
    List<String> program =
        List.of(
            "-cp",
            classPath,
            "io.teleproxy.agent.Agent",
            Integer.toString(LinkKeeper.PORT),
            Long.toString(settings.idleTimeout().toSeconds()));
    return java.util.stream.Stream.of(settings.command(), List.of(JVM.split(" ")), program)
        .flatMap(List::stream)
        .map(AgentObjects::quote)
        .collect(Collectors.joining(",", "[", "]"));
  }

  private String labels() {
    Map<String, String> labels =
        Map.of(
            "app.kubernetes.io/name",
            "teleproxy-agent",
            "app.kubernetes.io/instance",
            name,
            "app.kubernetes.io/managed-by",
            "teleproxy");
    String all =
        labels.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(label -> quote(label.getKey()) + ":" + quote(label.getValue()))
            .collect(Collectors.joining(","));
    return "{" + all + ",\"" + VERSION_LABEL + "\":\"" + version + "\"}";
  }

  private String configMapName(int index) {
    return name + "-" + program.hash() + "-" + index;
  }

  private static String jarName(int index) {
    return "agent-" + index + ".jar";
  }

  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  private static String hash(String text, int digits) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, digits);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
