package main

import "sync"

// Counts is the answer of GET /counters.
type Counts struct {
	Methods map[string]int64 `json:"methods"` // SOAP method or "REST POST /rest/…"
	Reading int64            `json:"reading"`
	Writing int64            `json:"writing"`
	Total   int64            `json:"total"`
}

// counters counts every call that a client made, refused ones included.
type counters struct {
	mu     sync.Mutex
	counts Counts
}

func newCounters() *counters {
	return &counters{counts: Counts{Methods: map[string]int64{}}}
}

func (c *counters) Add(method string, writes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Methods[method]++
	c.counts.Total++
	if writes {
		c.counts.Writing++
	} else {
		c.counts.Reading++
	}
}

func (c *counters) Get() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := c.counts
	copied.Methods = make(map[string]int64, len(c.counts.Methods))
	for method, count := range c.counts.Methods {
		copied.Methods[method] = count
	}
	return copied
}

func (c *counters) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = Counts{Methods: map[string]int64{}}
}
