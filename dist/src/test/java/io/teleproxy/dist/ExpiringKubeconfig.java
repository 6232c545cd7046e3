package io.teleproxy.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A kubeconfig of the lab whose credentials really expire: a command signs a client certificate for
 * {@value #VALID_SECONDS} s each time. Every other time it does not say until when, so that the API
 * server has to refuse it.
 */
record ExpiringKubeconfig(Path kubeconfig, Path log) {
  /** Whose they are; who has no rights by himself. */
  static final String USER = "expiring";

  private static final int VALID_SECONDS = 14;

  /**
   * Makes it from the administrator's.
   *
   * @param folder for its files
   * @param pki with the lab's authority
   */
  static ExpiringKubeconfig write(Path folder, Path original, Path pki) throws IOException {
    Path log = folder.resolve("expiring.log");
    Path plugin = folder.resolve("expiring");
    Files.writeString(
        plugin,
        """
        #!/bin/sh
        set -e
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        cd "$work"
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out request \\
          -subj /CN=USER 2>/dev/null
        : >index
        openssl rand -hex 8 >serial
        cat >settings <<'EOF'
        [ca]
        default_ca = lab
        [lab]
        database = index
        serial = serial
        new_certs_dir = .
        default_md = sha256
        policy = any
        x509_extensions = client
        [any]
        commonName = supplied
        [client]
        extendedKeyUsage = clientAuth
        EOF
        end=$(date -u -d "+SECONDS seconds" +%Y-%m-%dT%H:%M:%SZ)
        openssl ca -batch -config settings -cert PKI/ca.crt -keyfile PKI/ca.key -notext \\
          -in request -out certificate -startdate "$(date -u -d '-60 seconds' +%Y%m%d%H%M%SZ)" \\
          -enddate "$(date -u -d "$end" +%Y%m%d%H%M%SZ)" 2>/dev/null
        echo "$end" >>LOG
        said=
        [ $(($(wc -l <LOG) % 2)) = 0 ] || said='"expirationTimestamp":"'$end'",'
        line() { awk '{printf "%s\\\\n", $0}' "$1"; }
        cat <<EOF
        {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{
        $said"clientCertificateData":"$(line certificate)","clientKeyData":"$(line key)"}}
        EOF
        """
            .replace("USER", USER)
            .replace("SECONDS", Integer.toString(VALID_SECONDS))
            .replace("PKI", pki.toString())
            .replace("LOG", log.toString()));
    Command.of("chmod", "755", plugin.toString()).run().succeeded();
    Path kubeconfig =
        Files.writeString(
            folder.resolve("expiring.kubeconfig"),
            ExecPluginKubeconfig.with(plugin, Files.readString(original)));
    return new ExpiringKubeconfig(kubeconfig, log);
  }

  /** Until when the certificates were valid that there have been; RFC 3339. */
  List<String> seen() throws IOException {
    return Files.readAllLines(log);
  }
}
