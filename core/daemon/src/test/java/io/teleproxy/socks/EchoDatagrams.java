package io.teleproxy.socks;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.util.concurrent.atomic.AtomicInteger;

/** Sends datagrams back to where they came from, on 127.0.0.1. */
public final class EchoDatagrams implements AutoCloseable {
  private final DatagramSocket socket;

  /** How many have come. */
  public final AtomicInteger received = new AtomicInteger();

  public EchoDatagrams() throws IOException {
    socket = new DatagramSocket(0, Loopback.IPV4);
    Thread thread = new Thread(this::run, "echo");
    thread.setDaemon(true);
    thread.start();
  }

  /** A port on which nobody listens. */
  public static int refusedPort() throws IOException {
    try (DatagramSocket socket = new DatagramSocket(0, Loopback.IPV4)) {
      return socket.getLocalPort();
    }
  }

  public int port() {
    return socket.getLocalPort();
  }

  private void run() {
    DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
    try {
      while (true) {
        socket.receive(packet);
        received.incrementAndGet();
        socket.send(packet);
        packet.setLength(65_535);
      }
    } catch (IOException e) {
      socket.close();
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
