package io.teleproxy.plugin.ssh.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.Random;
import javax.crypto.AEADBadTagException;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.cipher.Cipher;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine's library ciphers as the JDK does. */
class LibcryptoGcmTest {
  private static final int TAG = 16;

  @BeforeEach
  void theLibraryIsThere() {
    assumeTrue(Libcrypto.isAvailable(), "no libcrypto");
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256})
  void packetsAreThoseOfTheJdkInBothDirections(int bits) throws Exception {
    byte[] key = bytes(bits / 8, 1);
    byte[] iv = bytes(12, 2);
    iv[11] = (byte) 0xfe; // the counter carries over
    Cipher ours = LibcryptoGcm.factory(bits).create();
    Cipher theirs = builtin(bits);
    Cipher back = LibcryptoGcm.factory(bits).create();
    ours.init(Cipher.Mode.Encrypt, key, iv);
    theirs.init(Cipher.Mode.Encrypt, key, iv);
    back.init(Cipher.Mode.Decrypt, key, iv);
    for (int length : new int[] {16, 32, 4096, 32 << 10, 200 << 10, 16}) {
      byte[] plain = bytes(4 + length + TAG, length);
      byte[] one = plain.clone();
      byte[] other = plain.clone();
      ours.updateWithAAD(one, 0, 4, length);
      theirs.updateWithAAD(other, 0, 4, length);
      assertThat(one).isEqualTo(other);
      back.updateWithAAD(one, 0, 4, length);
      assertThat(Arrays.copyOf(one, 4 + length)).isEqualTo(Arrays.copyOf(plain, 4 + length));
    }
  }

  @Test
  void aPacketThatWasChangedIsRefused() throws Exception {
    Cipher to = LibcryptoGcm.factory(128).create();
    Cipher from = LibcryptoGcm.factory(128).create();
    to.init(Cipher.Mode.Encrypt, bytes(16, 1), bytes(12, 2));
    from.init(Cipher.Mode.Decrypt, bytes(16, 1), bytes(12, 2));
    byte[] packet = bytes(4 + 64 + TAG, 3);
    to.updateWithAAD(packet, 0, 4, 64);
    packet[2] ^= 1;
    assertThatThrownBy(() -> from.updateWithAAD(packet, 0, 4, 64))
        .isInstanceOf(AEADBadTagException.class);
  }

  private static Cipher builtin(int bits) {
    return (bits == 128 ? BuiltinCiphers.aes128gcm : BuiltinCiphers.aes256gcm).create();
  }

  private static byte[] bytes(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
