package com.interactiongateway.client;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the files of a TLS connection and checks them, because gRPC does so only when it connects. */
final class Certificates {
  private static final Pattern PKCS_8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

  private Certificates() {}

  /** Null stands for plaintext. */
  static ChannelCredentials credentials(TlsFiles files) throws IOException {
    if (files == null) return InsecureChannelCredentials.create();
    if ((files.certificate() == null) != (files.key() == null)) {
      throw new IllegalArgumentException("a client certificate and its key must be given together");
    }
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    if (files.ca() != null) {
      byte[] ca = Files.readAllBytes(files.ca());
      if (certificates(ca).isEmpty()) {
        throw new IllegalArgumentException(files.ca() + " does not contain PEM certificates");
      }
      builder.trustManager(new ByteArrayInputStream(ca));
    }
    if (files.certificate() != null) {
      byte[] certificate = Files.readAllBytes(files.certificate());
      byte[] key = Files.readAllBytes(files.key());
      if (!fit(certificate, key)) {
        throw new IllegalArgumentException("%s and %s are not a PEM certificate and its key (PKCS #8) without a passphrase"
            .formatted(files.certificate(), files.key()));
      }
      builder.keyManager(new ByteArrayInputStream(certificate), new ByteArrayInputStream(key));
    }
    return builder.build();
  }

  private static Collection<? extends Certificate> certificates(byte[] pem) {
    try {
      return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    } catch (CertificateException e) {
      return List.of();
    }
  }

  /** Whether what the key signs, the certificate verifies. */
  private static boolean fit(byte[] certificate, byte[] key) {
    Matcher pem = PKCS_8.matcher(new String(key, StandardCharsets.ISO_8859_1));
    var chain = certificates(certificate).iterator();
    if (!pem.find() || !chain.hasNext()) return false;
    PublicKey publicKey = chain.next().getPublicKey();
    try {
      byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
      PrivateKey privateKey =
          KeyFactory.getInstance(publicKey.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      Signature signature = Signature.getInstance(signatureAlgorithm(publicKey));
      signature.initSign(privateKey);
      signature.update(certificate);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(certificate);
      return signature.verify(signed);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }

  private static String signatureAlgorithm(PublicKey key) {
    return switch (key.getAlgorithm()) {
      case "RSA" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      default -> key.getAlgorithm();
    };
  }
}
