package com.interactiongateway.interaction.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Opens interactions at two vendors on behalf of the caller.
 * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
 * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
 * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
 * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
 * not be retried without a `request_id`.
 * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
 * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
 * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
 * Requests may be compressed with gzip.
 * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
 * normalized unless the field's comment says so.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class InteractionServiceGrpc {

  private InteractionServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "interaction.v1.InteractionService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.CreateVspInteractionRequest,
      com.interactiongateway.interaction.v1.CreateVspInteractionResponse> getCreateVspInteractionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateVspInteraction",
      requestType = com.interactiongateway.interaction.v1.CreateVspInteractionRequest.class,
      responseType = com.interactiongateway.interaction.v1.CreateVspInteractionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.CreateVspInteractionRequest,
      com.interactiongateway.interaction.v1.CreateVspInteractionResponse> getCreateVspInteractionMethod() {
    io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.CreateVspInteractionRequest, com.interactiongateway.interaction.v1.CreateVspInteractionResponse> getCreateVspInteractionMethod;
    if ((getCreateVspInteractionMethod = InteractionServiceGrpc.getCreateVspInteractionMethod) == null) {
      synchronized (InteractionServiceGrpc.class) {
        if ((getCreateVspInteractionMethod = InteractionServiceGrpc.getCreateVspInteractionMethod) == null) {
          InteractionServiceGrpc.getCreateVspInteractionMethod = getCreateVspInteractionMethod =
              io.grpc.MethodDescriptor.<com.interactiongateway.interaction.v1.CreateVspInteractionRequest, com.interactiongateway.interaction.v1.CreateVspInteractionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateVspInteraction"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.interactiongateway.interaction.v1.CreateVspInteractionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.interactiongateway.interaction.v1.CreateVspInteractionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InteractionServiceMethodDescriptorSupplier("CreateVspInteraction"))
              .build();
        }
      }
    }
    return getCreateVspInteractionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest,
      com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> getAddWolkvoxInteractionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AddWolkvoxInteraction",
      requestType = com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest.class,
      responseType = com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest,
      com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> getAddWolkvoxInteractionMethod() {
    io.grpc.MethodDescriptor<com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest, com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> getAddWolkvoxInteractionMethod;
    if ((getAddWolkvoxInteractionMethod = InteractionServiceGrpc.getAddWolkvoxInteractionMethod) == null) {
      synchronized (InteractionServiceGrpc.class) {
        if ((getAddWolkvoxInteractionMethod = InteractionServiceGrpc.getAddWolkvoxInteractionMethod) == null) {
          InteractionServiceGrpc.getAddWolkvoxInteractionMethod = getAddWolkvoxInteractionMethod =
              io.grpc.MethodDescriptor.<com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest, com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AddWolkvoxInteraction"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new InteractionServiceMethodDescriptorSupplier("AddWolkvoxInteraction"))
              .build();
        }
      }
    }
    return getAddWolkvoxInteractionMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static InteractionServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InteractionServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InteractionServiceStub>() {
        @java.lang.Override
        public InteractionServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InteractionServiceStub(channel, callOptions);
        }
      };
    return InteractionServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static InteractionServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InteractionServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InteractionServiceBlockingV2Stub>() {
        @java.lang.Override
        public InteractionServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InteractionServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return InteractionServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static InteractionServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InteractionServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InteractionServiceBlockingStub>() {
        @java.lang.Override
        public InteractionServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InteractionServiceBlockingStub(channel, callOptions);
        }
      };
    return InteractionServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static InteractionServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<InteractionServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<InteractionServiceFutureStub>() {
        @java.lang.Override
        public InteractionServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new InteractionServiceFutureStub(channel, callOptions);
        }
      };
    return InteractionServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Opens a video interaction at SeeThePro (`POST api/vspinteraction/create`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, before anything
     * is sent.
     * </pre>
     */
    default void createVspInteraction(com.interactiongateway.interaction.v1.CreateVspInteractionRequest request,
        io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.CreateVspInteractionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateVspInteractionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Routes an atypical interaction to a contact-centre agent at wolkvox
     * (`POST https://wv{wolkvox_server}.wolkvox.com/api/v2/configuration.php?api=add_interaction`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, all of them at
     * once, before anything is sent. A failure that wolkvox reports inside an HTTP 200 is an error here, not a reply.
     * </pre>
     */
    default void addWolkvoxInteraction(com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest request,
        io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAddWolkvoxInteractionMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service InteractionService.
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public static abstract class InteractionServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return InteractionServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service InteractionService.
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public static final class InteractionServiceStub
      extends io.grpc.stub.AbstractAsyncStub<InteractionServiceStub> {
    private InteractionServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InteractionServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InteractionServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Opens a video interaction at SeeThePro (`POST api/vspinteraction/create`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, before anything
     * is sent.
     * </pre>
     */
    public void createVspInteraction(com.interactiongateway.interaction.v1.CreateVspInteractionRequest request,
        io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.CreateVspInteractionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateVspInteractionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Routes an atypical interaction to a contact-centre agent at wolkvox
     * (`POST https://wv{wolkvox_server}.wolkvox.com/api/v2/configuration.php?api=add_interaction`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, all of them at
     * once, before anything is sent. A failure that wolkvox reports inside an HTTP 200 is an error here, not a reply.
     * </pre>
     */
    public void addWolkvoxInteraction(com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest request,
        io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAddWolkvoxInteractionMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service InteractionService.
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public static final class InteractionServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<InteractionServiceBlockingV2Stub> {
    private InteractionServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InteractionServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InteractionServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Opens a video interaction at SeeThePro (`POST api/vspinteraction/create`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, before anything
     * is sent.
     * </pre>
     */
    public com.interactiongateway.interaction.v1.CreateVspInteractionResponse createVspInteraction(com.interactiongateway.interaction.v1.CreateVspInteractionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateVspInteractionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Routes an atypical interaction to a contact-centre agent at wolkvox
     * (`POST https://wv{wolkvox_server}.wolkvox.com/api/v2/configuration.php?api=add_interaction`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, all of them at
     * once, before anything is sent. A failure that wolkvox reports inside an HTTP 200 is an error here, not a reply.
     * </pre>
     */
    public com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse addWolkvoxInteraction(com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAddWolkvoxInteractionMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service InteractionService.
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public static final class InteractionServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<InteractionServiceBlockingStub> {
    private InteractionServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InteractionServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InteractionServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Opens a video interaction at SeeThePro (`POST api/vspinteraction/create`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, before anything
     * is sent.
     * </pre>
     */
    public com.interactiongateway.interaction.v1.CreateVspInteractionResponse createVspInteraction(com.interactiongateway.interaction.v1.CreateVspInteractionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateVspInteractionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Routes an atypical interaction to a contact-centre agent at wolkvox
     * (`POST https://wv{wolkvox_server}.wolkvox.com/api/v2/configuration.php?api=add_interaction`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, all of them at
     * once, before anything is sent. A failure that wolkvox reports inside an HTTP 200 is an error here, not a reply.
     * </pre>
     */
    public com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse addWolkvoxInteraction(com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAddWolkvoxInteractionMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service InteractionService.
   * <pre>
   * Opens interactions at two vendors on behalf of the caller.
   * Both methods create something that cannot be taken back, so every call ends in one of three outcomes, which an error
   * names in `google.rpc.ErrorInfo.metadata["outcome"]`: the interaction was opened (status OK), it was certainly not
   * opened (`not_applied`), or it may have been opened (`unknown`). `UNAVAILABLE` is returned only for `not_applied`:
   * retrying it is safe. An error whose outcome is `unknown` carries the trailer `grpc-retry-pushback-ms: -1` and must
   * not be retried without a `request_id`.
   * Every error carries exactly one `google.rpc.ErrorInfo`, whose `reason` is one of the published list, and
   * `google.rpc.BadRequest`, `RetryInfo`, `QuotaFailure` or `PreconditionFailure` where they fit. An error without
   * `ErrorInfo` does not come from the gateway but from gRPC, at either end.
   * Requests may be compressed with gzip.
   * Lengths are counted in Unicode code points. Strings are passed on unchanged: nothing is trimmed, truncated or
   * normalized unless the field's comment says so.
   * </pre>
   */
  public static final class InteractionServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<InteractionServiceFutureStub> {
    private InteractionServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected InteractionServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new InteractionServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Opens a video interaction at SeeThePro (`POST api/vspinteraction/create`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, before anything
     * is sent.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.interactiongateway.interaction.v1.CreateVspInteractionResponse> createVspInteraction(
        com.interactiongateway.interaction.v1.CreateVspInteractionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateVspInteractionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Routes an atypical interaction to a contact-centre agent at wolkvox
     * (`POST https://wv{wolkvox_server}.wolkvox.com/api/v2/configuration.php?api=add_interaction`).
     * Answers INVALID_ARGUMENT with one `BadRequest.field_violation` for each field that breaks its rule, all of them at
     * once, before anything is sent. A failure that wolkvox reports inside an HTTP 200 is an error here, not a reply.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse> addWolkvoxInteraction(
        com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAddWolkvoxInteractionMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_VSP_INTERACTION = 0;
  private static final int METHODID_ADD_WOLKVOX_INTERACTION = 1;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_VSP_INTERACTION:
          serviceImpl.createVspInteraction((com.interactiongateway.interaction.v1.CreateVspInteractionRequest) request,
              (io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.CreateVspInteractionResponse>) responseObserver);
          break;
        case METHODID_ADD_WOLKVOX_INTERACTION:
          serviceImpl.addWolkvoxInteraction((com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest) request,
              (io.grpc.stub.StreamObserver<com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateVspInteractionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.interactiongateway.interaction.v1.CreateVspInteractionRequest,
              com.interactiongateway.interaction.v1.CreateVspInteractionResponse>(
                service, METHODID_CREATE_VSP_INTERACTION)))
        .addMethod(
          getAddWolkvoxInteractionMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest,
              com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse>(
                service, METHODID_ADD_WOLKVOX_INTERACTION)))
        .build();
  }

  private static abstract class InteractionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    InteractionServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.interactiongateway.interaction.v1.InteractionServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("InteractionService");
    }
  }

  private static final class InteractionServiceFileDescriptorSupplier
      extends InteractionServiceBaseDescriptorSupplier {
    InteractionServiceFileDescriptorSupplier() {}
  }

  private static final class InteractionServiceMethodDescriptorSupplier
      extends InteractionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    InteractionServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (InteractionServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new InteractionServiceFileDescriptorSupplier())
              .addMethod(getCreateVspInteractionMethod())
              .addMethod(getAddWolkvoxInteractionMethod())
              .build();
        }
      }
    }
    return result;
  }
}
