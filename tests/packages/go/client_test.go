// The module client/go as a user has it, against what tests/packages/world.py starts.
package test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interaction-gateway/interaction-gateway/client/go/interaction"
	interactionv1 "github.com/interaction-gateway/interaction-gateway/client/go/interaction/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

var (
	gateway    = os.Getenv("GATEWAY")
	tlsGateway = os.Getenv("TLS_GATEWAY")
	relay      = os.Getenv("RELAY")
	impostor   = os.Getenv("IMPOSTOR")
	restarted  = os.Getenv("RESTARTED")
	nobody     = os.Getenv("NOBODY")
)

const anyText = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \x01\x7f end "

func file(name string) string { return filepath.Join(os.Getenv("FILES"), name) }

func vsp() *interactionv1.CreateVspInteractionRequest { return named("Claim 1138") }

func named(name string) *interactionv1.CreateVspInteractionRequest {
	return &interactionv1.CreateVspInteractionRequest{
		InteractionIdentity: "+573001234567", InteractionName: name,
		AccountId: "6925ebd4-125d-4338-a736-99f4b5bcb3d7", ContactId: "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0"}
}

// A call whose connection the relay cuts while the gateway waits for the vendor; its next attempt gets through.
func cutOnce() *interactionv1.CreateVspInteractionRequest {
	request := named("sandbox:slow-1000")
	request.InteractionIdentity = "cut-once-" + interaction.NewRequestID()
	return request
}

func wolkvox() *interactionv1.AddWolkvoxInteractionRequest {
	return &interactionv1.AddWolkvoxInteractionRequest{
		Sender: "+573001234567", Recipient: "+576015550100", RoutingPointId: "4711"}
}

func equal[T comparable](t *testing.T, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("got %v, wanted %v", got, wanted)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func connect(t *testing.T, target string, options ...interaction.Option) *interaction.Client {
	t.Helper()
	client := must[*interaction.Client](t)(interaction.Connect(target, options...))
	t.Cleanup(func() { client.Close() })
	return client
}

func fails(t *testing.T, client *interaction.Client, ctx context.Context,
	request *interactionv1.CreateVspInteractionRequest) *interaction.CallError {
	t.Helper()
	_, err := client.CreateVspInteraction(ctx, request)
	return callError(t, err)
}

func callError(t *testing.T, err error) *interaction.CallError {
	t.Helper()
	var failed *interaction.CallError
	if !errors.As(err, &failed) {
		t.Fatalf("%v is not a CallError", err)
	}
	return failed
}

func opens(t *testing.T, client *interaction.Client, request *interactionv1.CreateVspInteractionRequest) string {
	t.Helper()
	reply, err := client.CreateVspInteraction(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return reply.Message.GetInteractionId()
}

// Says in the interop matrix that these cells work: tests/packages/interop_matrix.py.
func works(t *testing.T, columns ...string) {
	t.Helper()
	folder := os.Getenv("INTEROP_MATRIX")
	if folder == "" || t.Failed() {
		return
	}
	row := must[*os.File](t)(os.OpenFile(filepath.Join(folder, "Go"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666))
	defer row.Close()
	must[int](t)(row.WriteString(strings.Join(columns, "\n") + "\n"))
}

func fromSandbox(t *testing.T, path string, into any) {
	t.Helper()
	get(t, os.Getenv("SANDBOX")+"/sandbox/"+path, into)
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	response := must[*http.Response](t)(http.Get(url))
	defer response.Body.Close()
	if err := json.Unmarshal(must[[]byte](t)(io.ReadAll(response.Body)), into); err != nil {
		t.Fatal(err)
	}
}

// The value of a field in the request that arrived last at a vendor.
func arrived(t *testing.T, field string) any {
	var requests []struct{ Body string }
	fromSandbox(t, "requests?last=1", &requests)
	var body map[string]any
	if err := json.Unmarshal([]byte(requests[0].Body), &body); err != nil {
		t.Fatal(err)
	}
	return body[field]
}

func requestsAtSeethepro(t *testing.T) int {
	var stats struct{ Seethepro struct{ Requests int } }
	fromSandbox(t, "stats", &stats)
	return stats.Seethepro.Requests
}

func TestFieldsArriveAsTheyWereGiven(t *testing.T) {
	client := connect(t, gateway)
	reply := must[*interaction.Reply[*interactionv1.CreateVspInteractionResponse]](t)(
		client.CreateVspInteraction(t.Context(), named(anyText)))
	if reply.Message.GetInteractionId() == "" || reply.Message.CampaignKey == nil {
		t.Errorf("incomplete: %v", reply.Message)
	}
	equal(t, arrived(t, "InteractionName"), any(anyText))
	works(t, "Unicode")
	request := wolkvox()
	request.Body = anyText
	added := must[*interaction.Reply[*interactionv1.AddWolkvoxInteractionResponse]](t)(
		client.AddWolkvoxInteraction(t.Context(), request))
	equal(t, added.Message.GetCode(), 201)
	equal(t, arrived(t, "body"), any(anyText))
	works(t, "both RPCs")
}

func TestACallGetsARequestIDByWhichItCanBeRepeated(t *testing.T) {
	client, request := connect(t, gateway), vsp()
	do := must[*interaction.Reply[*interactionv1.CreateVspInteractionResponse]](t)
	first := do(client.CreateVspInteraction(t.Context(), request))
	equal(t, len(first.RequestID), 36)
	equal(t, request.RequestId, "") // the caller's request is left as it is
	repeated := vsp()
	repeated.RequestId = first.RequestID
	again := do(client.CreateVspInteraction(t.Context(), repeated))
	equal(t, first.Replayed, false)
	equal(t, again.Replayed, true)
	equal(t, again.Message.GetInteractionId(), first.Message.GetInteractionId())
	works(t, "replay")
	if opens(t, client, request) == first.Message.GetInteractionId() {
		t.Error("another call got the first one's answer")
	}
}

func TestAnErrorNamesEveryFieldThatIsWrong(t *testing.T) {
	failed := fails(t, connect(t, gateway), t.Context(), &interactionv1.CreateVspInteractionRequest{AccountId: "12"})
	equal(t, failed.Code, codes.InvalidArgument)
	equal(t, status.Code(failed), codes.InvalidArgument)
	equal(t, failed.Reason, "INVALID_REQUEST")
	equal(t, failed.Domain, interaction.Domain)
	equal(t, failed.Outcome, interaction.NotApplied)
	equal(t, failed.Phase(), "validate")
	equal(t, failed.Upstream(), "seethepro")
	works(t, "ErrorInfo")
	var fields []string
	for _, violation := range failed.FieldViolations {
		fields = append(fields, violation.Field)
	}
	slices.Sort(fields)
	equal(t, strings.Join(fields, " "), "account_id contact_id interaction_identity interaction_name")
	works(t, "BadRequest")
	if !strings.Contains(failed.Error(), "account_id: must be a GUID") {
		t.Error(failed)
	}
}

func TestAnErrorSaysWhenToCallAgainWhatIsUsedUpAndWhatTheOperatorMustCheck(t *testing.T) {
	client := connect(t, gateway)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	limited := fails(t, client, ctx, named("sandbox:rate-limited"))
	equal(t, limited.Reason, "UPSTREAM_RATE_LIMITED")
	equal(t, limited.RetryDelay, 7*time.Second)
	works(t, "RetryInfo")

	request := wolkvox()
	request.WolkvoxServer, request.WolkvoxToken = "0043", "exhausted-token"
	_, err := client.AddWolkvoxInteraction(t.Context(), request)
	quota := callError(t, err)
	equal(t, quota.Upstream(), "wolkvox")
	equal(t, len(quota.QuotaViolations), 1)
	equal(t, quota.QuotaViolations[0].Subject, "uses of the wolkvox token a day")
	works(t, "QuotaFailure")

	refused := fails(t, client, t.Context(), named("sandbox:unauthorized"))
	equal(t, len(refused.PreconditionViolations), 1)
	equal(t, refused.PreconditionViolations[0].Type, "UPSTREAM_CREDENTIALS_REJECTED")
	equal(t, refused.PreconditionViolations[0].Subject, "the gateway's credential for the upstream")
	works(t, "PreconditionFailure")
}

func TestAnUnknownOutcomeIsTold(t *testing.T) {
	failed := fails(t, connect(t, gateway), t.Context(), named("sandbox:reset"))
	equal(t, failed.Reason, "UPSTREAM_CONNECTION_LOST")
	equal(t, failed.Outcome, interaction.Unknown)
	equal(t, failed.Metadata["requestId"], failed.RequestID)
}

func TestADeadlineThatPassesLeavesTheOutcomeUnknown(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	for _, failed := range []*interaction.CallError{
		fails(t, connect(t, gateway), ctx, named("sandbox:timeout")),
		fails(t, connect(t, gateway, interaction.WithDefaultTimeout(500*time.Millisecond)), t.Context(), named("sandbox:timeout")),
	} {
		equal(t, failed.Code, codes.DeadlineExceeded)
		equal(t, failed.Outcome, interaction.Unknown)
	}
	works(t, "deadline")
}

func TestCancellingTellsWhetherTheCallWasSent(t *testing.T) {
	client := connect(t, gateway)
	opens(t, client, vsp())
	before := requestsAtSeethepro(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for requestsAtSeethepro(t) == before {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	sent := fails(t, client, ctx, named("sandbox:timeout"))
	equal(t, sent.Code, codes.Canceled)
	equal(t, sent.Outcome, interaction.Unknown)
	get(t, os.Getenv("CONTROL")+"/cancelled/"+sent.RequestID, &struct{}{})
	works(t, "cancel")
	unsent := fails(t, client, ctx, vsp())
	equal(t, unsent.Reason, interaction.CancelledUnsent)
	equal(t, unsent.Outcome, interaction.NotApplied)
	if !errors.Is(unsent, context.Canceled) {
		t.Error(unsent)
	}
}

func TestWithoutAConnectionNothingWasSent(t *testing.T) {
	failed := fails(t, connect(t, nobody), t.Context(), vsp())
	equal(t, failed.Code, codes.Unavailable)
	equal(t, failed.Reason, interaction.GatewayUnreachable)
	equal(t, failed.Outcome, interaction.NotApplied)
}

func TestAnAnswerThatIsNotTheGatewaysLeavesTheOutcomeUnknown(t *testing.T) {
	client := connect(t, impostor)
	for _, name := range []string{"proxy-PERMISSION_DENIED", "proxy-UNAVAILABLE", "foreign", "garbage"} {
		failed := fails(t, client, t.Context(), named(name))
		equal(t, failed.Reason, interaction.NoAnswerFromGateway)
		equal(t, failed.Domain, interaction.ClientDomain)
		equal(t, failed.Outcome, interaction.Unknown)
	}
}

func TestOnlyUnavailableOfACallWithRequestIDIsTriedAgain(t *testing.T) {
	client := connect(t, impostor)
	equal(t, opens(t, client, named("attempts-3")), "3")
	equal(t, fails(t, client, t.Context(), named("attempts-4")).Metadata["attempt"], "3")
	equal(t, fails(t, client, t.Context(), named("pushback")).Metadata["attempt"], "1")

	without := connect(t, impostor, interaction.WithMakeRequestID(false))
	request := named("attempts-2")
	request.InteractionIdentity = interaction.NewRequestID()
	failed := fails(t, without, t.Context(), request)
	equal(t, failed.Metadata["attempt"], "1")
	equal(t, failed.RequestID, "")
	request.RequestId = interaction.NewRequestID()
	equal(t, opens(t, without, request), "2")

	never := connect(t, impostor, interaction.WithDefaultServiceConfig(false))
	equal(t, fails(t, never, t.Context(), named("attempts-2")).Metadata["attempt"], "1")
}

func TestARefusedAttemptDoesNotHideThatAnEarlierOneGotNoAnswer(t *testing.T) {
	failed := fails(t, connect(t, impostor), t.Context(), named("lost"))
	equal(t, failed.Reason, "OVERLOADED")
	equal(t, failed.Outcome, interaction.Unknown)
}

func TestAConnectionThatBreaksAtWorkOpensNothingTwice(t *testing.T) {
	before := requestsAtSeethepro(t)
	reply := must[*interaction.Reply[*interactionv1.CreateVspInteractionResponse]](t)(
		connect(t, relay).CreateVspInteraction(t.Context(), cutOnce()))
	equal(t, reply.Replayed, true) // the answer to the first attempt
	equal(t, requestsAtSeethepro(t)-before, 1)
	works(t, "retry")
	without := connect(t, relay, interaction.WithMakeRequestID(false))
	failed := fails(t, without, t.Context(), cutOnce())
	equal(t, failed.Code, codes.Unavailable)
	equal(t, failed.Reason, interaction.NoAnswerFromGateway)
	equal(t, failed.Outcome, interaction.Unknown)
}

func TestWhoCallsIsSaidByCertificateTokenOrAPIKey(t *testing.T) {
	trusting := interaction.WithTLS(interaction.TLSFiles{CA: file("ca.pem")})
	for column, options := range map[string][]interaction.Option{
		"mutual TLS": {interaction.WithTLS(
			interaction.TLSFiles{CA: file("ca.pem"), Certificate: file("billing.pem"), Key: file("billing.key")})},
		"token": {trusting, interaction.WithTokenFile(file("token"))},
		"TLS":   {trusting, interaction.WithAPIKeyFile(file("api-key"))},
	} {
		client := connect(t, tlsGateway, options...)
		opens(t, client, vsp())
		if _, err := client.AddWolkvoxInteraction(t.Context(), wolkvox()); err != nil {
			t.Error(err)
		}
		works(t, column)
	}
	refused := fails(t, connect(t, tlsGateway, trusting), t.Context(), vsp())
	equal(t, refused.Code, codes.Unauthenticated)
	equal(t, refused.Reason, "CALLER_UNAUTHENTICATED")
	stranger := connect(t, tlsGateway, interaction.WithTLS(interaction.TLSFiles{}))
	equal(t, fails(t, stranger, t.Context(), vsp()).Reason, interaction.GatewayUnreachable)
}

func TestATokenIsReadAnewForEachCall(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	replace := func(name string) {
		if err := os.WriteFile(token, append(must[[]byte](t)(os.ReadFile(file(name))), '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace("expired-token")
	client := connect(t, tlsGateway, interaction.WithTLS(interaction.TLSFiles{CA: file("ca.pem")}), interaction.WithTokenFile(token))
	equal(t, fails(t, client, t.Context(), vsp()).Reason, "CALLER_UNAUTHENTICATED")
	replace("token")
	opens(t, client, vsp())
	os.Remove(token)
	failed := fails(t, client, t.Context(), vsp())
	equal(t, failed.Reason, interaction.CredentialUnreadable)
	equal(t, failed.Outcome, interaction.NotApplied)
	if !errors.Is(failed, fs.ErrNotExist) || !strings.Contains(failed.Message, token) {
		t.Error(failed)
	}
}

func TestMetadataIsSentOrRefusedByName(t *testing.T) {
	client := connect(t, gateway)
	request := vsp()
	request.RequestId = interaction.NewRequestID()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "idempotency-key", request.RequestId)
	if _, err := client.CreateVspInteraction(ctx, request); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]string{"grpc-timeout": "1S", "sp ace": "x", "text": "line\nline"} {
		failed := fails(t, client, metadata.AppendToOutgoingContext(t.Context(), name, value), vsp())
		equal(t, failed.Reason, interaction.IllegalMetadata)
		equal(t, failed.Outcome, interaction.NotApplied)
		if !strings.Contains(failed.Message, name) {
			t.Error(failed)
		}
	}
}

func TestHealth(t *testing.T) {
	client := connect(t, gateway)
	equal(t, must[interaction.ServingStatus](t)(client.CheckHealth(t.Context(), "")), interaction.StatusServing)
	_, err := client.CheckHealth(t.Context(), "nobody")
	equal(t, status.Code(err), codes.NotFound)
	_, err = connect(t, nobody).CheckHealth(t.Context(), "")
	equal(t, callError(t, err).Reason, interaction.GatewayUnreachable)
}

func TestWhatCannotWorkIsRefusedAtOnce(t *testing.T) {
	blank := filepath.Join(t.TempDir(), "blank")
	if err := os.WriteFile(blank, []byte("two words"), 0o600); err != nil {
		t.Fatal(err)
	}
	token, key := interaction.WithTokenFile(file("token")), interaction.WithAPIKeyFile(file("api-key"))
	files := func(files interaction.TLSFiles) interaction.Option { return interaction.WithTLS(files) }
	for _, wrong := range []struct {
		target, part string
		options      []interaction.Option
	}{
		{"gateway", "the port is missing; for example gateway:50051", nil},
		{"https://gateway:443/x", "a URL is not accepted here; for example gateway:443", nil},
		{"gateway:70000", "the port must be a number", nil},
		{"::1:50051", "brackets", nil},
		{"", "no address", nil},
		{gateway, "cannot be used together", []interaction.Option{token, key}},
		{"gateway:50051", "a token is not sent to gateway:50051 without TLS", []interaction.Option{token}},
		{"127.evil.example:50051", "an API key is not sent to", []interaction.Option{key}},
		{gateway, "does not hold a token alone", []interaction.Option{interaction.WithTokenFile(blank)}},
		{gateway, "must be given together", []interaction.Option{files(interaction.TLSFiles{Key: file("billing.key")})}},
		{gateway, "does not contain PEM certificates", []interaction.Option{files(interaction.TLSFiles{CA: blank})}},
		{gateway, "are not a PEM certificate and its key",
			[]interaction.Option{files(interaction.TLSFiles{Certificate: file("billing.pem"), Key: file("sales.key")})}},
		{gateway, "nowhere", []interaction.Option{interaction.WithTokenFile("/nowhere")}},
		{gateway, "nowhere", []interaction.Option{files(interaction.TLSFiles{CA: "/nowhere"})}},
	} {
		client, err := interaction.Connect(wrong.target, wrong.options...)
		if err == nil || !strings.Contains(err.Error(), wrong.part) {
			t.Errorf("%q: got %v and %v, wanted %q", wrong.target, client, err, wrong.part)
		}
	}
	opens(t, connect(t, gateway, token), vsp()) // to this machine, a token is sent without TLS
}

func TestGoroutinesShareAClient(t *testing.T) {
	client := connect(t, gateway)
	var group sync.WaitGroup
	var ids sync.Map
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			reply, err := client.CreateVspInteraction(t.Context(), vsp())
			if err != nil {
				t.Error(err)
				return
			}
			if _, twice := ids.LoadOrStore(reply.Message.GetInteractionId(), true); twice {
				t.Error("two calls got one interaction")
			}
		}()
	}
	group.Wait()
}

// Repeats a call, with its request_id, while the gateway is being restarted. Returns the interaction's id, or the last error.
func persist(client *interaction.Client, ctx context.Context) (string, error) {
	request := vsp()
	request.RequestId = interaction.NewRequestID()
	for {
		reply, err := client.CreateVspInteraction(ctx, request)
		if err == nil {
			return reply.Message.GetInteractionId(), nil
		}
		if status.Code(err) != codes.Unavailable {
			return "", err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestARestartUnderLoadOpensEachCallOnce(t *testing.T) {
	client := connect(t, restarted)
	var before, after struct{ Requests int }
	get(t, os.Getenv("CONTROL")+"/requests", &before)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	over := make(chan struct{})
	var group sync.WaitGroup
	var lock sync.Mutex
	ids := map[string]int{}
	calls := 0
	for range 4 {
		group.Go(func() {
			for {
				id, err := persist(client, ctx)
				if err != nil {
					t.Error(err)
					return
				}
				lock.Lock()
				calls++
				ids[id]++
				lock.Unlock()
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	get(t, os.Getenv("CONTROL")+"/restart", &after)
	close(over)
	group.Wait()
	get(t, os.Getenv("CONTROL")+"/requests", &after)
	equal(t, after.Requests-before.Requests, calls)
	equal(t, len(ids), calls)
	works(t, "restart")
}
