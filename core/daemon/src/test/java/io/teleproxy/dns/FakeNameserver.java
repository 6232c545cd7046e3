package io.teleproxy.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A nameserver on loopback, UDP and TCP, that answers as a function says. */
final class FakeNameserver implements AutoCloseable {
  /** Gives the messages to send back; none to stay silent. */
  interface Behaviour {
    List<byte[]> answer(byte[] query, boolean tcp) throws IOException;
  }

  record Received(byte[] query, int port, boolean tcp) {}

  final List<Received> received = new CopyOnWriteArrayList<>();
  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private final Behaviour behaviour;
  private final InetSocketAddress bound;

  FakeNameserver(Behaviour behaviour) throws IOException {
    this(InetAddress.getByName("127.0.0.1"), behaviour);
  }

  FakeNameserver(InetAddress address, Behaviour behaviour) throws IOException {
    this.behaviour = behaviour;
    DatagramSocket datagrams = null;
    ServerSocket stream = null;
    while (stream == null) {
      datagrams = new DatagramSocket(0, address);
      try {
        stream = new ServerSocket(datagrams.getLocalPort(), 50, address);
      } catch (IOException e) {
        datagrams.close();
      }
    }
    udp = datagrams;
    bound = (InetSocketAddress) datagrams.getLocalSocketAddress();
    tcp = stream;
    start(this::serveUdp);
    start(this::accept);
  }

  /** One that knows this IPv4 address for every name. */
  static FakeNameserver answering(String address) throws IOException {
    return new FakeNameserver(
        (query, tcp) -> {
          Message message = new Message(query);
          message.getHeader().setFlag(Flags.QR);
          message.removeAllRecords(Section.ADDITIONAL);
          message.addRecord(
              Record.fromString(message.getQuestion().getName(), Type.A, 1, 60, address, null),
              Section.ANSWER);
          return List.of(message.toWire());
        });
  }

  InetSocketAddress address() {
    return bound;
  }

  private void serveUdp() throws IOException {
    while (true) {
      DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
      udp.receive(packet);
      byte[] query = Arrays.copyOf(packet.getData(), packet.getLength());
      received.add(new Received(query, packet.getPort(), false));
      for (byte[] answer : this.behaviour.answer(query, false)) {
        udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      }
    }
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = tcp.accept();
      start(() -> serve(client));
    }
  }

  private void serve(Socket client) throws IOException {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      DataOutputStream out = new DataOutputStream(client.getOutputStream());
      while (true) {
        byte[] query = in.readNBytes(in.readUnsignedShort());
        received.add(new Received(query, client.getPort(), true));
        for (byte[] answer : behaviour.answer(query, true)) {
          out.writeShort(answer.length);
          out.write(answer);
        }
      }
    }
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // closed
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }

  /** The query turned into an answer with these bytes after it, as no parser would write it. */
  static byte[] echo(byte[] query, int flags, byte... more) {
    byte[] answer = Arrays.copyOf(query, query.length + more.length);
    System.arraycopy(more, 0, answer, query.length, more.length);
    answer[2] = (byte) (query[2] | 0x80 | flags >> 8);
    answer[3] = (byte) flags;
    return answer;
  }
}
