// Package merchant is who is paid and with which terminal: the root key that terminal keys derive from, the authority
// that signs certificates, enrolment of a terminal, and a cached directory of merchants and terminals.
//
//	CreateRoot(path, random) · OpenRoot(path) (*Root, error)      Root.TerminalKey(terminal, version)
//	CreateAuthority(dir, now, random) · OpenAuthority(dir)        Authority.IssueServer · IssueTerminal · Pool
//	NewRegistrar(store, root, authority, …).Enrol(ctx, Request, keep) error
//	NewDirectory(store).Terminal(ctx, id) · Merchant(ctx, id) · Forget(id) · ForgetMerchant(id)
package merchant
