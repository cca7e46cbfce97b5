// Drives the official Go SDK client, with the same lines as node/client.mjs.
//
//	client URL
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func printLine(a answer) {
	line, err := json.Marshal(a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

var updates = make(chan *mcp.ResourceUpdatedNotificationParams, 100)

func do(ctx context.Context, session *mcp.ClientSession, name string, params json.RawMessage) (any, error) {
	var p struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
		URI       string          `json:"uri"`
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, err
	}
	switch name {
	case "listTools":
		return session.ListTools(ctx, nil)
	case "callTool":
		return session.CallTool(ctx, &mcp.CallToolParams{Name: p.Name, Arguments: p.Arguments})
	case "readResource":
		return session.ReadResource(ctx, &mcp.ReadResourceParams{URI: p.URI})
	case "subscribe":
		return struct{}{}, session.Subscribe(ctx, &mcp.SubscribeParams{URI: p.URI})
	case "nextUpdate":
		return <-updates, nil
	}
	return nil, fmt.Errorf("there is no operation %q", name)
}

func main() {
	ctx := context.Background()
	client := mcp.NewClient(&mcp.Implementation{Name: "go", Version: "1.0.0"}, &mcp.ClientOptions{
		ResourceUpdatedHandler: func(_ context.Context, r *mcp.ResourceUpdatedNotificationRequest) {
			updates <- r.Params
		},
	})
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: os.Args[1]}, nil)
	if err != nil {
		log.Fatal(err)
	}
	printLine(answer{Result: map[string]string{"version": session.InitializeResult().ProtocolVersion}})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var request map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			log.Fatal(err)
		}
		for name, params := range request {
			result, err := do(ctx, session, name, params)
			if err != nil {
				printLine(answer{Error: err.Error()})
			} else {
				printLine(answer{Result: result})
			}
		}
	}
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
}
