package io.teleproxy.plugin.ssh.link;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;

/**
 * A {@code direct-tcpip} channel (RFC 4254 §7.2) without the library's streams: bytes are passed on
 * as they lie in its buffers, and the window that we give is {@link ReceiveWindow}'s. What comes in
 * comes on the session's reading thread.
 */
final class DirectChannel extends AbstractClientChannel {
  /** As large as OpenSSH lets a packet be. */
  static final int LARGEST_PACKET = 32 << 10;

  private final Link link;
  private final Flow flow;
  private final InetSocketAddress to;
  private final ReceiveWindow window;

  DirectChannel(Link link, Flow flow, InetSocketAddress to, ReceiveWindow window) {
    super("direct-tcpip");
    this.link = link;
    this.flow = flow;
    this.to = to;
    this.window = window;
  }

  @Override
  public synchronized OpenFuture open() throws IOException {
    openFuture = new DefaultOpenFuture(toString(), futureLock);
    Session session = getSession();
    String host = to.isUnresolved() ? to.getHostString() : to.getAddress().getHostAddress();
    Buffer buffer = session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, 128 + host.length());
    buffer.putString(getChannelType());
    buffer.putUInt(getChannelId());
    buffer.putUInt(window.announced());
    buffer.putUInt(LARGEST_PACKET);
    buffer.putString(host);
    buffer.putUInt(to.getPort());
    // Who asks, which a server may log.
    buffer.putString("127.0.0.1");
    buffer.putUInt(0);
    writePacket(buffer);
    return openFuture;
  }

  @Override
  protected void doOpen() {
    link.heard();
    flow.opened(this);
  }

  @Override
  public void handleOpenFailure(Buffer buffer) {
    link.heard();
    int start = buffer.rpos();
    int reason = buffer.getInt();
    String message = buffer.getString();
    buffer.rpos(start);
    super.handleOpenFailure(buffer);
    flow.failed(this, OpenFailures.of(reason, message));
  }

  @Override
  public void handleData(Buffer buffer) throws IOException {
    link.heard();
    long length = buffer.getUInt();
    if (length > buffer.available() || !window.consume(length)) {
      throw new IOException("the server sends more than its window has room for");
    }
    flow.received(this, buffer.array(), buffer.rpos(), (int) length);
  }

  @Override
  public void handleEof() throws IOException {
    link.heard();
    super.handleEof();
    flow.inputEnded(this);
  }

  @Override
  public void handleWindowAdjust(Buffer buffer) throws IOException {
    link.heard();
    super.handleWindowAdjust(buffer);
    flow.roomThere(this);
  }

  @Override
  public void handleClose() throws IOException {
    link.heard();
    flow.closedThere(this);
    super.handleClose();
  }

  /** The session has ended, or we have closed the channel. */
  @Override
  protected void preClose() {
    super.preClose();
    flow.lost(this);
    window.close();
  }

  /** There will be no channel. */
  void abandon() {
    flow.lost(this);
    window.close();
    if (getSession() != null) {
      close(true);
    }
  }

  /** Bytes have been passed on: makes room for others. */
  void passedOn(int length) {
    long more = window.release(length);
    if (more > 0) {
      try {
        sendWindowAdjust(more);
      } catch (IOException e) {
        close(true);
      }
    }
  }

  /** How much the server would take now, 0 or more. */
  int room() {
    return (int) Math.min(getRemoteWindow().getSize(), Integer.MAX_VALUE);
  }

  /** The most that one packet to the server may hold. */
  int packetSize() {
    return (int) Math.min(getRemoteWindow().getPacketSize(), LARGEST_PACKET);
  }

  /**
   * An empty packet for so many bytes, which the caller puts into it.
   *
   * @param length at most {@link #room} and {@link #packetSize}
   */
  Buffer packet(int length) {
    Buffer buffer = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_DATA, length + 64);
    buffer.putUInt(getRecipient());
    buffer.putUInt(length);
    return buffer;
  }

  /** Sends such a packet. */
  IoWriteFuture send(Buffer packet, int length) throws IOException {
    getRemoteWindow().consume(length);
    return writePacket(packet);
  }

  /** No more will be sent. */
  void finish() throws IOException {
    sendEof();
  }

  @Override
  protected void doWriteData(byte[] data, int offset, long length) {
    throw new IllegalStateException("data go past this");
  }

  /** There is none on such channels; whoever sends it wants it thrown away. */
  @Override
  protected void doWriteExtendedData(byte[] data, int offset, long length) {}
}
