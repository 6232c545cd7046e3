package io.teleproxy.dist;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A SOCKS5 proxy that is not of ours and knows UDP ASSOCIATE only (RFC 1928), with a far side where
 * every address answers a datagram by its own name and what it was told. Takes one step at a time,
 * as many proxies do. Its argument is the port on 127.0.0.1.
 */
final class AssociatingProxy {
  private AssociatingProxy() {}

  public static void main(String[] arguments) throws IOException {
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    try (ServerSocket server = new ServerSocket(Integer.parseInt(arguments[0]), 50, loopback)) {
      System.out.println("listening");
      while (true) {
        Socket client = server.accept();
        Thread thread = new Thread(() -> serve(client, loopback));
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  private static void serve(Socket client, InetAddress loopback) {
    try (client;
        DatagramSocket relay = new DatagramSocket(0, loopback)) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      in.readFully(new byte[3]);
      client.getOutputStream().write(new byte[] {5, 0});
      byte[] request = in.readNBytes(10);
      if (request[1] != 3) {
        client.getOutputStream().write(new byte[] {5, 7, 0, 1, 0, 0, 0, 0, 0, 0});
        return;
      }
      int port = relay.getLocalPort();
      // The wildcard address, which means the one that was asked.
      client
          .getOutputStream()
          .write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, (byte) (port >> 8), (byte) port});
      Thread answers = new Thread(() -> answer(relay));
      answers.setDaemon(true);
      answers.start();
      in.readAllBytes();
    } catch (IOException e) {
      System.err.println(e);
    }
  }

  private static void answer(DatagramSocket relay) {
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        relay.receive(packet);
        byte[] datagram = Arrays.copyOf(packet.getData(), packet.getLength());
        int end = datagram[3] == 1 ? 8 : 20;
        InetAddress to = InetAddress.getByAddress(Arrays.copyOfRange(datagram, 4, end));
        int port = (datagram[end] & 0xff) << 8 | datagram[end + 1] & 0xff;
        String said =
            new String(datagram, end + 2, datagram.length - end - 2, StandardCharsets.UTF_8);
        byte[] text =
            (to.getHostAddress() + " " + port + " heard " + said).getBytes(StandardCharsets.UTF_8);
        byte[] answer = Arrays.copyOf(datagram, end + 2 + text.length);
        System.arraycopy(text, 0, answer, end + 2, text.length);
        relay.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      }
    } catch (IOException e) {
      relay.close();
    }
  }
}
