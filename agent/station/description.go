package station

import (
	_ "embed" // openapi.json is part of the program
	"encoding/json"
	"fmt"
	"net/http"
)

const pathDescription = "/openapi"

// document describes every route in OpenAPI 3.1; TestDocument makes it of the table of routes.
//
//go:embed openapi.json
var document string

// describe serves the description and no page that would load anything from elsewhere.
func (s *Station) describe(table []route, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		described, err := describe(table, s.config.Version)
		if err != nil {
			s.refuse(r.Context(), w, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(described) // a client that has gone needs no answer
	}
}

// describe is the document for a till with these routes and of this version. It is made anew for everybody who asks:
// hardly anybody does, and nobody has to keep it in memory.
func describe(table []route, version string) ([]byte, error) {
	var top, paths map[string]json.RawMessage
	var info map[string]string
	err := json.Unmarshal([]byte(document), &top)
	for name, part := range map[string]any{"paths": &paths, "info": &info} {
		if err == nil {
			err = json.Unmarshal(top[name], part)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read description: %w", err)
	}
	has := make(map[string]bool, len(table))
	for _, r := range table {
		has[r.path] = true
	}
	for path := range paths {
		if !has[path] {
			delete(paths, path)
		}
	}
	info["version"] = version
	for name, part := range map[string]any{"paths": paths, "info": info} {
		if top[name], err = json.Marshal(part); err != nil {
			return nil, fmt.Errorf("write description: %w", err)
		}
	}
	return json.Marshal(top)
}
