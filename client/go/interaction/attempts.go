package interaction

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// callRecord tells of the attempts of one call, which gRPC makes by itself.
type callRecord struct {
	unanswered atomic.Bool // one of them was sent and got no answer of the gateway
}

type (
	callKey    struct{}
	attemptKey struct{}
)

// attemptWatch is a stats.Handler that writes down what became of each attempt.
type attemptWatch struct{}

func (attemptWatch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, attemptKey{}, new(atomic.Bool)) // whether it was sent
}

func (attemptWatch) HandleRPC(ctx context.Context, event stats.RPCStats) {
	sent, _ := ctx.Value(attemptKey{}).(*atomic.Bool)
	call, _ := ctx.Value(callKey{}).(*callRecord)
	if sent == nil || call == nil {
		return
	}
	switch event := event.(type) {
	case *stats.OutHeader:
		sent.Store(true)
	case *stats.End:
		if event.Error != nil && sent.Load() && errorOf(event.Error, "").Reason == NoAnswerFromGateway {
			call.unanswered.Store(true)
		}
	}
}

func (attemptWatch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (attemptWatch) HandleConn(context.Context, stats.ConnStats) {}
