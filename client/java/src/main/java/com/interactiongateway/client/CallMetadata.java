package com.interactiongateway.client;

import io.grpc.Metadata;
import io.grpc.Status;

/** What is sent and received beside the messages. */
final class CallMetadata {
  private CallMetadata() {}

  /** Fails on metadata that cannot be sent. */
  static Metadata of(CallOptions call, String requestId) {
    Metadata metadata = new Metadata();
    for (CallOptions.Entry entry : call.metadata) {
      if (!isLegal(entry)) {
        throw CallException.nothingSent(Status.Code.INVALID_ARGUMENT, "cannot be sent as metadata: " + entry.name(),
            CallException.ILLEGAL_METADATA, requestId, null);
      }
      if (entry.bytes() != null) {
        metadata.put(Metadata.Key.of(entry.name(), Metadata.BINARY_BYTE_MARSHALLER), entry.bytes());
      } else {
        metadata.put(text(entry.name()), entry.text());
      }
    }
    return metadata;
  }

  static boolean has(Metadata trailers, String name, String value) {
    return trailers != null && value.equals(trailers.get(text(name)));
  }

  /** Whether a server said more than a code. */
  static boolean hasDetails(Metadata trailers) {
    return trailers.containsKey(Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER));
  }

  private static boolean isLegal(CallOptions.Entry entry) {
    boolean binary = entry.name().endsWith("-bin");
    return entry.name().matches("[0-9a-z_.-]+") && !entry.name().startsWith("grpc-") && binary == (entry.bytes() != null)
        && (binary || entry.text().matches("[ -~]*"));
  }

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }
}
