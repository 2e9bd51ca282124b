package crashdisk

import "math/rand/v2"

// CutAt cuts the power during the nth operation from now, 0 being the next: it may reach the disk like everything that
// is on its way, but it and all after it fail.
func (d *Disk) CutAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutAfter = max(n, 0)
}

// Cut cuts the power now.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.switchOff()
}

// cutDuring cuts the power with an operation on its way. mu is held.
func (d *Disk) cutDuring(op Operation) error {
	if op.Kind != Sync && op.Kind != SyncDirectory { // half a sync promises nothing
		d.take(op)
	}
	d.switchOff()
	return ErrOff
}

func (d *Disk) switchOff() {
	d.off, d.cutAfter = true, -1
	d.shim.power(false)
}

// Kill is the death of the process: files that are open fail from now on, but what is on its way stays so, and the next
// process sees it.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shim.nextGeneration()
	d.lives++
}

// Off says whether the power is cut.
func (d *Disk) Off() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// Image returns what a power cut now may leave.
func (d *Disk) Image(loss Loss, r *rand.Rand) Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.platter.Image(loss, r)
}

// PowerOn loads what the power cut left. Databases of the time before should have been closed, as good as that goes.
func (d *Disk) PowerOn(loss Loss, r *rand.Rand) error { return d.Load(d.Image(loss, r)) }

// gate stops one operation.
type gate struct{ held, open chan struct{} }

// Hold stops the next operation until release is called; held is closed once it waits. So a test makes things happen
// at the same moment.
func (d *Disk) Hold() (held <-chan struct{}, release func()) {
	g := &gate{held: make(chan struct{}), open: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate = g
	return g.held, func() { close(g.open) }
}

// wait is where an operation stops when it is to.
func (d *Disk) wait() {
	d.mu.Lock()
	g := d.gate
	d.gate = nil
	d.mu.Unlock()
	if g != nil {
		close(g.held)
		<-g.open
	}
}

// Watch calls see with every operation that happens, nil for no longer. see must not use the disk.
func (d *Disk) Watch(see func(Operation)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watch = see
}
