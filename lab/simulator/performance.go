package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// performance answers queries for counters with what guests have really used.
// The simulator's own manager makes its numbers up: nobody is shown those.
type performance struct {
	*simulator.PerformanceManager
	history *usageHistory
	ids     map[string]int32 // by counter: "cpu.usagemhz"
	names   map[int32]string
}

func newPerformance(manager *simulator.PerformanceManager, history *usageHistory) *performance {
	p := &performance{PerformanceManager: manager, history: history, ids: map[string]int32{}, names: map[int32]string{}}
	known := map[string]int32{}
	for _, counter := range manager.PerfCounter {
		if counter.RollupType == types.PerfSummaryTypeAverage {
			name := counter.GroupInfo.GetElementDescription().Key + "." + counter.NameInfo.GetElementDescription().Key
			known[name] = counter.Key
		}
	}
	for _, name := range usageCounters() {
		if id, ok := known[name]; ok {
			p.ids[name], p.names[id] = id, name
		}
	}
	return p
}

// QueryAvailablePerfMetric gives nothing for what has never been measured.
func (p *performance) QueryAvailablePerfMetric(_ *simulator.Context, request *types.QueryAvailablePerfMetric) soap.HasFault {
	body := &methods.QueryAvailablePerfMetricBody{Res: &types.QueryAvailablePerfMetricResponse{}}
	if realtime(request.IntervalId) && len(p.history.Between(request.Entity, request.BeginTime, request.EndTime)) > 0 {
		body.Res.Returnval = p.all()
	}
	return body
}

// QueryPerf leaves out what has no sample, as vCenter does for a machine that is off.
func (p *performance) QueryPerf(ctx *simulator.Context, request *types.QueryPerf) soap.HasFault {
	body := &methods.QueryPerfBody{}
	response := &types.QueryPerfResponse{}
	for _, spec := range request.QuerySpec {
		if ctx.Map.Get(spec.Entity) == nil {
			body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "querySpec.entity"})
			return body
		}
		if !realtime(spec.IntervalId) {
			continue
		}
		samples := p.history.Between(spec.Entity, spec.StartTime, spec.EndTime)
		if spec.MaxSample > 0 {
			samples = samples[max(0, len(samples)-int(spec.MaxSample)):]
		}
		if len(samples) == 0 {
			continue
		}
		metric := p.metric(&spec, samples)
		if spec.Format == string(types.PerfFormatCsv) {
			response.Returnval = append(response.Returnval, asCSV(metric))
		} else {
			response.Returnval = append(response.Returnval, metric)
		}
	}
	body.Res = response
	return body
}

// realtime tells whether an interval is that of the samples; there are no others.
func realtime(interval int32) bool { return interval == sampleSeconds || interval <= 0 }

func (p *performance) all() []types.PerfMetricId {
	metrics := []types.PerfMetricId{}
	for _, name := range usageCounters() {
		if id, ok := p.ids[name]; ok {
			metrics = append(metrics, types.PerfMetricId{CounterId: id})
		}
	}
	return metrics
}

// PerfMetricIntSeries is govmomi's type of that name, by which it goes over the
// wire; govmomi's own leaves out every value that is zero, and the values of a
// series no longer match its samples.
type PerfMetricIntSeries struct {
	types.PerfMetricSeries
	Value []int64 `xml:"value"`
}

func (p *performance) metric(spec *types.PerfQuerySpec, samples []sample) *types.PerfEntityMetric {
	metric := &types.PerfEntityMetric{PerfEntityMetricBase: types.PerfEntityMetricBase{Entity: spec.Entity}}
	for _, each := range samples {
		metric.SampleInfo = append(metric.SampleInfo, types.PerfSampleInfo{Timestamp: each.at, Interval: sampleSeconds})
	}
	wanted := spec.MetricId
	if wanted == nil {
		wanted = p.all()
	}
	for _, id := range wanted {
		name, ok := p.names[id.CounterId]
		if !ok || (id.Instance != "" && id.Instance != "*") {
			continue // whole machines are measured, no single processors or cards
		}
		series := &PerfMetricIntSeries{}
		series.Id = types.PerfMetricId{CounterId: id.CounterId}
		for _, each := range samples {
			series.Value = append(series.Value, each.values[name])
		}
		metric.Value = append(metric.Value, series)
	}
	return metric
}

func asCSV(metric *types.PerfEntityMetric) *types.PerfEntityMetricCSV {
	info := []string{}
	for _, each := range metric.SampleInfo {
		info = append(info, strconv.Itoa(int(each.Interval)), each.Timestamp.Format(time.RFC3339))
	}
	csv := &types.PerfEntityMetricCSV{PerfEntityMetricBase: metric.PerfEntityMetricBase, SampleInfoCSV: strings.Join(info, ",")}
	for _, each := range metric.Value {
		series, ok := each.(*PerfMetricIntSeries)
		if !ok {
			continue
		}
		values := []string{}
		for _, value := range series.Value {
			values = append(values, strconv.FormatInt(value, 10))
		}
		csv.Value = append(csv.Value, types.PerfMetricSeriesCSV{PerfMetricSeries: series.PerfMetricSeries, Value: strings.Join(values, ",")})
	}
	return csv
}
