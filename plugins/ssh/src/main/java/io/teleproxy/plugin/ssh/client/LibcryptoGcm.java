package io.teleproxy.plugin.ssh.client;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BaseGCMCipher;
import org.apache.sshd.common.cipher.Cipher;

/**
 * AES in Galois/Counter Mode as SSH uses it (RFC 5647, with the names of OpenSSH), by the machine's
 * libcrypto: our virtual machine compiles early and quickly, which the JDK's own AES gains nothing
 * from. Used by one thread at a time.
 */
final class LibcryptoGcm extends BaseGCMCipher {
  private static final Cleaner CLEANER = Cleaner.create();

  private static final int TAG_BYTES = 16;
  private static final int IV_BYTES = 12;

  // Where things lie in our native memory.
  private static final int IV = 0;
  private static final int TAG = 16;
  private static final int LENGTH = 32;
  private static final int AAD = 48;
  private static final int DATA = 64;

  private final int bits;
  private final byte[] iv = new byte[IV_BYTES];
  private final byte[] aad = new byte[DATA - AAD];
  private Memory memory = new Memory(DATA + (64 << 10));
  private long context;
  private int aadLength;

  private LibcryptoGcm(int bits) {
    super(IV_BYTES, TAG_BYTES, bits / 8, "AES", bits, "AES/GCM/NoPadding", 16);
    this.bits = bits;
  }

  /**
   * @param bits of the key, 128 or 256
   */
  static NamedFactory<Cipher> factory(int bits) {
    return new NamedFactory<>() {
      @Override
      public String getName() {
        return "aes" + bits + "-gcm@openssh.com";
      }

      @Override
      public Cipher create() {
        return new LibcryptoGcm(bits);
      }
    };
  }

  @Override
  public void init(Mode wanted, byte[] key, byte[] first) throws GeneralSecurityException {
    mode = wanted;
    System.arraycopy(first, 0, iv, 0, IV_BYTES);
    long made = Libcrypto.EVP_CIPHER_CTX_new();
    CLEANER.register(this, () -> Libcrypto.EVP_CIPHER_CTX_free(made));
    context = made;
    memory.write(DATA, key, 0, bits / 8);
    long cipher = bits == 128 ? Libcrypto.EVP_aes_128_gcm() : Libcrypto.EVP_aes_256_gcm();
    check(
        Libcrypto.EVP_CipherInit_ex(
            context, cipher, 0, address(DATA), 0, mode == Mode.Encrypt ? 1 : 0));
    memory.clear();
  }

  @Override
  public void updateAAD(byte[] data, int offset, int length) {
    System.arraycopy(data, offset, aad, 0, length);
    aadLength = length;
  }

  @Override
  public void update(byte[] data, int offset, int length) throws GeneralSecurityException {
    if (memory.size() < DATA + length) {
      memory = new Memory(DATA + 2L * length);
    }
    memory.write(IV, iv, 0, IV_BYTES);
    memory.write(AAD, aad, 0, aadLength);
    memory.write(DATA, data, offset, length);
    check(Libcrypto.EVP_CipherInit_ex(context, 0, 0, 0, address(IV), -1));
    if (mode == Mode.Decrypt) {
      memory.write(TAG, data, offset + length, TAG_BYTES);
      check(Libcrypto.EVP_CIPHER_CTX_ctrl(context, Libcrypto.SET_TAG, TAG_BYTES, address(TAG)));
    }
    check(Libcrypto.EVP_CipherUpdate(context, 0, address(LENGTH), address(AAD), aadLength));
    check(
        Libcrypto.EVP_CipherUpdate(context, address(DATA), address(LENGTH), address(DATA), length));
    if (Libcrypto.EVP_CipherFinal_ex(context, address(DATA), address(LENGTH)) != 1) {
      throw new AEADBadTagException("a packet is not what the server has sent");
    }
    if (mode == Mode.Encrypt) {
      check(Libcrypto.EVP_CIPHER_CTX_ctrl(context, Libcrypto.GET_TAG, TAG_BYTES, address(TAG)));
      memory.read(TAG, data, offset + length, TAG_BYTES);
    }
    memory.read(DATA, data, offset, length);
    countUp();
  }

  /** The last eight bytes are the invocation counter (RFC 5647 §7.1). */
  private void countUp() {
    for (int i = IV_BYTES - 1; i >= IV_BYTES - 8 && ++iv[i] == 0; i--) {
      // carries over
    }
  }

  private long address(int offset) {
    return Pointer.nativeValue(memory) + offset;
  }

  private static void check(int result) throws GeneralSecurityException {
    if (result != 1) {
      throw new GeneralSecurityException("libcrypto refuses");
    }
  }
}
