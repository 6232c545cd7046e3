package io.teleproxy.testkit;

import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A program to be run inside of a namespace: {@code serve} answers every connection and datagram on
 * the given endpoints with the endpoint's name, {@code ask} asks endpoints and prints who answered,
 * {@code follow} asks one UDP endpoint from one socket for ever and prints who answers whenever
 * that changes, {@code lead} does the core's part for a backend that only makes destinations this
 * machine's own ({@link Leading}). Endpoints are written {@code tcp/10.0.0.1/80}.
 */
public final class Peer {
  private static final int TIMEOUT_MILLIS = 1500;
  private static final int PERIOD_MILLIS = 50;

  private Peer() {}

  /** Arguments: serve or ask, then endpoints. */
  public static void main(String[] args) throws IOException {
    String[] endpoints = Arrays.copyOfRange(args, 1, args.length);
    if (args[0].equals("serve")) {
      try {
        for (String endpoint : endpoints) {
          serve(endpoint);
        }
        System.out.println("ready");
      } catch (IOException e) {
        System.out.println(e);
        System.exit(1);
      }
    } else if (args[0].equals("lead")) {
      Leading.main();
    } else if (args[0].equals("follow")) {
      follow(endpoints[0]);
    } else {
      for (String endpoint : endpoints) {
        System.out.println(endpoint + " " + ask(endpoint));
      }
    }
  }

  static InetSocketAddress address(String[] parts) {
    return new InetSocketAddress(parts[1], Integer.parseInt(parts[2]));
  }

  private static void serve(String endpoint) throws IOException {
    String[] parts = endpoint.split("/");
    byte[] name = endpoint.getBytes(StandardCharsets.UTF_8);
    if (parts[0].equals("tcp")) {
      ServerSocket server = new ServerSocket();
      server.bind(address(parts));
      loop(
          () -> {
            try (Socket socket = server.accept()) {
              socket.getOutputStream().write(name);
            }
          });
    } else {
      DatagramSocket server = new DatagramSocket(address(parts));
      loop(
          () -> {
            DatagramPacket packet = new DatagramPacket(new byte[100], 100);
            server.receive(packet);
            server.send(new DatagramPacket(name, name.length, packet.getSocketAddress()));
          });
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void loop(Step step) {
    new Thread(
            () -> {
              while (true) {
                try {
                  step.run();
                } catch (IOException e) {
                  System.err.println(e);
                }
              }
            })
        .start();
  }

  private interface Question {
    String ask() throws IOException;
  }

  private static String ask(String endpoint) {
    InetSocketAddress to = address(endpoint.split("/"));
    return outcome(() -> endpoint.startsWith("tcp/") ? askTcp(to) : askUdp(to));
  }

  private static void follow(String endpoint) throws IOException {
    InetSocketAddress to = address(endpoint.split("/"));
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(to.getAddress(), to.getPort());
      socket.setSoTimeout(PERIOD_MILLIS);
      String last = "";
      while (true) {
        String now = outcome(() -> exchange(socket));
        if (!now.equals("timeout") && !now.equals(last)) {
          System.out.println(now);
          last = now;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS));
      }
    }
  }

  private static String outcome(Question question) {
    try {
      return question.ask();
    } catch (ConnectException | PortUnreachableException e) {
      return "refused";
    } catch (SocketTimeoutException e) {
      return "timeout";
    } catch (IOException e) {
      // A sender whose datagram the OUTPUT chain rejects is told EPERM.
      return String.valueOf(e.getMessage()).contains("Operation not permitted")
          ? "refused"
          : e.toString();
    }
  }

  private static String askTcp(InetSocketAddress to) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(to, TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String askUdp(InetSocketAddress to) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(to.getAddress(), to.getPort());
      socket.setSoTimeout(TIMEOUT_MILLIS);
      return exchange(socket);
    }
  }

  private static String exchange(DatagramSocket socket) throws IOException {
    socket.send(new DatagramPacket(new byte[1], 1));
    DatagramPacket answer = new DatagramPacket(new byte[100], 100);
    socket.receive(answer);
    return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
  }
}
