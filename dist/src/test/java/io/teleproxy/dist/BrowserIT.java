package io.teleproxy.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The page at http://teleproxy/ in a real browser, and pages of others there. One demo and one
 * Chromium for all tests, which leave it running, but for the last.
 */
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BrowserIT {
  private static final String PAGE = "http://teleproxy/";
  private static final String API = "http://teleproxy/api/";
  private static final Path NOWHERE = Path.of("/dev/null");

  /** The lowest contrast of any text that is seen, after WCAG 2.2, 1.4.3. */
  private static final String CONTRAST =
      """
      (() => {
        const parse = (c) => c.match(/[\\d.]+/g).map(Number);
        const light = (c) => parse(c).slice(0, 3).map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (parse(c)[3] !== 0) return c;
          }
          return 'rgb(255, 255, 255)';
        };
        let worst = [21, ''];
        for (const e of document.querySelectorAll('body *')) {
          const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
          if (!own || !e.checkVisibility()) continue;
          const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
          const ratio = (a + 0.05) / (b + 0.05);
          if (ratio < worst[0]) worst = [ratio, e.tagName + ' ' + e.className + ' ' + e.textContent];
        }
        return worst[0] >= 4.5 ? 'readable' : worst.join(' ');
      })()
      """;

  /** Roles of what a screen reader must have a name for. */
  private static final List<String> NAMED =
      List.of("button", "textbox", "searchbox", "region", "image", "dialog", "heading");

  private PlainMachine machine;
  private Product product;
  private Chromium browser;

  @BeforeAll
  void start() {
    Requirements.privileged();
    Requirements.programs("socat", "script");
    Requirements.programInTime(Chromium.PROGRAM, "--version");
    machine = new PlainMachine();
    product =
        machine
            .user("linux-nftables")
            .behind("sh", "-c", "exec script -qefc \"$*\" /dev/null", "sh")
            .env("TERM", "xterm")
            .env("NO_COLOR", "")
            .start("demo");
    browser =
        new Chromium(
            machine.namespace(),
            Map.of("rebound.test", "127.254.254.254", "teleproxy.evil.test", "127.254.254.254"));
    product.awaitReady();
  }

  @AfterAll
  void stop() {
    for (AutoCloseable one : new AutoCloseable[] {browser, product, machine}) {
      try {
        if (one != null) {
          one.close();
        }
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  /** What a browser has to do with it: nothing. But here it starts on a terminal anyway. */
  @Test
  @Order(0)
  void itsStartWasDrawnOnTheTerminal() {
    String drawn = product.stdout();
    assertThat(drawn)
        .as("waiting, then the block again and again above which others may write")
        .containsPattern("\\r\u001b\\[J\u001b\\[\\?7l\\r?\n[^J]* dns +\u001b\\[2mwaiting");
    assertThat(drawn.substring(drawn.lastIndexOf("\u001b[J")))
        .as("left there")
        .containsPattern("  firewall +\u001b\\[32mready +\u001b\\[m[0-9]+\\.[0-9] s\\s+tunnel demo")
        .containsPattern("\nready: 9 routes");
  }

  @Test
  @Order(1)
  void whatHappensIsSeenWhileItDoes() {
    browser.open(PAGE);
    browser.awaitText(text("state"), "all is well");
    assertThat(browser.evaluate(text("components"))).contains("tunnel demo", "firewall", "dns");
    browser.awaitText(text("found"), "9 of 9 routes");
    Process socat =
        machine.namespace().command("socat", "-u", "TCP4:echo.demo:7", "-").start(NOWHERE, NOWHERE);
    try {
      assertThat(machine.http().get("http://hello.demo/").body()).startsWith("Hello");
      browser.awaitText(row("flows", "socat"), "echo.demo");
      browser.awaitText(row("flows", "socat"), "open");
      assertThat(browser.evaluate(row("flows", "socat"))).contains("tcp 127.77.0.7:7");
      browser.awaitText(row("flows", "hello.demo"), "closed");
      browser.awaitText(row("queries", "hello.demo"), "NOERROR");
      browser.awaitText("document.getElementById('down').getAttribute('points')", "600");
      assertThat(browser.evaluate(text("accepted"))).isNotEqualTo("0");
    } finally {
      socat.destroy();
    }
    browser.awaitText(row("flows", "socat"), "ended");
    machine
        .http()
        .post(
            API + "tables/",
            "[{\"name\": \"late\", \"routes\": [{\"ip\": \"10.1.1.1\", \"target\": \"1\"}]}]");
    browser.awaitText(text("found"), "10 of 10 routes");
    machine.http().delete(API + "tables/late");
    browser.awaitText(text("found"), "9 of 9 routes");
  }

  @Test
  @Order(2)
  void everythingIsReachedByKeyboardAndSaid() {
    browser.open(PAGE);
    browser.awaitText(text("found"), "routes");
    tabTo("place");
    browser.type("hello.demo:81");
    browser.press("Enter");
    browser.awaitText(text("verdict"), "broken: route");
    assertThat(browser.evaluate(text("steps"))).contains("hello.demo: in the tables", "declare");
    tabTo("search");
    browser.type("DB 127.77.1.2");
    browser.awaitText(text("found"), "1 of 9 routes");
    assertThat(browser.evaluate(text("routes"))).contains("db-1.db.demo").doesNotContain("db-0");
    for (String scheme : List.of("light", "dark")) {
      browser.prefers(scheme);
      assertThat(browser.evaluate(CONTRAST)).as(scheme).isEqualTo("readable");
      browser.picture("page-" + scheme);
    }
    browser
        .command("Accessibility.getFullAXTree")
        .getAsJsonArray("nodes")
        .forEach(
            element -> {
              var node = element.getAsJsonObject();
              if (!node.get("ignored").getAsBoolean()
                  && NAMED.contains(node.getAsJsonObject("role").get("value").getAsString())) {
                assertThat(node.getAsJsonObject("name").get("value").getAsString())
                    .as("%s", node)
                    .isNotBlank();
              }
            });
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  @Order(3)
  void pagesOfOthersNeitherReadNorDoAnything() {
    browser.open("http://hello.demo/");
    browser.forget();
    assertThat(browser.evaluate(fetching("tables/", ""))).isEqualTo("TypeError: Failed to fetch");
    assertThat(browser.evaluate(fetching("tables/", "mode: 'no-cors'"))).isEqualTo("opaque 0 ");
    for (String posted :
        List.of(
            "method: 'POST', mode: 'no-cors', body: '[{\"name\": \"evil\"}]'",
            "method: 'POST', headers: {'X-Teleproxy': 'page'}",
            "method: 'DELETE'")) {
      browser.evaluate(fetching("tables/", posted));
      browser.evaluate(fetching("shutdown", posted));
    }
    for (String made :
        List.of(
            "new Image().src = '%s'",
            "new EventSource('%s')",
            "navigator.sendBeacon('%s', 'x')",
            "document.body.append(Object.assign(document.createElement('script'), {src: '%s'}))",
            "document.body.append(Object.assign(document.createElement('iframe'), {src: '%s'}))")) {
      browser.evaluate(made.formatted(API + "shutdown") + "; ''");
    }
    for (String asked :
        List.of("http://127.254.254.254/api/status", API + "explain?host=hello.demo&port=80")) {
      browser.evaluate("fetch('" + asked + "', {mode: 'no-cors'}).then(() => '')");
    }
    browser.evaluate("location.href = '" + API + "shutdown'; ''");
    browser.awaitText("document.body.innerText", "a browser may do this only by the page");
    browser.open("http://hello.demo/");
    browser.evaluate(
        "document.body.innerHTML = '<form method=post enctype=text/plain action="
            + API
            + "shutdown><input name=a></form>'; document.forms[0].submit()");
    browser.awaitText("document.body.innerText", "web pages of another origin are refused");

    for (String acting : List.of("/api/shutdown", "/api/explain", "127.254.254.254")) {
      assertThat(browser.answers(acting).values()).as(acting).isNotEmpty().containsOnly(403);
    }
    assertThat(machine.http().get(API + "tables/").body()).doesNotContain("evil");
    itGoesOn();
  }

  @Test
  @Order(4)
  void namesThatAreReboundToUsGetNothing() {
    for (String name : List.of("rebound.test", "teleproxy.evil.test")) {
      browser.open("http://" + name + "/");
      assertThat(browser.evaluate("document.body.innerText")).contains("Host is '" + name + "'");
      assertThat(browser.evaluate("fetch('/api/tables/').then((answer) => answer.text())"))
          .contains("Host is")
          .doesNotContain("routes");
    }
    itGoesOn();
  }

  @Test
  @Order(5)
  void theButtonEndsItWhenItIsMeant() {
    browser.open(PAGE);
    browser.awaitText(text("state"), "all is well");
    tabTo("stop");
    browser.press("Enter");
    browser.awaitText("document.activeElement.textContent", "Keep it running");
    browser.press("Escape");
    itGoesOn();
    browser.press("Enter");
    browser.awaitText("document.activeElement.textContent", "Keep it running");
    browser.picture("page-sure");
    browser.press("Tab");
    browser.press("Enter");
    assertThat(product.exitCode()).isZero();
    browser.awaitText(text("state"), "shut down");
  }

  private void itGoesOn() {
    assertThat(product.isRunning()).isTrue();
    assertThat(machine.http().get(API + "status").body()).contains("\"ready\":true");
  }

  /** Presses Tab until the element has the focus, as who has no mouse must. */
  private void tabTo(String id) {
    for (int i = 0; i < 40; i++) {
      browser.press("Tab");
      if (browser.evaluate("document.activeElement.id").equals(id)) {
        return;
      }
    }
    throw new AssertionError("no way to #" + id + " by keyboard");
  }

  private static String text(String id) {
    return "document.getElementById('" + id + "').innerText";
  }

  /** The first row of a table that holds this. */
  private static String row(String table, String part) {
    return "([...document.getElementById('%s').rows].find((r) => r.innerText.includes('%s')) || {}).innerText || ''"
        .formatted(table, part);
  }

  private static String fetching(String path, String options) {
    return ("fetch('%s', {%s}).then(async (a) => a.type + ' ' + a.status + ' ' + await a.text(),"
            + " (e) => String(e))")
        .formatted(API + path, options);
  }
}
