// Package registry holds the wallet operators as data and chooses among them: a TOML document enters, routes leave.
package registry

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/yuantill/yuantill/cloud/operator"
)

//go:embed operators.toml
var operators string

// Bounds of an entry.
const (
	documentMax     = 1 << 20
	operatorsMax    = 256
	codeMax         = 16
	basisPointsMax  = 10_000
	defaultFeeCapBP = 10 // the e-CNY cap: 0.1 %
)

var (
	// ErrInvalid marks a registry document with a mistake.
	ErrInvalid = errors.New("registry: invalid document")
	// ErrUnknownOperator marks a code that is not in the registry.
	ErrUnknownOperator = errors.New("registry: unknown operator")
	// ErrNoRoute says that none of a merchant's operators takes the payment.
	ErrNoRoute = errors.New("registry: no operator takes this payment")
)

// Operator is one wallet operator.
type Operator struct {
	Code        string // upper-case letters and digits, 2 to 16
	Name        string // Chinese
	NameEnglish string
	Batch       int // 1: the first ten, 2: the twelve of 2026
	// FeeCapBasisPoints is the highest fee in hundredths of a per cent.
	FeeCapBasisPoints int64
	// PaymentMax is the highest amount of one payment in minor units; 0 is no limit of the operator's own.
	PaymentMax int64
	Routes     []operator.Method
}

// Takes reports whether the operator takes a payment of this method and amount.
func (o Operator) Takes(method operator.Method, amount int64) bool {
	if amount <= 0 || (o.PaymentMax != 0 && amount > o.PaymentMax) {
		return false
	}
	for _, route := range o.Routes {
		if route == method {
			return true
		}
	}
	return false
}

// Registry is a validated set of operators; it does not change.
type Registry struct {
	byCode map[string]Operator
}

// Default returns the registry of the operators named in public.
func Default() (*Registry, error) { return Load(operators) }

// Load reads a TOML document. Unknown keys, duplicates and values out of range are errors. Error: ErrInvalid.
func Load(document string) (*Registry, error) {
	if len(document) > documentMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrInvalid, len(document))
	}
	var file struct {
		Operator []entry `toml:"operator"`
	}
	decoder := toml.NewDecoder(strings.NewReader(document)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, describe(err))
	}
	if len(file.Operator) == 0 || len(file.Operator) > operatorsMax {
		return nil, fmt.Errorf("%w: %d operators", ErrInvalid, len(file.Operator))
	}
	registry := &Registry{byCode: make(map[string]Operator, len(file.Operator))}
	for i, entry := range file.Operator {
		checked, err := entry.operator()
		if err != nil {
			return nil, fmt.Errorf("%w: operator %d (%s): %w", ErrInvalid, i+1, entry.Code, err)
		}
		if _, twice := registry.byCode[checked.Code]; twice {
			return nil, fmt.Errorf("%w: operator %s appears twice", ErrInvalid, checked.Code)
		}
		registry.byCode[checked.Code] = checked
	}
	return registry, nil
}

// describe adds the line to a decoder's message.
func describe(err error) string {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		return fmt.Sprintf("line %d: unknown key %s", row, strings.Join(strict.Errors[0].Key(), "."))
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		row, _ := syntax.Position()
		return fmt.Sprintf("line %d: %s", row, syntax.Error())
	}
	return err.Error()
}

// Get returns an operator, or ErrUnknownOperator.
func (r *Registry) Get(code string) (Operator, error) {
	found, ok := r.byCode[code]
	if !ok {
		return Operator{}, fmt.Errorf("%w: %q", ErrUnknownOperator, code)
	}
	return found, nil
}

// entry is an operator as the document has it; pointers tell "left out" from zero.
type entry struct {
	Code        string   `toml:"code"`
	Name        string   `toml:"name"`
	NameEnglish string   `toml:"name_en"`
	Batch       int      `toml:"batch"`
	FeeCap      *int64   `toml:"fee_cap_basis_points"`
	PaymentMax  int64    `toml:"payment_max"`
	Routes      []string `toml:"routes"`
}

func (e entry) operator() (Operator, error) {
	if !isCode(e.Code) {
		return Operator{}, errors.New("code must be 2 to 16 upper-case letters and digits")
	}
	if e.Name == "" || e.NameEnglish == "" {
		return Operator{}, errors.New("name and name_en are needed")
	}
	if e.Batch < 1 || e.Batch > 2 {
		return Operator{}, fmt.Errorf("batch is %d, not 1 or 2", e.Batch)
	}
	result := Operator{Code: e.Code, Name: e.Name, NameEnglish: e.NameEnglish, Batch: e.Batch,
		FeeCapBasisPoints: defaultFeeCapBP, PaymentMax: e.PaymentMax}
	if e.FeeCap != nil {
		result.FeeCapBasisPoints = *e.FeeCap
	}
	if result.FeeCapBasisPoints < 0 || result.FeeCapBasisPoints > basisPointsMax {
		return Operator{}, fmt.Errorf("fee_cap_basis_points is %d", result.FeeCapBasisPoints)
	}
	if e.PaymentMax < 0 {
		return Operator{}, fmt.Errorf("payment_max is %d", e.PaymentMax)
	}
	methods, err := parseRoutes(e.Routes)
	result.Routes = methods
	return result, err
}

func parseRoutes(names []string) ([]operator.Method, error) {
	if names == nil {
		return []operator.Method{operator.MethodCode, operator.MethodTap, operator.MethodShown}, nil
	}
	seen := make(map[operator.Method]bool, len(names))
	methods := make([]operator.Method, 0, len(names))
	for _, name := range names {
		method, err := operator.ParseMethod(name)
		if err != nil {
			return nil, err
		}
		if seen[method] {
			return nil, fmt.Errorf("route %s appears twice", name)
		}
		seen[method] = true
		methods = append(methods, method)
	}
	if len(methods) == 0 {
		return nil, errors.New("routes is empty")
	}
	return methods, nil
}

func isCode(text string) bool {
	if len(text) < 2 || len(text) > codeMax {
		return false
	}
	for _, c := range text {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
