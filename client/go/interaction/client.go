// Package interaction is the client of the Interaction Gateway: it opens interactions at SeeThePro and wolkvox, and says
// after every call whether one was opened. The messages are in package interactionv1, the folder v1.
package interaction

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	interactionv1 "github.com/interaction-gateway/interaction-gateway/client/go/interaction/v1"
)

// Version is that of this module.
const Version = "0.1.0"

// Reply is the answer to a call that was applied.
type Reply[Message proto.Message] struct {
	Message   Message
	RequestID string // that of the call, whoever made it
	Replayed  bool   // the answer to an earlier call with the same request_id: nothing new was opened
	Bypassed  bool   // the gateway could not keep the request_id: repeating the call may open a second interaction
}

// NewRequestID is for a program that keeps the request_id itself, to repeat a call after its own crash.
func NewRequestID() string { return uuid.NewString() }

// Client calls an Interaction Gateway. Goroutines share it; make it once.
//
// An error of a call is a *[CallError].
//
// Deadline, cancellation and metadata are those of the call's context. A call whose context is cancelled after it was
// sent has an unknown outcome.
//
// Connections. While there is none, a call asks grpc.health.v1.Health first and goes on if that is answered, whatever the
// answer. If it is not, the error is GatewayUnreachable: the call itself was not sent.
//
// Retries. A call gets a request_id, unless it has one, and is tried at most 3 times, only after UNAVAILABLE, as the
// module's service_config.json says. The gateway makes one of them. A call without request_id is sent once.
//
// Proxies of the environment (HTTP_PROXY) are not used.
type Client struct {
	options options
	// Two routes to one target, because a retry policy belongs to a connection.
	once, retried *route
}

// route is a connection and what is called over it. It connects when it is first used.
type route struct {
	connection *grpc.ClientConn
	service    interactionv1.InteractionServiceClient
	health     healthv1.HealthClient
}

// Connect reads the TLS files and prepares the connections; the first call connects. The target is a gRPC name:
// "host:port", "dns:///host:port", "unix:/path". An error says what cannot work, or which file cannot be read.
func Connect(target string, opts ...Option) (*Client, error) {
	client := &Client{options: options{target: target, defaultTimeout: 30 * time.Second, defaultServiceConfig: true,
		makeRequestID: true}}
	for _, option := range opts {
		option(&client.options)
	}
	if err := client.options.check(); err != nil {
		return nil, err
	}
	var err error
	if client.once, err = newRoute(&client.options, false); err != nil {
		return nil, err
	}
	if client.retried, err = newRoute(&client.options, true); err != nil {
		return nil, errors.Join(err, client.once.connection.Close())
	}
	return client, nil
}

func newRoute(o *options, retried bool) (*route, error) {
	dialOptions, err := o.dialOptions(retried)
	if err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient(o.target, dialOptions...)
	if err != nil {
		return nil, err
	}
	return &route{connection, interactionv1.NewInteractionServiceClient(connection), healthv1.NewHealthClient(connection)}, nil
}

// Close cancels the calls under way, whose outcome is then unknown, and closes the connections.
func (c *Client) Close() error {
	return errors.Join(c.once.connection.Close(), c.retried.connection.Close())
}

// CreateVspInteraction opens a video interaction at SeeThePro.
func (c *Client) CreateVspInteraction(ctx context.Context, request *interactionv1.CreateVspInteractionRequest) (
	*Reply[*interactionv1.CreateVspInteractionResponse], error) {
	return call(ctx, c, request, interactionv1.InteractionServiceClient.CreateVspInteraction)
}

// AddWolkvoxInteraction routes an atypical interaction to a contact-centre agent at wolkvox.
func (c *Client) AddWolkvoxInteraction(ctx context.Context, request *interactionv1.AddWolkvoxInteractionRequest) (
	*Reply[*interactionv1.AddWolkvoxInteractionResponse], error) {
	return call(ctx, c, request, interactionv1.InteractionServiceClient.AddWolkvoxInteraction)
}

// ServingStatus is an answer of grpc.health.v1.Health.
type ServingStatus string

// What a health check can say.
const (
	StatusUnknown    ServingStatus = "UNKNOWN"
	StatusServing    ServingStatus = "SERVING"
	StatusNotServing ServingStatus = "NOT_SERVING"
)

// CheckHealth asks grpc.health.v1.Health: about the gateway as a whole where service is empty; a service that the gateway
// does not know is NOT_FOUND.
func (c *Client) CheckHealth(ctx context.Context, service string) (ServingStatus, error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	response, err := c.once.health.Check(ctx, &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		failed := errorOf(err, "")
		failed.Outcome = NotApplied // nothing can be opened by it
		if failed.Domain == ClientDomain && isConnectionError(err) {
			failed.Reason = GatewayUnreachable
		} else if failed.Domain == ClientDomain {
			failed.Reason = ""
		}
		return StatusUnknown, failed
	}
	switch response.GetStatus() {
	case healthv1.HealthCheckResponse_SERVING:
		return StatusServing, nil
	case healthv1.HealthCheckResponse_NOT_SERVING:
		return StatusNotServing, nil
	}
	return StatusUnknown, nil
}

func (c *Client) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.options.defaultTimeout)
}

// ensureConnected fails if there is no connection and none can be made: the health check goes ahead, of which two do no
// harm.
func (r *route) ensureConnected(ctx context.Context, requestID string) *CallError {
	if ctx.Err() == nil && r.connection.GetState() == connectivity.Ready {
		return nil
	}
	_, err := r.health.Check(ctx, &healthv1.HealthCheckRequest{})
	if errors.Is(ctx.Err(), context.Canceled) {
		return nothingSent(codes.Canceled, "The call was cancelled before it was sent.", CancelledUnsent, requestID, ctx.Err())
	}
	if err == nil || !isConnectionError(err) {
		return nil
	}
	s := status.Convert(err)
	return nothingSent(s.Code(), s.Message(), GatewayUnreachable, requestID, err)
}

func isConnectionError(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

type request interface {
	proto.Message
	GetRequestId() string
}

// A method of the generated client.
type method[Request, Response any] func(interactionv1.InteractionServiceClient, context.Context, Request,
	...grpc.CallOption) (Response, error)

func call[Request request, Response proto.Message](ctx context.Context, c *Client, given Request,
	send method[Request, Response]) (*Reply[Response], error) {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	message := given
	if c.options.makeRequestID && given.GetRequestId() == "" {
		message = withRequestID(given, NewRequestID())
	}
	requestID := message.GetRequestId()
	route := c.once
	if requestID != "" {
		route = c.retried
	}
	if err := checkMetadata(ctx, requestID); err != nil {
		return nil, err
	}
	name, credential, err := c.options.credential()
	if err != nil {
		return nil, nothingSent(codes.FailedPrecondition, err.Error(), CredentialUnreadable, requestID, err)
	}
	if err := route.ensureConnected(ctx, requestID); err != nil {
		return nil, err
	}
	if name != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, name, credential)
	}
	var trailer metadata.MD
	record := new(callRecord)
	response, err := send(route.service, context.WithValue(ctx, callKey{}, record), message, grpc.Trailer(&trailer))
	if err != nil {
		failed := errorOf(err, requestID)
		if record.unanswered.Load() {
			failed.Outcome = Unknown // the gateway's answer speaks of the last attempt only
		}
		return nil, failed
	}
	return &Reply[Response]{response, requestID, has(trailer, "idempotent-replayed", "true"),
		has(trailer, "idempotency", "bypassed")}, nil
}

// withRequestID returns a copy: the caller's request is left as it is.
func withRequestID[Request request](given Request, requestID string) Request {
	copied := proto.Clone(given).(Request)
	field := copied.ProtoReflect().Descriptor().Fields().ByName("request_id")
	copied.ProtoReflect().Set(field, protoreflect.ValueOfString(requestID))
	return copied
}

func has(trailer metadata.MD, name, value string) bool {
	values := trailer.Get(name)
	return len(values) > 0 && values[0] == value
}

var (
	legalName  = regexp.MustCompile(`^[0-9a-z_.-]+$`)
	legalValue = regexp.MustCompile(`^[ -~]*$`)
)

// checkMetadata fails if the metadata of the context cannot be sent.
func checkMetadata(ctx context.Context, requestID string) error {
	all, _ := metadata.FromOutgoingContext(ctx)
	for name, values := range all {
		legal := legalName.MatchString(name) && !strings.HasPrefix(name, "grpc-")
		for _, value := range values {
			legal = legal && (strings.HasSuffix(name, "-bin") || legalValue.MatchString(value))
		}
		if !legal {
			return nothingSent(codes.InvalidArgument, fmt.Sprintf("cannot be sent as metadata: %q", name), IllegalMetadata,
				requestID, nil)
		}
	}
	return nil
}
