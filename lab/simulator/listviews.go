package main

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// lockFilters takes the locks of the session's property filters for a call that
// changes a list view. The simulator locks the view and then, to tell them, the
// filters; WaitForUpdatesEx locks a filter and then the view. When both meet,
// each waits for the other, and in time every call of every session for them.
// With the filters first, both go the same way. The result releases the locks.
func lockFilters(ctx *simulator.Context) func() {
	filters := ctx.Session.AllReference("PropertyFilter")
	slices.SortFunc(filters, func(a, b mo.Reference) int {
		return strings.Compare(a.Reference().Value, b.Reference().Value)
	})
	releases := make([]func(), 0, len(filters))
	for _, filter := range filters {
		releases = append(releases, ctx.Map.AcquireLock(ctx, filter))
	}
	return func() {
		for _, release := range releases {
			release()
		}
	}
}
