// The lab's vCenter: govmomi's simulator with accounts, hardware from the
// platform data, a call counter, faults on demand and a journal that survives
// kill -9. One process is one vCenter.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	path := flag.String("config", "", "JSON file that describes this vCenter (see config.go)")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	if err := run(*path); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	var config Config
	if err := readJSON(path, &config); err != nil {
		return err
	}
	began := time.Now()
	v, err := newVCenter(&config)
	if err != nil {
		return err
	}
	log.Printf("%s is ready after %s", config.VCenter, time.Since(began).Round(time.Millisecond))
	socket, err := listenControl(config.ControlSocket)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	control := &http.Server{Handler: v.control(), ReadHeaderTimeout: 10 * time.Second}
	go func() { failed <- control.Serve(socket) }()
	go func() { failed <- v.serve() }()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		return err
	case received := <-stop:
		log.Printf("%s stops: %s", config.VCenter, received)
		v.stop()
		return control.Close()
	}
}
