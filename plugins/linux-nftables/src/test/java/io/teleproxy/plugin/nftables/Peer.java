package io.teleproxy.plugin.nftables;

import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A program to be run inside of a namespace: {@code serve} answers every connection and datagram on
 * the given endpoints with the endpoint's name, {@code ask} asks endpoints and prints who answered.
 * Endpoints are written {@code tcp/10.0.0.1/80}.
 */
public final class Peer {
  private static final int TIMEOUT_MILLIS = 1500;

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
    } else {
      for (String endpoint : endpoints) {
        System.out.println(endpoint + " " + ask(endpoint));
      }
    }
  }

  private static InetSocketAddress address(String[] parts) {
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

  private static String ask(String endpoint) throws IOException {
    String[] parts = endpoint.split("/");
    try {
      return parts[0].equals("tcp") ? askTcp(address(parts)) : askUdp(address(parts));
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
      InetAddress any = to.getAddress();
      socket.send(new DatagramPacket(new byte[1], 1, any, to.getPort()));
      DatagramPacket answer = new DatagramPacket(new byte[100], 100);
      socket.receive(answer);
      return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    }
  }
}
