package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No web page can call the API, whatever it tries; in a real browser, which the owner runs. */
@Tag("privileged")
class BrowserIT {
  private static final String SITE = "192.0.2.81";

  /** What a page can send without asking; that an answer is opaque says that there is one. */
  private static final String PAGE =
      """
      <!doctype html><title>page</title><p id=told></p>
      <iframe name=frame></iframe>
      <form id=form method=post target=frame action="http://teleproxy/api/shutdown"><input name=a></form>
      <script>
      const told = text => document.getElementById('told').append(text + '; ')
      const shutdown = 'http://teleproxy/api/shutdown'
      const attempt = (name, options) => fetch(shutdown, options)
        .then(answer => told(name + ' ' + answer.type), error => told(name + ' failed'))
      async function all() {
        await attempt('get', {mode: 'no-cors'})
        await attempt('post', {mode: 'no-cors', method: 'POST', body: 'x'})
        await attempt('cors', {})
        await new Promise(done => {
          const image = new Image()
          image.onload = image.onerror = () => { told('image'); done() }
          image.src = shutdown
        })
        await new Promise(done => {
          const socket = new WebSocket('ws://teleproxy/api/shutdown')
          socket.onopen = () => told('websocket open')
          socket.onclose = () => { told('websocket closed'); done() }
        })
        await new Promise(done => {
          document.getElementById('form').submit()
          setTimeout(() => { told('form'); done() }, 2000)
        })
        told('all tried')
      }
      all()
      </script>
      """;

  @TempDir Path folder;

  @Test
  void noPageCanShutUsDown() throws IOException {
    Requirements.privileged();
    Assumptions.assumeTrue(Requirements.installed("chromium"), "needs chromium");
    Files.writeString(folder.resolve("page.html"), PAGE);
    try (PlainMachine machine = new PlainMachine();
        Product product = machine.ready("linux-nftables")) {
      machine.namespace().addresses(SITE);
      Process site =
          machine
              .namespace()
              .command("busybox", "httpd", "-f", "-p", SITE + ":80", "-h", folder.toString())
              .start(Path.of("/dev/null"), Path.of("/dev/null"));
      try {
        String foreign = browse(machine, "http://site.example/page.html");
        assertThat(foreign)
            .contains("get opaque", "post ", "cors failed", "image", "form", "all tried")
            .doesNotContain("websocket open");
        // After the foreign site's name has come to mean us.
        assertThat(browse(machine, "http://rebound.example/api/shutdown"))
            .contains("Host is 'rebound.example'");
        assertThat(machine.http().get("http://teleproxy/api/status").status()).isEqualTo(200);
        assertThat(product.isRunning()).isTrue();
      } finally {
        site.destroyForcibly();
      }
      // The same request is obeyed where no page sends it.
      assertThat(machine.http().get("http://teleproxy/api/shutdown").status()).isEqualTo(200);
      assertThat(product.exitCode()).isZero();
    }
  }

  /** The page's document after its scripts have run. */
  private String browse(PlainMachine machine, String url) {
    // Newer browsers keep pages from local addresses by themselves; older ones and others do not.
    List<String> words =
        List.of(
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
            "--host-resolver-rules=MAP site.example "
                + SITE
                + ",MAP rebound.example 127.254.254.254",
            "--user-data-dir=" + folder.resolve("profile"),
            "--timeout=20000",
            "--virtual-time-budget=15000",
            "--dump-dom",
            url);
    return machine
        .namespace()
        .enter(Command.of(words.toArray(String[]::new)).env("HOME", folder.toString()))
        .run(Duration.ofSeconds(120))
        .out();
  }
}
