package com.interactiongateway.client;

import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** How a gateway is reached; of {@link Client#builder}. */
public final class ClientBuilder {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> API_KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);

  private final String target;
  private TlsFiles tls;
  private Path tokenFile;
  private Path apiKeyFile;
  private String userAgentPrefix = "";
  Duration defaultTimeout = Duration.ofSeconds(30);
  boolean defaultServiceConfig = true;
  boolean makeRequestId = true;

  ClientBuilder(String target) {
    this.target = target;
  }

  /** TLS with the gateway, or with a proxy in front of it. Without it, plaintext. */
  public ClientBuilder tls(TlsFiles files) {
    tls = files;
    return this;
  }

  /**
   * A file with a bearer token (JWT) that says who calls. Read anew for each call, because tokens are replaced while programs run;
   * sent with TLS only, or to this machine.
   */
  public ClientBuilder tokenFile(Path path) {
    tokenFile = path;
    return this;
  }

  /** A file with an API key, treated as a token. */
  public ClientBuilder apiKeyFile(Path path) {
    apiKeyFile = path;
    return this;
  }

  /** For a call that has no timeout of its own; 30 seconds without this. */
  public ClientBuilder defaultTimeout(Duration timeout) {
    defaultTimeout = timeout;
    return this;
  }

  /** False: gRPC's own defaults, no retries. */
  public ClientBuilder defaultServiceConfig(boolean on) {
    defaultServiceConfig = on;
    return this;
  }

  /** False: a call has the request_id that its request has, and without one it is sent once. */
  public ClientBuilder makeRequestId(boolean on) {
    makeRequestId = on;
    return this;
  }

  /** Comes before gRPC's own user agent. */
  public ClientBuilder userAgentPrefix(String prefix) {
    userAgentPrefix = prefix;
    return this;
  }

  /**
   * Reads the TLS files and prepares the connection; the first call connects.
   *
   * @throws IllegalArgumentException where what was given cannot work
   * @throws IOException where a file cannot be read
   */
  public Client connect() throws IOException {
    check();
    ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder(target, Certificates.credentials(tls))
        .proxyDetector(address -> null)
        .disableServiceConfigLookUp();
    if (!userAgentPrefix.isEmpty()) builder.userAgent(userAgentPrefix);
    if (defaultServiceConfig) builder.defaultServiceConfig(Retry.serviceConfigOfGrpc());
    ManagedChannel channel = builder.build();
    return new Client(this, channel);
  }

  private void check() throws IOException {
    Target.check(target);
    if (defaultTimeout.isZero() || defaultTimeout.isNegative()) {
      throw new IllegalArgumentException("the default timeout must be above 0, not " + defaultTimeout);
    }
    if (tokenFile != null && apiKeyFile != null) {
      throw new IllegalArgumentException("a token and an API key cannot be used together; give one of them");
    }
    if (tokenFile == null && apiKeyFile == null) return;
    if (tls == null && !Target.isOnThisMachine(target)) {
      throw new IllegalArgumentException("%s is not sent to %s without TLS, because others could read it on the way"
          .formatted(tokenFile == null ? "an API key" : "a token", target));
    }
    addCredential(new Metadata());
  }

  /** Says who calls: read anew for each call, because tokens are replaced. */
  void addCredential(Metadata metadata) throws IOException {
    if (tokenFile != null) metadata.put(AUTHORIZATION, "Bearer " + readCredential(tokenFile, "a token"));
    if (apiKeyFile != null) metadata.put(API_KEY, readCredential(apiKeyFile, "an API key"));
  }

  private static String readCredential(Path path, String what) throws IOException {
    String value = Files.readString(path, StandardCharsets.ISO_8859_1);
    if (value.endsWith("\n")) value = value.substring(0, value.length() - 1);
    if (value.endsWith("\r")) value = value.substring(0, value.length() - 1);
    if (!value.matches("[!-~]+")) {
      throw new IllegalArgumentException(
          "%s does not hold %s alone: printable characters without blanks, on one line".formatted(path, what));
    }
    return value;
  }
}
