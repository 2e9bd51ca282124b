package station

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// TestDocument makes openapi.json of the table of routes and compares.
func TestDocument(t *testing.T) {
	_, description := oracle(t, func(any) {})
	describeKeys(description)
	made, err := json.Marshal(description)
	require.NoError(t, err)
	made = append(made, '\n')
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", made, 0o644))
	}
	committed, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.Equal(t, string(committed), string(made), "go test ./agent/station -run TestDocument -update")
}

// describeKeys says what checkKey asks of an intent's key. That is no tag of the input: bind leaves it to checkKey, whose
// refusals say more than that a field is not valid. All intents have the same one, which the document says once.
func describeKeys(description *huma.OpenAPI) {
	least, most := 1, checkout.KeyMax
	for _, path := range description.Paths {
		if path.Post == nil {
			continue
		}
		for i, parameter := range path.Post.Parameters {
			if parameter.Name != headerKey {
				continue
			}
			key, schema := *parameter, *parameter.Schema
			schema.Description = "" // the parameter's own says it
			schema.MinLength, schema.MaxLength, schema.Pattern = &least, &most, "^[ -~]+$"
			key.Required, key.Schema = true, &schema
			description.Components.Parameters = map[string]*huma.Param{"key": &key}
			path.Post.Parameters[i] = &huma.Param{Ref: refKey}
		}
	}
}

const refKey = "#/components/parameters/key"

const headerKey = "Idempotency-Key"

// TestEveryIntentDescribesItsKey: a client that is made of the document must send one.
func TestEveryIntentDescribesItsKey(t *testing.T) {
	d := read(t, allRoutes())
	intents := 0
	for _, r := range allRoutes() {
		keyed := slices.ContainsFunc(reflect.VisibleFields(r.in), func(f reflect.StructField) bool {
			return f.Tag.Get("header") == headerKey
		})
		if !keyed {
			continue
		}
		intents++
		parameters := d.Paths[r.path][strings.ToLower(r.method)].Parameters
		require.True(t, slices.ContainsFunc(parameters, func(p parameter) bool { return p.Ref == refKey }), r.id)
		key := d.Components.Parameters.Key
		require.Equal(t, headerKey, key.Name)
		require.True(t, key.Required, r.id)
		require.Equal(t, 1, key.Schema.MinLength, r.id)
		require.Equal(t, checkout.KeyMax, key.Schema.MaxLength, r.id)
		pattern := regexp.MustCompile(key.Schema.Pattern)
		for text, good := range map[string]bool{
			"k": true, strings.Repeat("~", checkout.KeyMax): true, "": false, "键": false, "a\tb": false,
		} {
			require.Equal(t, good, pattern.MatchString(text), "%q", text)
			require.Equal(t, good, checkKey(text) == nil, "%q", text)
		}
	}
	require.Greater(t, intents, 5)
}

// parameter is what the tests read of one.
type parameter struct {
	Ref      string `json:"$ref"`
	Name     string
	Required bool
	Schema   struct {
		MinLength, MaxLength int
		Pattern              string
	}
}

// described is what the tests read of the document.
type described struct {
	OpenAPI string
	Info    struct{ Title, Version, Description string }
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Summary     string
		Parameters  []parameter
		Responses   map[string]struct{ Content map[string]any }
	}
	Components struct {
		Schemas    map[string]any
		Parameters struct{ Key parameter }
	}
}

func read(t *testing.T, table []route) described {
	content, err := describe(table, "1.2.3")
	require.NoError(t, err)
	var d described
	require.NoError(t, json.Unmarshal(content, &d))
	return d
}

func TestEveryRouteIsDescribedAndNothingElse(t *testing.T) {
	table := allRoutes()
	d := read(t, table)
	require.Equal(t, "3.1.0", d.OpenAPI)
	require.Equal(t, "1.2.3", d.Info.Version)
	require.Equal(t, "yuantill till", d.Info.Title)
	require.Contains(t, d.Info.Description, "收银终端本地接口")
	seen, operations := make(map[string]bool), 0
	for _, r := range table {
		operation, ok := d.Paths[r.path][strings.ToLower(r.method)]
		require.True(t, ok, r.id)
		require.Equal(t, r.id, operation.OperationID)
		require.Equal(t, r.summary, operation.Summary)
		require.Contains(t, operation.Responses, strconv.Itoa(max(r.status, 200)), r.id)
		require.Contains(t, operation.Responses["default"].Content, "application/problem+json", r.id)
		for _, status := range r.errors {
			require.Contains(t, operation.Responses[strconv.Itoa(status)].Content, "application/problem+json", r.id)
		}
		require.False(t, seen[r.id], "%s stands twice", r.id)
		seen[r.id] = true
	}
	for _, path := range d.Paths {
		operations += len(path)
	}
	require.Equal(t, len(table), operations)
	require.NotNil(t, d.Components.Schemas["Problem"], "what answers look like, and not huma's errors")
}

func TestATillIsDescribedWithWhatItCan(t *testing.T) {
	table := (&Station{desk: struct{ Desk }{}}).routes()
	require.Len(t, table, len(allRoutes())-6)
	d := read(t, table)
	require.NotContains(t, d.Paths, pathShifts)
	require.NotContains(t, d.Paths, pathShift+"/close")
	require.Contains(t, d.Paths, pathSale)
}

// TestTheDocumentIsCompact: it is part of a program on a small terminal, and asks for nothing from elsewhere.
func TestTheDocumentIsCompact(t *testing.T) {
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, []byte(document)))
	require.Equal(t, compact.Len(), len(strings.TrimSpace(document)))
	require.Less(t, len(document), 48<<10)
	require.NotContains(t, document, "http:")
	require.NotContains(t, document, "https:")
}
