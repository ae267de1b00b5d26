//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter reads what its process has used.
type Meter struct{ profile *os.File }

// Usage is what a process has used since its start, and holds now.
type Usage struct {
	// CPU is user and system time of the whole process, garbage collection included.
	CPU time.Duration
	// Allocations and Allocated are how many objects and bytes the heap ever gave out.
	Allocations, Allocated uint64
	// HeapInUse is in bytes, as are Resident and Peak, which are 0 where the system has no /proc.
	HeapInUse, Resident, Peak uint64
	// Live is what the heap holds after a collection, in bytes, and Goroutines how many there
	// are; of Rest only.
	Live       uint64
	Goroutines int
}

// Rest returns what the process holds when nothing is under way.
func (m *Meter) Rest(_ None, out *Usage) error {
	runtime.GC()
	runtime.GC() // pools give up what they hold at the second collection
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	if err := m.Usage(None{}, out); err != nil {
		return err
	}
	out.Live, out.Goroutines = heap.HeapAlloc, runtime.NumGoroutine()
	return nil
}

// Usage returns what the process has used.
func (*Meter) Usage(_ None, out *Usage) error {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return fmt.Errorf("getrusage: %w", err)
	}
	out.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	out.Allocations, out.Allocated, out.HeapInUse = heap.Mallocs, heap.TotalAlloc, heap.HeapInuse
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil //nolint:nilerr // only Linux has it
	}
	out.Resident, out.Peak = kilobytes(string(status), "VmRSS:"), kilobytes(string(status), "VmHWM:")
	return nil
}

// kilobytes reads a line of /proc/self/status, in bytes.
func kilobytes(status, field string) uint64 {
	_, rest, _ := strings.Cut(status, field)
	line, _, _ := strings.Cut(rest, "\n")
	number, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return number << 10
}

// Collect collects garbage and gives what is free back to the system.
func (*Meter) Collect(None, *None) error { //nolint:unparam // net/rpc wants it so
	runtime.GC()         // empties the pools only halfway
	debug.FreeOSMemory() // collects once more
	return nil
}

// StartProfile starts a profile of the CPU in a folder.
func (m *Meter) StartProfile(folder string, _ *None) error {
	var err error
	if m.profile, err = os.Create(filepath.Join(filepath.Clean(folder), "cpu.pprof")); err != nil {
		return err
	}
	return pprof.StartCPUProfile(m.profile)
}

// StopProfile ends the profile and writes one of everything allocated beside it.
func (m *Meter) StopProfile(folder string, _ *None) error {
	pprof.StopCPUProfile()
	allocations, err := os.Create(filepath.Join(filepath.Clean(folder), "allocs.pprof"))
	if err != nil {
		return errors.Join(err, m.profile.Close())
	}
	err = pprof.Lookup("allocs").WriteTo(allocations, 0)
	return errors.Join(err, allocations.Close(), m.profile.Close())
}
