package io.teleproxy.plugin.kubernetes.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Certificates and private keys in PEM (RFC 7468): PKCS #8, and the older forms of PKCS #1 (RSA)
 * and SEC 1 (EC), which the JDK does not read and which are wrapped into PKCS #8 here.
 */
final class PemKeys {
  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;

  /** {@code AlgorithmIdentifier} of rsaEncryption, 1.2.840.113549.1.1.1, with NULL parameters. */
  private static final byte[] RSA_ENCRYPTION = {
    0x30,
    0x0d,
    0x06,
    0x09,
    0x2a,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xf7,
    0x0d,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };

  /** The object identifier of id-ecPublicKey, 1.2.840.10045.2.1. */
  private static final byte[] EC_PUBLIC_KEY = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };

  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

  private PemKeys() {}

  static X509Certificate[] certificates(byte[] pem) throws CertificateException {
    List<X509Certificate> chain = new ArrayList<>();
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    for (Certificate certificate : factory.generateCertificates(new ByteArrayInputStream(pem))) {
      chain.add((X509Certificate) certificate);
    }
    if (chain.isEmpty()) {
      throw new CertificateException("it holds no certificate in PEM form");
    }
    return chain.toArray(new X509Certificate[0]);
  }

  static PrivateKey privateKey(byte[] pem) throws GeneralSecurityException {
    String text = new String(pem, StandardCharsets.ISO_8859_1);
    byte[] pkcs8 = block(text, "PRIVATE KEY");
    if (pkcs8.length > 0) {
      return decoded(pkcs8);
    }
    byte[] pkcs1 = block(text, "RSA PRIVATE KEY");
    if (pkcs1.length > 0) {
      if (text.contains("DEK-Info:")) {
        throw new InvalidKeySpecException("the key is encrypted");
      }
      return decoded(der(SEQUENCE, concat(VERSION_0, RSA_ENCRYPTION, der(OCTET_STRING, pkcs1))));
    }
    byte[] sec1 = block(text, "EC PRIVATE KEY");
    if (sec1.length > 0) {
      byte[] algorithm = der(SEQUENCE, concat(EC_PUBLIC_KEY, curve(sec1)));
      return decoded(der(SEQUENCE, concat(VERSION_0, algorithm, der(OCTET_STRING, sec1))));
    }
    throw new InvalidKeySpecException(
        text.contains("BEGIN ENCRYPTED PRIVATE KEY")
            ? "the key is encrypted"
            : "it holds no private key in PEM form");
  }

  private static PrivateKey decoded(byte[] pkcs8) throws GeneralSecurityException {
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs8);
    for (String algorithm : new String[] {"RSA", "EC", "EdDSA"}) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        // a key of another kind: try the next
      }
    }
    throw new InvalidKeySpecException("the key is neither RSA, EC nor EdDSA");
  }

  private static byte[] block(String text, String label) throws InvalidKeySpecException {
    String begin = "-----BEGIN " + label + "-----";
    int start = text.indexOf(begin);
    int end = start < 0 ? -1 : text.indexOf("-----END " + label + "-----", start);
    if (end < 0) {
      return new byte[0];
    }
    try {
      return Base64.getMimeDecoder().decode(text.substring(start + begin.length(), end));
    } catch (IllegalArgumentException e) {
      throw new InvalidKeySpecException("the private key is not base64", e);
    }
  }

  /** The content of field {@code parameters [0]} of an ECPrivateKey (RFC 5915): the curve. */
  private static byte[] curve(byte[] sec1) throws InvalidKeySpecException {
    int at = next(sec1, 0, true);
    at = next(sec1, at, false);
    at = next(sec1, at, false);
    if (at >= sec1.length || (sec1[at] & 0xff) != 0xa0) {
      throw new InvalidKeySpecException("the EC key does not name its curve");
    }
    int content = next(sec1, at, true);
    int end = next(sec1, at, false);
    return java.util.Arrays.copyOfRange(sec1, content, end);
  }

  /** Where the element at this place has its content ({@code into}) or ends. */
  private static int next(byte[] der, int at, boolean into) throws InvalidKeySpecException {
    if (at + 2 > der.length) {
      throw new InvalidKeySpecException("the EC key is cut off");
    }
    int length = der[at + 1] & 0xff;
    int content = at + 2;
    if (length > 0x7f) {
      int bytes = length & 0x7f;
      length = 0;
      for (int i = 0; i < bytes && content < der.length; i++) {
        length = (length << 8) | (der[content++] & 0xff);
      }
    }
    return into ? content : content + length;
  }

  private static byte[] der(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else if (content.length < 0x100) {
      out.write(0x81);
      out.write(content.length);
    } else {
      out.write(0x82);
      out.write(content.length >> 8);
      out.write(content.length);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
