package io.teleproxy.plugin.kubernetes.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.teleproxy.testkit.TestEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeconfigOutlineTest {
  @TempDir Path folder;

  @Test
  void showsWhatIsThereAndNoSecretOfIt() throws IOException {
    assertThat(
            outline(
                """
                current-context: staging
                contexts:
                - {name: staging, context: {cluster: c, user: u, namespace: shop, extensions: [PLANTED]}}
                clusters:
                - name: c
                  cluster:
                    server: https://me:PLANTED@api.example:6443/path?token=PLANTED
                    proxy-url: socks5://me:PLANTED@proxy.example:1080
                    certificate-authority-data: PLANTED
                    certificate-authority: /etc/ca.pem
                    unknown: PLANTED
                users:
                - name: u
                  user:
                    token: PLANTED
                    tokenFile: /run/token
                    username: PLANTED
                    password: PLANTED
                    client-certificate-data: PLANTED
                    client-key-data: PLANTED
                    as: PLANTED
                    auth-provider: {name: PLANTED, config: {id-token: PLANTED}}
                    exec:
                      apiVersion: client.authentication.k8s.io/v1
                      command: sso
                      args: [login, --secret=PLANTED]
                      env: [{name: A, value: PLANTED}]
                      installHint: PLANTED
                """))
        .doesNotContain("PLANTED")
        .contains("current-context: staging", "namespace: shop", "- name: u")
        .contains("server: https://api.example:6443/path", "socks5://proxy.example:1080")
        .contains("token: [removed]", "tokenFile: /run/token", "command: sso", "args: [removed]");
  }

  @Test
  void whatIsBrokenIsSaidWithoutItsContent() throws IOException {
    assertThat(outline("users: [{user: {token: PLANTED"))
        .contains("is not YAML")
        .doesNotContain("PLANTED");
    assertThat(outline("PLANTED")).contains("holds no mapping").doesNotContain("PLANTED");
  }

  private String outline(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("config"), text);
    return KubeconfigOutline.of(
        new TestEnvironment(Map.of(), Map.of("kubeconfig", file.toString())));
  }
}
