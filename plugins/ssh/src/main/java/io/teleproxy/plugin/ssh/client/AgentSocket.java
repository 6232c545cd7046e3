package io.teleproxy.plugin.ssh.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.apache.sshd.agent.common.AbstractAgentProxy;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;

/** The user's agent at its socket (draft-miller-ssh-agent); one question at a time. */
final class AgentSocket extends AbstractAgentProxy {
  private static final int LONGEST_ANSWER = 256 << 10;

  private final SocketChannel socket;

  private AgentSocket(SocketChannel socket) {
    super(null);
    this.socket = socket;
  }

  static AgentSocket connect(Path path) throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      socket.connect(UnixDomainSocketAddress.of(path));
      return new AgentSocket(socket);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** The question begins with its length, and so does the answer, which is told without it. */
  @Override
  protected synchronized Buffer request(Buffer question) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(question.array(), question.rpos(), question.available());
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
    int length = read(4).getInt();
    if (length < 1 || length > LONGEST_ANSWER) {
      throw new IOException("the agent's answer has " + length + " bytes");
    }
    return new ByteArrayBuffer(read(length).array());
  }

  private ByteBuffer read(int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (socket.read(bytes) < 0) {
        throw new EOFException("the agent has closed the connection");
      }
    }
    return bytes.flip();
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
