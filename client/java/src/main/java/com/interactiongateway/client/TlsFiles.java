package com.interactiongateway.client;

import java.nio.file.Path;

/**
 * PEM files of a TLS connection. They are read once, when the client is made.
 *
 * @param ca whom to trust; null: the authorities that Java brings
 * @param certificate the client's own chain, for mutual TLS; null without
 * @param key its key, PKCS #8 without a passphrase; null without
 */
public record TlsFiles(Path ca, Path certificate, Path key) {
  /** TLS with the authorities that Java brings. */
  public static TlsFiles system() {
    return new TlsFiles(null, null, null);
  }

  /** TLS with a gateway whose certificate these authorities signed. */
  public static TlsFiles ca(Path ca) {
    return new TlsFiles(ca, null, null);
  }

  /** Adds the client's own chain and key, for mutual TLS. */
  public TlsFiles withCertificate(Path certificate, Path key) {
    return new TlsFiles(ca, certificate, key);
  }
}
