package front

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// adminBodyMax bounds what the admin handler reads.
const adminBodyMax = 64 << 10

// Stats counts what came to the front.
type Stats struct {
	Calls   int64 `json:"calls"`
	Refused int64 `json:"refused"`
}

// Admin serves the person who runs the trial; it belongs on loopback, as it asks for no credentials. GET / lists it.
func (f *Front) Admin() http.Handler { return action.Handler(f.actions()) }

func (f *Front) addRule(w http.ResponseWriter, r *http.Request) {
	var rule bank.Rule
	if !f.decode(w, r, &rule) {
		return
	}
	id, err := f.config.Bank.AddRule(rule)
	if err != nil {
		f.fail(w, http.StatusBadRequest, err)
		return
	}
	f.reply(w, http.StatusCreated, map[string]int{"id": id})
}

func (f *Front) pay(w http.ResponseWriter, r *http.Request) {
	var body payBody
	if !f.decode(w, r, &body) {
		return
	}
	err := f.config.Bank.PayShown(body.ShownCode, body.Wallet)
	switch {
	case errors.Is(err, bank.ErrUnknownCode):
		f.fail(w, http.StatusNotFound, err)
	case err != nil:
		f.fail(w, http.StatusBadRequest, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *Front) setBalance(w http.ResponseWriter, r *http.Request) {
	var body walletBody
	if !f.decode(w, r, &body) {
		return
	}
	if body.Class != 0 {
		if err := f.config.Bank.SetClass(body.Wallet, body.Class); err != nil {
			f.fail(w, http.StatusBadRequest, err)
			return
		}
	}
	if err := f.config.Bank.SetBalance(body.Wallet, body.Balance); err != nil {
		f.fail(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *Front) verify(w http.ResponseWriter, r *http.Request) {
	var body verifyBody
	if !f.decode(w, r, &body) {
		return
	}
	id, err := operator.ParseOrderID(body.Order)
	if err == nil {
		err = f.config.Bank.Verify(bank.Verification{OrderID: id, Amount: body.Amount, Factor: body.Factor, Answer: body.Answer})
	}
	switch {
	case errors.Is(err, bank.ErrNoVerification):
		f.fail(w, http.StatusNotFound, err)
	case err != nil:
		f.fail(w, http.StatusBadRequest, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *Front) dispute(w http.ResponseWriter, r *http.Request) {
	var body disputeBody
	if !f.decode(w, r, &body) {
		return
	}
	id, err := operator.ParseOrderID(body.Order)
	if err == nil {
		err = f.config.Bank.Dispute(bank.Dispute{OrderID: id, Amount: body.Amount})
	}
	switch {
	case errors.Is(err, bank.ErrNotDisputable):
		f.fail(w, http.StatusConflict, err)
	case err != nil:
		f.fail(w, http.StatusBadRequest, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *Front) decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBodyMax))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		f.fail(w, http.StatusBadRequest, err)
		return false
	}
	return true
}

func (f *Front) fail(w http.ResponseWriter, status int, err error) {
	f.reply(w, status, map[string]string{"error": err.Error()})
}

func (f *Front) reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.config.Log.Debug("write admin answer", "error", err)
	}
}
