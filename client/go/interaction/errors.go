package interaction

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Domain is that of the gateway's reasons, which docs/errors.md lists.
const Domain = "interaction.v1.InteractionService"

// The client's own reasons, of its own domain. With all but the last, nothing was sent: NotApplied.
const (
	ClientDomain         = "client.interaction.v1"
	GatewayUnreachable   = "GATEWAY_UNREACHABLE"   // there was no connection for the call
	IllegalMetadata      = "ILLEGAL_METADATA"      // the context's outgoing metadata cannot be sent
	CredentialUnreadable = "CREDENTIAL_UNREADABLE" // the file of WithTokenFile or WithAPIKeyFile
	CancelledUnsent      = "CANCELLED_BEFORE_SEND" // the context was cancelled in time
	// NoAnswerFromGateway: the call was sent and ended without an answer of the gateway itself: the connection broke, the
	// deadline passed, the caller cancelled, or something on the way answered in the gateway's place. The outcome is
	// Unknown, whatever the code.
	NoAnswerFromGateway = "NO_ANSWER_FROM_GATEWAY"
)

// Outcome is what became of a call. A call without an error has been applied.
type Outcome string

const (
	Applied Outcome = "applied"
	// NotApplied: nothing was opened, so sending the call again cannot open a second interaction. The reason says whether
	// it can succeed: many calls fail again until something is corrected.
	NotApplied Outcome = "not_applied"
	// Unknown: an interaction may have been opened. With a request_id, send the same request again: the gateway never
	// sends it twice. Without one, check at the vendor first; likewise if the reason is OUTCOME_UNKNOWN, or if
	// Metadata["idempotency"] is "bypassed".
	Unknown Outcome = "unknown"
)

// FieldViolation is a field that breaks its rule.
type FieldViolation struct {
	Field       string // as spelled in the proto
	Description string
}

// QuotaViolation is something that is used up.
type QuotaViolation struct {
	Subject     string
	Description string
}

// PreconditionViolation is something that the operator of the gateway must check.
type PreconditionViolation struct {
	Type        string // the reason
	Subject     string
	Description string
}

// CallError is the error of a call. Get it by errors.As; status.Code and status.FromError work as well.
type CallError struct {
	Code                   codes.Code
	Message                string
	Reason                 string // UPPER_SNAKE: one of docs/errors.md, or one of the client's own
	Domain                 string
	Outcome                Outcome
	RequestID              string // that of the call, whoever made it: send the same again where the outcome is unknown
	Metadata               map[string]string
	FieldViolations        []FieldViolation
	QuotaViolations        []QuotaViolation
	PreconditionViolations []PreconditionViolation
	RetryDelay             time.Duration // do not try again earlier; 0: nothing was said

	cause error
}

// Phase tells how far the call came, or is empty where nobody can tell: "validate", "connect", "wait", ...
func (e *CallError) Phase() string { return e.Metadata["phase"] }

// Upstream is "seethepro", "wolkvox" or empty.
func (e *CallError) Upstream() string { return e.Metadata["upstream"] }

func (e *CallError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%v: %s (%s, outcome %s)", e.Code, e.Message, e.Reason, e.Outcome)
	for _, violation := range e.FieldViolations {
		fmt.Fprintf(&text, "; %s: %s", violation.Field, violation.Description)
	}
	return text.String()
}

// Unwrap returns the error of gRPC, or of a file.
func (e *CallError) Unwrap() error { return e.cause }

// GRPCStatus makes status.FromError and status.Code work.
func (e *CallError) GRPCStatus() *status.Status {
	if s, ok := status.FromError(e.cause); ok && s.Code() == e.Code {
		return s
	}
	return status.New(e.Code, e.Message)
}

func nothingSent(code codes.Code, message, reason, requestID string, cause error) *CallError {
	return &CallError{Code: code, Message: message, Reason: reason, Domain: ClientDomain, Outcome: NotApplied,
		RequestID: requestID, cause: cause}
}

// errorOf makes the error of a call that was sent.
func errorOf(cause error, requestID string) *CallError {
	s := status.Convert(cause)
	e := &CallError{Code: s.Code(), Message: s.Message(), Reason: NoAnswerFromGateway, Domain: ClientDomain,
		Outcome: Unknown, RequestID: requestID, cause: cause}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.readInfo(detail)
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				e.FieldViolations = append(e.FieldViolations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.QuotaFailure:
			for _, violation := range detail.GetViolations() {
				e.QuotaViolations = append(e.QuotaViolations, QuotaViolation{violation.GetSubject(), violation.GetDescription()})
			}
		case *errdetails.PreconditionFailure:
			for _, violation := range detail.GetViolations() {
				e.PreconditionViolations = append(e.PreconditionViolations,
					PreconditionViolation{violation.GetType(), violation.GetSubject(), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryDelay = detail.GetRetryDelay().AsDuration()
		}
	}
	return e
}

func (e *CallError) readInfo(info *errdetails.ErrorInfo) {
	if info.GetDomain() != Domain {
		return
	}
	e.Reason, e.Domain, e.Metadata = info.GetReason(), info.GetDomain(), info.GetMetadata()
	switch outcome := Outcome(e.Metadata["outcome"]); outcome {
	case Applied, NotApplied:
		e.Outcome = outcome
	}
}
