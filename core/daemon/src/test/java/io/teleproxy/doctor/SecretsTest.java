package io.teleproxy.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "users:\n- user: {token: PLANTED}",
        "    client-key-data: PLANTED",
        "    certificate-authority-data: PLANTED",
        "\"password\": \"PLANTED with blanks\"",
        "password = 'PLANTED'",
        "HTTPS_PROXY=http://me:PLANTED@proxy.example:3128",
        "Authorization: Bearer PLANTED",
        "sent header authorization=PLANTED to the server",
        "AWS_SECRET_ACCESS_KEY=PLANTED",
        "api_key: PLANTED",
        "-----BEGIN RSA PRIVATE KEY-----\nPLANTED\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nPLANTED and the file ends",
        "the server said eyJhbGciOi.PLANTED.c2ln and closed",
        "code aPLANTED0123456789abcdef0123456789abcdef",
      })
  void whatIsSecretIsGone(String text) {
    assertThat(Secrets.removed(text)).doesNotContain("PLANTED").contains("[removed]");
  }

  @Test
  void whatIsNotStays() {
    String text =
        "context kind-dev, namespace default, server https://10.0.0.1:6443\n"
            + "/home/me/.config/teleproxy/plugins/some-plugin-with-a-long-name-1.2.3.jar\n"
            + "2026-11-24T18:01:38.571618240Z web.default.svc.cluster.local 10.96.0.10:53";
    assertThat(Secrets.removed(text)).isEqualTo(text);
  }
}
