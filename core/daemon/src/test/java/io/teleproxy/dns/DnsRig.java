package io.teleproxy.dns;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.teleproxy.spi.Resolver;
import io.teleproxy.tables.TableStore;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** A running server on loopback with tables to fill, and clients to ask it. */
final class DnsRig implements AutoCloseable {
  static final InetAddress LOOPBACK = address("127.0.0.1");

  final MultiThreadIoEventLoopGroup group;
  final TableStore tables = new TableStore();
  final DnsServer server;

  DnsRig(FakeNameserver... nameservers) {
    this(true, List.of(), Nameservers.Options.STANDARD, nameservers);
  }

  DnsRig(
      boolean epoll,
      List<Resolver.Session> resolvers,
      Nameservers.Options options,
      FakeNameserver... nameservers) {
    this(
        epoll,
        DnsSettings.STANDARD,
        resolvers,
        new Nameservers(
            List.of(), Stream.of(nameservers).map(FakeNameserver::address).toList(), options));
  }

  DnsRig(
      boolean epoll,
      DnsSettings settings,
      List<Resolver.Session> resolvers,
      Nameservers nameservers) {
    group =
        new MultiThreadIoEventLoopGroup(
            2,
            epoll && Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    server =
        DnsServer.start(
            group,
            settings,
            tables::visible,
            resolvers,
            nameservers,
            List.of(LOOPBACK, address("::1")),
            0);
  }

  void show() {
    tables.show(tables.latest());
  }

  Message ask(String name, int type) throws IOException {
    return ask(question(name, type));
  }

  Message ask(Message query) throws IOException {
    return new Message(udp(query.toWire()));
  }

  byte[] udp(byte[] query) throws IOException {
    return udp(LOOPBACK, query, 8000);
  }

  byte[] udp(InetAddress address, byte[] query, int timeoutMillis) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(timeoutMillis);
      socket.connect(address, server.port());
      socket.send(new DatagramPacket(query, query.length));
      DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
      socket.receive(packet);
      return Arrays.copyOf(packet.getData(), packet.getLength());
    }
  }

  byte[] tcp(byte[] query) throws IOException {
    try (Socket socket = connect()) {
      send(socket, query);
      return receive(socket);
    }
  }

  Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(LOOPBACK, server.port()));
    socket.setSoTimeout(8000);
    return socket;
  }

  static void send(Socket socket, byte[]... queries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (byte[] query : queries) {
      out.writeShort(query.length);
      out.write(query);
    }
    socket.getOutputStream().write(bytes.toByteArray());
  }

  static byte[] receive(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    byte[] answer = new byte[in.readUnsignedShort()];
    in.readFully(answer);
    return answer;
  }

  static Message question(String name, int type) throws IOException {
    return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
  }

  /** The data of the answer section, as text. */
  static List<String> data(Message answer) {
    return answer.getSection(Section.ANSWER).stream().map(Record::rdataToString).toList();
  }

  static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (IOException e) {
      throw new IllegalArgumentException(literal, e);
    }
  }

  static Nameservers.Options options(int timeout, int attempts, boolean rotate) {
    return new Nameservers.Options(Duration.ofSeconds(timeout), attempts, rotate);
  }

  @Override
  public void close() {
    server.close();
    group.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS);
  }
}
