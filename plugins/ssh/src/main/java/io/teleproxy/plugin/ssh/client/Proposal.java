package io.teleproxy.plugin.ssh.client;

import java.util.ArrayList;
import java.util.List;
import org.apache.sshd.client.ClientBuilder;
import org.apache.sshd.common.NamedFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.cipher.Cipher;
import org.apache.sshd.common.kex.BuiltinDHFactories;
import org.apache.sshd.common.kex.KeyExchangeFactory;
import org.apache.sshd.common.mac.BuiltinMacs;
import org.apache.sshd.common.mac.Mac;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.common.signature.Signature;

/** What we offer a server, best first: what OpenSSH has offered since version 7.2 (2016). */
final class Proposal {
  private Proposal() {}

  /** Without hybrids with ML-KEM and NTRU Prime, for which the JDK 17 has no parts. */
  static List<KeyExchangeFactory> keyExchanges() {
    return NamedFactory.setUpTransformedFactories(
        true,
        List.of(
            BuiltinDHFactories.curve25519,
            BuiltinDHFactories.curve25519_libssh,
            BuiltinDHFactories.ecdhp256,
            BuiltinDHFactories.ecdhp384,
            BuiltinDHFactories.ecdhp521,
            BuiltinDHFactories.dhg16_512,
            BuiltinDHFactories.dhg18_512,
            BuiltinDHFactories.dhg14_256),
        ClientBuilder.DH2KEX);
  }

  /** AES-GCM first, which costs the least per byte. */
  static List<NamedFactory<Cipher>> ciphers() {
    List<NamedFactory<Cipher>> ciphers = new ArrayList<>();
    if (Libcrypto.isAvailable()) {
      ciphers.add(LibcryptoGcm.factory(128));
      ciphers.add(LibcryptoGcm.factory(256));
    } else {
      ciphers.add(BuiltinCiphers.aes128gcm);
      ciphers.add(BuiltinCiphers.aes256gcm);
    }
    ciphers.add(BuiltinCiphers.aes128ctr);
    ciphers.add(BuiltinCiphers.aes192ctr);
    ciphers.add(BuiltinCiphers.aes256ctr);
    ciphers.add(BuiltinCiphers.cc20p1305_openssh);
    return ciphers;
  }

  static List<NamedFactory<Mac>> macs() {
    return List.of(
        BuiltinMacs.hmacsha256etm,
        BuiltinMacs.hmacsha512etm,
        BuiltinMacs.hmacsha256,
        BuiltinMacs.hmacsha512);
  }

  /** Of host keys and of users; no certificates, which {@link KnownHosts} cannot check. */
  static List<NamedFactory<Signature>> signatures() {
    return List.of(
        BuiltinSignatures.ed25519,
        BuiltinSignatures.nistp256,
        BuiltinSignatures.nistp384,
        BuiltinSignatures.nistp521,
        BuiltinSignatures.sk_ssh_ed25519,
        BuiltinSignatures.sk_ecdsa_sha2_nistp256,
        BuiltinSignatures.rsaSHA512,
        BuiltinSignatures.rsaSHA256);
  }
}
