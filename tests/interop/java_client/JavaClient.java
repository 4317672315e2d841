import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/**
 * Makes one call with a message that is given as it is, and prints the gRPC code: what a client in Java needs to connect.
 *
 * <p>java JavaClient ADDRESS METHOD MESSAGE_IN_HEX CA [CERT KEY] [-- NAME VALUE]...
 */
final class JavaClient {
  /** Passes messages through as bytes. */
  private static final class Raw implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  private static byte[] fromHex(String text) {
    byte[] bytes = new byte[text.length() / 2];
    for (int i = 0; i < bytes.length; ++i) {
      bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

  public static void main(String[] args) throws Exception {
    SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(new File(args[3]));
    int next = 4;
    if (args.length >= next + 2 && !args[next].equals("--")) {
      tls.keyManager(new File(args[next]), new File(args[next + 1]));
      next += 2;
    }
    Metadata metadata = new Metadata();
    for (; next + 2 < args.length; next += 3) {
      metadata.put(Metadata.Key.of(args[next + 1], Metadata.ASCII_STRING_MARSHALLER), args[next + 2]);
    }
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(new Raw(), new Raw())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(args[1].substring(1))
            .build();
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(args[0]).sslContext(tls.build()).overrideAuthority("localhost").build();
    Status status = Status.OK;
    try {
      ClientCalls.blockingUnaryCall(
          ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(metadata)),
          method,
          CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS),
          fromHex(args[2]));
    } catch (StatusRuntimeException error) {
      status = error.getStatus();
    } finally {
      channel.shutdownNow();
    }
    System.out.println(status.getCode());
  }
}
