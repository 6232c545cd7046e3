package io.teleproxy.dist;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kubeconfig whose credentials a command gives, for some seconds each time. The command writes
 * down as whom and with what environment it was run.
 */
record ExecPluginKubeconfig(Path kubeconfig, Path log) {
  private static final int VALID_SECONDS = 8;

  /**
   * Makes it from one with a client certificate.
   *
   * @param folder for its files
   */
  static ExecPluginKubeconfig write(Path folder, Path original) throws IOException {
    String text = Files.readString(original);
    Path log = folder.resolve("credentials.log");
    Path plugin = folder.resolve("credentials");
    Files.writeString(
        plugin,
        """
        #!/bin/sh
        echo "$(id -u) $HOME $FROM" >>%s
        printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{'
        printf '"expirationTimestamp":"%%s",' "$(date -u -d '+%d seconds' +%%FT%%TZ)"
        cat <<'EOF'
        "clientCertificateData":"%s","clientKeyData":"%s"}}
        EOF
        """
            .formatted(
                log,
                VALID_SECONDS,
                pem(text, "client-certificate-data"),
                pem(text, "client-key-data")));
    Command.of("chmod", "755", plugin.toString()).run().succeeded();
    Path kubeconfig = Files.writeString(folder.resolve("kubeconfig"), with(plugin, text));
    return new ExecPluginKubeconfig(kubeconfig, log);
  }

  /** A kubeconfig with a client certificate, with a command in its place. */
  static String with(Path plugin, String kubeconfig) {
    String user =
        "user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "
            + plugin
            + ", interactiveMode: Never}}";
    return kubeconfig.replaceFirst("user: \\{[^}]*}", Matcher.quoteReplacement(user));
  }

  /** A line for each run: user id, HOME, and the variable FROM. */
  List<String> seen() throws IOException {
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  private static String pem(String kubeconfig, String key) {
    Matcher data = Pattern.compile(key + ": \"([^\"]+)\"").matcher(kubeconfig);
    Requirements.met(data.find(), "the kubeconfig has no " + key);
    return new String(Base64.getDecoder().decode(data.group(1)), StandardCharsets.US_ASCII)
        .replace("\n", "\\n");
  }
}
