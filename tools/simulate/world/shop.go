package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/sign"
)

// tillsMax bounds the tills of a world.
const tillsMax = 6

// Shop is what all worlds of a process have in common, because making it takes long: keys, enrolments, and the books of
// a cloud before its first day.
type Shop struct {
	folder    string
	root      *merchant.Root
	operators *registry.Registry
	plans     *plan.Plans
	books     []byte
	terminals []record.Terminal
	issuer    *sign.Key
	issuers   *hardwallet.Pool
}

// OpenShop makes a shop in an empty folder. The folder should be in memory: worlds live beside it, and nothing of them
// has to survive this machine.
func OpenShop(folder string) (*Shop, error) {
	s := &Shop{folder: folder}
	var err error
	if s.root, err = merchant.CreateRoot(filepath.Join(folder, "root.key"), fast.Engine(), newRandom(0, "root")); err != nil {
		return nil, fmt.Errorf("open shop: %w", err)
	}
	if s.operators, err = registry.Load(operatorsDocument()); err != nil {
		return nil, fmt.Errorf("open shop: %w", err)
	}
	if s.plans, err = plan.Load(plans(terminalIDs())); err != nil {
		return nil, fmt.Errorf("open shop: %w", err)
	}
	if s.issuer, err = sign.NewKey(rand.Reader); err != nil {
		return nil, fmt.Errorf("open shop: %w", err)
	}
	if s.issuers, err = hardwallet.NewPool(s.issuer.Public()); err != nil {
		return nil, fmt.Errorf("open shop: %w", err)
	}
	return s, s.enrol(context.Background())
}

// enrol fills the books and writes the terminals' enrolments.
func (s *Shop) enrol(ctx context.Context) (err error) {
	path := filepath.Join(s.folder, "cloud.db")
	books, err := sqlite.Open(ctx, path, sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("open shop: %w", err)
	}
	err = s.register(ctx, books)
	if err = errors.Join(err, books.Close()); err != nil {
		return fmt.Errorf("enrol terminals: %w", err)
	}
	s.books, err = os.ReadFile(path)
	return err
}

func (s *Shop) register(ctx context.Context, books *sqlite.Store) error {
	authority, err := merchant.CreateAuthority(s.folder, time.Now(), rand.Reader)
	if err != nil {
		return err
	}
	registrar := merchant.NewRegistrar(books, s.root, authority, func() time.Time { return dawn }, rand.Reader)
	err = registrar.AddMerchant(ctx, store.Merchant{ID: merchantID, Name: "小面馆", Operators: operatorCodes[:],
		FeeBasisPoints: merchantRate, Jurisdiction: "CN"})
	if err != nil {
		return err
	}
	for i, text := range terminalIDs() {
		id, err := record.ParseTerminal(text)
		if err != nil {
			return err
		}
		request := merchant.Request{Terminal: id, Merchant: merchantID, SerialNumber: fmt.Sprintf("SN%d", i+1)}
		err = registrar.Enrol(ctx, request, func(e enrolment.Enrolment) error {
			return enrolment.Write(s.enrolment(id), e, fast.Engine(), rand.Reader)
		})
		if err != nil {
			return err
		}
		s.terminals = append(s.terminals, id)
	}
	return nil
}

// terminalIDs names all terminals that a world may have.
func terminalIDs() []string {
	ids := make([]string, tillsMax)
	for i := range ids {
		ids[i] = fmt.Sprintf("1000000%d", i+1)
	}
	return ids
}

func (s *Shop) enrolment(id record.Terminal) string {
	return filepath.Join(s.folder, id.String()+".json")
}
