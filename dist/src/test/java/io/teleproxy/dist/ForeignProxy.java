package io.teleproxy.dist;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A network that only a SOCKS5 proxy reaches, which is not of ours: microsocks, with web servers
 * beside it that tell their address. Its port on the laptop's loopback leads there through a Unix
 * socket, as {@code ssh -D} would through its connection.
 */
final class ForeignProxy implements AutoCloseable {
  private static final String SOCKS = "1080";

  private final Namespace far = Namespace.create();
  private final List<Process> processes = new ArrayList<>();
  private final Path folder;

  /**
   * @param port where the proxy listens on the laptop's loopback
   * @param addresses of the web servers on the far side
   */
  ForeignProxy(Namespace laptop, int port, String... addresses) {
    Requirements.programs("microsocks", "socat", "busybox");
    far.addresses(addresses);
    try {
      folder = Files.createTempDirectory("teleproxy-it-far-");
      for (String address : addresses) {
        Path root = Files.createDirectory(folder.resolve(address));
        Files.writeString(root.resolve("index.html"), "this is " + address + "\n");
        String place = inUrl(address) + ":80";
        start(far.command("busybox", "httpd", "-f", "-p", place, "-h", root.toString()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String socket = folder.resolve("socket").toString();
    start(far.command("microsocks", "-i", "127.0.0.1", "-p", SOCKS));
    start(far.command("socat", "UNIX-LISTEN:" + socket + ",fork", "TCP:127.0.0.1:" + SOCKS));
    String listen = "TCP-LISTEN:" + port + ",bind=127.0.0.1,fork,reuseaddr";
    start(laptop.command("socat", listen, "UNIX-CONNECT:" + socket));

    String url = "http://" + inUrl(addresses[0]) + "/";
    Http http = new Http(laptop);
    await("the proxy")
        .until(() -> http.curl("--socks5", "127.0.0.1:" + port, url).out().contains("this is"));
  }

  private static String inUrl(String address) {
    return address.contains(":") ? "[" + address + "]" : address;
  }

  private void start(Command command) {
    Path log = folder.resolve("log");
    processes.add(command.start(log, log));
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    far.close();
    Command.of("rm", "-rf", folder.toString()).run();
  }
}
