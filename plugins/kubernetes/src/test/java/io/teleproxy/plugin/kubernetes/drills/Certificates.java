package io.teleproxy.plugin.kubernetes.drills;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** Certificates of servers, all of which the authority has signed. */
final class Certificates {
  private static final char[] PASSWORD = "changeit".toCharArray();

  private final Path folder;

  Certificates(Path folder) {
    this.folder = folder;
  }

  /** Makes an authority; before those that it signs. */
  void makeAuthority(String name) throws Exception {
    keytool(name, "-alias", "ca", "-dname", "CN=" + name, "-ext", "bc:c");
    String base64 =
        Base64.getMimeEncoder(64, new byte[] {'\n'})
            .encodeToString(store(name).getCertificate("ca").getEncoded());
    Files.writeString(
        pem(name), "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n");
  }

  /**
   * Makes one that the authority has signed.
   *
   * @param alternative whom it is for, as in {@code ip:127.0.0.1}
   * @param options of keytool
   */
  void make(String authority, String name, String alternative, String... options) throws Exception {
    Files.copy(folder.resolve(authority + ".p12"), folder.resolve(name + ".p12"));
    List<String> all =
        new ArrayList<>(List.of("-alias", "own", "-signer", "ca", "-dname", "CN=" + name));
    all.addAll(List.of("-ext", "san=" + alternative));
    all.addAll(List.of(options));
    keytool(name, all.toArray(String[]::new));
  }

  private void keytool(String name, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-keystore",
                folder.resolve(name + ".p12").toString(),
                "-storepass",
                new String(PASSWORD)));
    command.addAll(List.of(options));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(said).isZero();
  }

  Path pem(String name) {
    return folder.resolve(name + ".pem");
  }

  SSLContext context(String name) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    KeyStore own = store(name);
    own.deleteEntry("ca");
    keys.init(own, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private KeyStore store(String name) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve(name + ".p12"))) {
      store.load(in, PASSWORD);
    }
    return store;
  }
}
