package io.teleproxy.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What the core does where a backend makes destinations addresses of this machine: listens at them,
 * and leads on. Reads lines of pairs, {@code tcp/10.0.0.1/80=tcp/127.0.0.1/15001}, each of them all
 * that is to be listened at from then on, and answers each with {@code ready}.
 */
final class Leading {
  private final Map<String, Door> open = new HashMap<>();

  /** A socket at a destination. */
  private static final class Door {
    private final AutoCloseable socket;
    private volatile InetSocketAddress target;

    Door(String from, InetSocketAddress target) throws IOException {
      this.target = target;
      InetSocketAddress address = Peer.address(from.split("/"));
      socket = from.startsWith("tcp/") ? connections(address) : datagrams(address);
    }

    private AutoCloseable connections(InetSocketAddress from) throws IOException {
      ServerSocket server = new ServerSocket();
      server.bind(from);
      loop(
          () -> {
            InetSocketAddress to = target;
            try (Socket client = server.accept();
                Socket led = new Socket(to.getAddress(), to.getPort())) {
              led.getInputStream().transferTo(client.getOutputStream());
            }
          },
          server::isClosed);
      return server;
    }

    private AutoCloseable datagrams(InetSocketAddress from) throws IOException {
      DatagramSocket server = new DatagramSocket(from);
      loop(
          () -> {
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            server.receive(packet);
            try (DatagramSocket led = new DatagramSocket()) {
              led.connect(target);
              led.send(new DatagramPacket(packet.getData(), packet.getLength()));
              led.setSoTimeout(1000);
              DatagramPacket answer = new DatagramPacket(new byte[100], 100);
              led.receive(answer);
              server.send(
                  new DatagramPacket(
                      answer.getData(), answer.getLength(), packet.getSocketAddress()));
            }
          },
          server::isClosed);
      return server;
    }
  }

  private Leading() {}

  static void main() throws IOException {
    Leading leading = new Leading();
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      leading.set(line.isBlank() ? Set.of() : Set.of(line.strip().split(" ")));
      System.out.println("ready");
    }
  }

  private void set(Set<String> pairs) throws IOException {
    Map<String, InetSocketAddress> wanted = new HashMap<>();
    for (String pair : pairs) {
      String[] ends = pair.split("=");
      wanted.put(ends[0], Peer.address(ends[1].split("/")));
    }
    for (String from : Set.copyOf(open.keySet())) {
      Door door = open.get(from);
      if (!wanted.containsKey(from) && door != null) {
        open.remove(from);
        try {
          door.socket.close();
        } catch (Exception e) {
          throw new IOException(e);
        }
      }
    }
    for (Map.Entry<String, InetSocketAddress> one : wanted.entrySet()) {
      Door known = open.get(one.getKey());
      if (known == null) {
        open.put(one.getKey(), new Door(one.getKey(), one.getValue()));
      } else {
        known.target = one.getValue();
      }
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  private interface Ended {
    boolean get();
  }

  private static void loop(Step step, Ended ended) {
    Thread thread =
        new Thread(
            () -> {
              while (!ended.get()) {
                try {
                  step.run();
                } catch (IOException e) {
                  if (!ended.get()) {
                    System.err.println(e);
                  }
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }
}
