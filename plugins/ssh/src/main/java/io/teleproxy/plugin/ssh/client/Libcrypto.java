package io.teleproxy.plugin.ssh.client;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ciphers of OpenSSL 1.1 or 3 (EVP_EncryptInit(3)), where the machine has that library.
 * Pointers are passed as numbers, which takes JNA no time.
 */
final class Libcrypto {
  private static final Logger log = LoggerFactory.getLogger(Libcrypto.class);

  /** Not of macOS, whose own one ends processes that load it. */
  private static final List<String> NAMES = List.of("libcrypto.so.3", "libcrypto.so.1.1");

  /** EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG. */
  static final int GET_TAG = 0x10;

  static final int SET_TAG = 0x11;

  private Libcrypto() {}

  /** Whether it is there; loads it. */
  static boolean isAvailable() {
    return Loaded.AVAILABLE;
  }

  private static final class Loaded {
    static final boolean AVAILABLE = load();

    private static boolean load() {
      if (!System.getProperty("os.name", "").equals("Linux")) {
        return false;
      }
      for (String name : NAMES) {
        try {
          if (Native.POINTER_SIZE == 8) {
            Native.register(Libcrypto.class, NativeLibrary.getInstance(name));
            return true;
          }
        } catch (LinkageError e) {
          log.debug("ssh: {}: {}", name, e.getMessage());
        }
      }
      return false;
    }
  }

  static native long EVP_CIPHER_CTX_new();

  static native void EVP_CIPHER_CTX_free(long context);

  static native long EVP_aes_128_gcm();

  static native long EVP_aes_256_gcm();

  static native int EVP_CipherInit_ex(
      long context, long cipher, long engine, long key, long iv, int encrypt);

  static native int EVP_CIPHER_CTX_ctrl(long context, int type, int argument, long pointer);

  static native int EVP_CipherUpdate(long context, long out, long outLength, long in, int inLength);

  static native int EVP_CipherFinal_ex(long context, long out, long outLength);
}
